"""The two training objectives over one network: the paper's, and ours, which controls the rate.

Both return the loss with what is worth watching, and say which encodings deserve to be remembered for reviving dead codes.
Shapes: B pre-tokens, T positions, L longest token, N real positions, C symbols.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from gqvae.config import PaperObjective, RateControlledObjective
from gqvae.models.gates import hard_gates, look_back, soft_masks
from gqvae.models.network import GQVAE, Decoded, Encoded

KEY_MULTIPLIER = 1_000_003  # of the polynomial hash that tells strings apart


@dataclass(frozen=True)
class Losses:
    """One batch's loss and what it says about the network. Rates are tokens per pre-token."""

    total: Tensor  # ()
    encoded: Encoded
    reconstruction: Tensor  # (), nats per byte of the emitted tokens
    soft_rate: Tensor  # ()
    hard_rate: Tensor  # ()
    gate_mean: Tensor  # (), over real positions
    exact_tokens: Tensor  # (), share of hard-gated spans that decode exactly
    emitted: Tensor  # (N,), weight with which each position's code counts as used
    keys: Tensor  # (N,), equal for equal strings
    priorities: Tensor  # (N,), claim of each encoding to a code of its own


def span_lengths(hard: Tensor, longest: int) -> Tensor:
    """Length of the token that ends at each position, by hard gates (B, T), at most `longest` → (B, T)."""
    return soft_masks(hard, longest).sum(2).long()


def exact_spans(decoded: Decoded, targets: Tensor, lengths: Tensor) -> Tensor:
    """Whether argmax characters and length equal the true span: targets (N, L) last first, lengths (N,) → (N,) bool."""
    inside = torch.arange(targets.shape[1], device=targets.device) < lengths[:, None]
    same = (decoded.characters.argmax(2) == targets) | ~inside
    return same.all(1) & (decoded.lengths.argmax(1) + 1 == lengths)


def span_keys(targets: Tensor, lengths: Tensor) -> Tensor:
    """A polynomial hash of each span: (N, L), (N,) → (N,)."""
    powers = torch.tensor([pow(KEY_MULTIPLIER, i, 1 << 61) for i in range(targets.shape[1])], device=targets.device)
    inside = torch.arange(targets.shape[1], device=targets.device) < lengths[:, None]
    return ((targets + 1) * inside * powers).sum(1)


class Objective(nn.Module):
    """What both objectives share: targets, hard spans and the measures taken on them."""

    includes_padding = False

    def forward(self, network: GQVAE, symbols: Tensor, lengths: Tensor, weights: Tensor, quantize: bool) -> Losses:
        """Loss of a batch: symbols (B, T), lengths (B,), weights (B,) = occurrences of each distinct pre-token."""
        raise NotImplementedError("an objective defines its own forward")

    def measure(
        self, encoded: Encoded, decoded: Decoded, cross_entropy: Tensor, symbols: Tensor, lengths: Tensor, weights: Tensor
    ) -> dict[str, Tensor]:
        """Measures on hard spans, without gradient: rates, exactness, reconstruction, keys."""
        longest = decoded.lengths.shape[1]
        with torch.no_grad():
            pack = encoded.packing.pack
            targets = pack(look_back(symbols, longest))  # (N, L)
            hard = hard_gates(encoded.gates, lengths)  # (B, T)
            spans = pack(span_lengths(hard, longest))  # (N,)
            exact = exact_spans(decoded, targets, spans)  # (N,)
            emitted = pack(hard * weights[:, None])  # (N,)
            total = weights.sum()
            spanned = torch.arange(longest, device=spans.device) < spans[:, None]  # (N, L)
            return {
                "reconstruction": ((cross_entropy * spanned).sum(1) * emitted).sum() / (spans * emitted).sum(),
                "exact": exact,
                "emitted": emitted,
                "keys": span_keys(targets, spans),
                "hard_rate": emitted.sum() / total,
                "soft_rate": (encoded.gates.sum(1) * weights).sum() / total,
                "gate_mean": (encoded.gates.sum(1) * weights).sum() / (lengths * weights).sum(),
                "exact_tokens": (exact * emitted).sum() / emitted.sum(),
            }


class Paper(Objective):
    """The authors' objective: every position, gated or not, padding or not, learns to decode all since the last gate.

    Reconstruction = mean over (B, T, L) of CE·m; α·mean(g); γ·mean(BCE(cumulative softmax of length logits, m)·sg[g]); codebook
    and commitment terms at every position. Call it with lengths = T: to the authors' code padding is text.
    """

    includes_padding = True

    def __init__(self, settings: PaperObjective) -> None:
        super().__init__()
        self.settings = settings

    def weight_of_rate(self) -> float:
        """α, fixed."""
        return self.settings.alpha

    def forward(self, network: GQVAE, symbols: Tensor, lengths: Tensor, weights: Tensor, quantize: bool) -> Losses:
        """See the class; `lengths` are the true ones and are used for the measures only."""
        full = torch.full_like(lengths, symbols.shape[1])
        encoded = network(symbols, full, quantize)
        longest = network.settings.max_token_bytes
        vectors = encoded.vectors if encoded.quantization is None else encoded.quantization.quantized
        decoded = network.decoder(vectors)  # N = B·T
        targets = look_back(symbols, longest, before=network.pad).flatten(0, 1)  # (N, L)
        masks = soft_masks(encoded.gates, longest).flatten(0, 1)  # (N, L)
        share = (weights / weights.sum())[:, None].expand(-1, symbols.shape[1]).flatten() / symbols.shape[1]  # (N,), sums to 1
        cross_entropy = nats(decoded, targets, network.pad)  # (N, L)
        reconstruction = ((cross_entropy * masks).mean(1) * share).sum()
        covered = reach(decoded.lengths)  # (N, L)
        length_loss = functional.binary_cross_entropy(covered, masks, reduction="none").mean(1)
        gates = encoded.gates.flatten()
        compression = (gates * share).sum()
        total = (
            reconstruction
            + self.settings.alpha * compression
            + self.settings.gamma * (length_loss * gates.detach() * share).sum()
        )
        priorities = torch.ones_like(gates)
        if encoded.quantization is not None:
            terms = encoded.quantization
            pulled = self.settings.codebook_weight * terms.codebook_loss + self.settings.commitment_weight * terms.commitment_loss
            total = total + (pulled * share).sum()
            priorities = terms.commitment_loss.detach() + 1e-12  # the worst quantized are remembered
        measures = self.measure(encoded, decoded, cross_entropy, symbols, lengths, weights)
        return Losses(
            total=total,
            encoded=encoded,
            reconstruction=measures["reconstruction"],
            soft_rate=measures["soft_rate"],
            hard_rate=measures["hard_rate"],
            gate_mean=compression.detach(),
            exact_tokens=measures["exact_tokens"],
            emitted=weights[:, None].expand(-1, symbols.shape[1]).flatten(),
            keys=torch.arange(len(gates), device=gates.device) + torch.randint(1 << 40, (), device=gates.device),
            priorities=priorities,
        )


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


def nats(decoded: Decoded, targets: Tensor, last_symbol: int) -> Tensor:
    """Cross-entropy of each character: targets (N, L) → (N, L). The unknown symbol, which is not decodable, counts as padding."""
    logits, symbols = decoded.characters.float().flatten(0, 1), targets.clamp(max=last_symbol).flatten()
    return functional.cross_entropy(logits, symbols, reduction="none").view_as(targets)


def reach(length_logits: Tensor) -> Tensor:
    """Probability that a token covers the character i places back: Σ_{length > i} softmax, (N, L) → (N, L), the first is 1."""
    return functional.softmax(length_logits.float(), 1).flip(1).cumsum(1).flip(1).clamp(0, 1)


def build_objective(settings: PaperObjective | RateControlledObjective) -> Paper | RateControlled:
    """The objective that the settings name."""
    return Paper(settings) if isinstance(settings, PaperObjective) else RateControlled(settings)
