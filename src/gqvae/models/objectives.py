"""Our training objective, which controls the rate, and the choice between it and the paper's (`models/paper_objective.py`).

Shapes: B pre-tokens, T positions, L longest token, N real positions, C symbols.
"""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional

from gqvae.config import PaperObjective, RateControlledObjective
from gqvae.models.gates import look_back, soft_masks
from gqvae.models.network import GQVAE
from gqvae.models.objective_base import Losses, Objective, nats
from gqvae.models.paper_objective import Paper


class RateControlled(Objective):
    """Expected cost of the segmentation that the gates describe, with feedback that holds the rate.

    The terms of position t count g_t: no code is spent on prefixes that no token uses; a token always ends with its pre-token.
    Loss per pre-token = expected nats to reconstruct it (characters and lengths) + quantization + (α + k_p (r − r*))·r with the
    rate r in tokens per pre-token; α starts at 0 and moves by k_i (hard r − r*) per step. (At α = ln K the loss is the negative ELBO
    with deterministic codes and a uniform prior; started there, gates close before anything can be reconstructed, for good.)
    """

    alpha: Tensor

    def __init__(self, settings: RateControlledObjective) -> None:
        super().__init__()
        self.settings = settings
        self.register_buffer("alpha", torch.zeros(()))

    def weight_of_rate(self) -> float:
        """α, where the feedback has moved it."""
        return float(self.alpha)

    def starting_gate(self, mean_length: float) -> float:
        """The gate at which pre-tokens of this mean length, their last gate forced, have the rate that is asked for."""
        return min(max((self.settings.tokens_per_pretoken - 1) / max(mean_length - 1, 1e-9), 0.02), 0.98)

    def forward(self, network: GQVAE, symbols: Tensor, lengths: Tensor, weights: Tensor, quantize: bool) -> Losses:
        """See the class."""
        longest = network.settings.max_token_bytes
        encoded = network(symbols, lengths, quantize)
        last = torch.arange(symbols.shape[1], device=symbols.device) == lengths[:, None] - 1
        gates = torch.where(last, 1.0, encoded.gates)  # (B, T), the last one forced
        encoded = replace(encoded, gates=gates)
        pack = encoded.packing.pack
        vectors = encoded.vectors if encoded.quantization is None else encoded.quantization.quantized
        decoded = network.decoder(vectors)
        share = pack((weights / weights.sum())[:, None].expand_as(gates))  # (N,); sums over pre-tokens to 1
        claim = share * pack(gates)  # (N,), expected emissions per pre-token
        masks = pack(soft_masks(gates, longest + 1))  # (N, L + 1)
        targets = pack(look_back(symbols, longest))  # (N, L)
        cross_entropy = nats(decoded, targets, network.pad)  # (N, L)
        spans = masks[:, :-1] - masks[:, 1:]  # (N, L): probability that the token has length 1 … L
        length_nats = -(functional.log_softmax(decoded.lengths.float(), 1) * spans).sum(1)
        character_nats = (cross_entropy * masks[:, :-1]).sum(1)
        # Tokens longer than L would lose their first characters for free: charge what a blind guess costs.
        lost = (lengths * weights).sum() / weights.sum() - (claim * masks[:, :-1].sum(1)).sum()
        reconstruction = (claim * character_nats).sum() + math.log(network.pad + 1) * lost.clamp(min=0)
        rate = claim.sum()
        measures = self.measure(encoded, decoded, cross_entropy, symbols, lengths, weights)
        total = reconstruction + self.settings.gamma * (claim * length_nats).sum()
        if network.gater is not None:
            excess = rate.detach() - self.settings.tokens_per_pretoken
            total = total + (self.alpha + self.settings.proportional_gain * excess) * rate
            if self.training:
                self.alpha += self.settings.integral_gain * (measures["hard_rate"] - self.settings.tokens_per_pretoken)
        if encoded.quantization is not None:
            terms = encoded.quantization
            pulled = self.settings.codebook_weight * terms.codebook_loss + self.settings.commitment_weight * terms.commitment_loss
            total = total + vectors.shape[1] * (pulled * claim.detach()).sum()
        return Losses(
            total=total,
            encoded=encoded,
            reconstruction=measures["reconstruction"],
            soft_rate=rate.detach(),
            hard_rate=measures["hard_rate"],
            gate_mean=measures["gate_mean"],
            exact_tokens=measures["exact_tokens"],
            emitted=measures["emitted"],
            keys=measures["keys"],
            priorities=measures["emitted"] * ~measures["exact"] if quantize else measures["emitted"],
        )


def build_objective(settings: PaperObjective | RateControlledObjective) -> Paper | RateControlled:
    """The objective that the settings name."""
    return Paper(settings) if isinstance(settings, PaperObjective) else RateControlled(settings)
