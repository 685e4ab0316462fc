"""The paper's objective (§3; the terms and numbers are those of the authors' code).

Every position, gated or not, padding or not, learns to decode all characters since the last gate. Five terms, each a mean:

    reconstruction  mean over (B, T, L) of CE·m       weight 1
    gate            mean over (B, T) of g             weight α = 3
    length          mean over (B, T, L) of BCE(cumulative softmax of the length logits, m)·sg[g]   weight γ = 1
    codebook        mean over (B, T, D) of (sg[z] − e)²   weight 0.25
    commitment      mean over (B, T, D) of (z − sg[e])²   weight 1

The last two weights are the authors': their β = 0.25 scales the term that moves codes, the reverse of arXiv 1711.00937.
Deviation: a batch holds distinct pre-tokens with weights, and means over B are weighted means. Masks m: `models/gates.py`.
Shapes: B pre-tokens, T positions, L longest token, N = B·T positions, C symbols, D width.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from gqvae.config import Network, NetworkTraining, PaperObjective
from gqvae.models.gates import look_back, soft_masks
from gqvae.models.network import GQVAE
from gqvae.models.objective_base import MEASURES, Losses, Objective, nats
from gqvae.models.paper_revival import PaperRevival


def reach(length_logits: Tensor) -> Tensor:
    """Probability that a token covers the character i places back: Σ_{length > i} softmax, (N, L) → (N, L), the first is 1."""
    return functional.softmax(length_logits.float(), 1).flip(1).cumsum(1).flip(1).clamp(0, 1)


def length_nats(length_logits: Tensor, masks: Tensor) -> Tensor:
    """BCE between the coverage that the length head predicts and the masks: (N, L), (N, L) → (N, L), nats."""
    # In 32 bit and without autocast, because under autocast CUDA refuses a cross-entropy of probabilities.
    with torch.autocast(length_logits.device.type, enabled=False):
        return functional.binary_cross_entropy(reach(length_logits), masks.float(), reduction="none")


class Paper(Objective):
    """The authors' objective over pre-tokens padded to T; see the module for its terms."""

    includes_padding = True

    def revival(self, settings: NetworkTraining, codes: int, width: int) -> PaperRevival:
        """Unused codes are re-initialised from a reservoir."""
        return PaperRevival(settings, width)

    def network_settings(self, settings: Network) -> Network:
        """The paper's network has no rate condition."""
        return settings.model_copy(update={"rates": None})

    def __init__(self, settings: PaperObjective) -> None:
        super().__init__()
        self.settings = settings

    def weight_of_rate(self) -> float:
        """α, fixed."""
        return self.settings.alpha

    def forward(self, network: GQVAE, symbols: Tensor, lengths: Tensor, weights: Tensor, quantize: bool) -> Losses:
        """Loss of a batch: symbols (B, T), true lengths (B,) on the host, weights (B,) = occurrences of each distinct pre-token.

        The loss counts all T positions; `lengths` are where fixed and forced gates end and which positions the measures are taken on.
        """
        size, longest = symbols.shape[1], network.settings.max_token_bytes
        encoded = network(symbols, torch.full_like(lengths, size), quantize, ends=lengths)  # N = B·T
        decoded = network.decoder(encoded.chosen)
        assert decoded.lengths is not None, "the paper's objective has a length head"
        # Places before the start do not count: the masks are 0 there.
        targets = look_back(symbols, longest, before=network.pad).flatten(0, 1)  # (N, L)
        masks = soft_masks(encoded.gates, longest).flatten(0, 1)  # (N, L)
        gates = encoded.gates.flatten()  # (N,)
        cross_entropy = nats(decoded, targets, network.pad)  # (N, L)
        share = (weights / weights.sum())[:, None].expand(-1, size).flatten() / size  # (N,), sums to 1: a mean over (B, T)
        terms = {
            "reconstruction": ((cross_entropy * masks).mean(1) * share).sum(),
            "gate": (gates * share).sum(),
            # The factor g is constant here but the masks are not, so this term moves a gate through the masks of later positions.
            "length": (length_nats(decoded.lengths, masks).mean(1) * gates.detach() * share).sum(),
        }
        if encoded.quantization is not None:
            terms["codebook"] = (encoded.quantization.codebook_loss * share).sum()
            terms["commitment"] = (encoded.quantization.commitment_loss * share).sum()
        settings = self.settings
        factors = (1.0, settings.alpha, settings.gamma, settings.codebook_weight, settings.commitment_weight)  # of the terms
        measures = self.measure(encoded, decoded, cross_entropy, symbols, lengths.to(symbols.device, non_blocking=True), weights)
        return Losses(
            total=torch.stack([factor * term for factor, term in zip(factors, terms.values(), strict=False)]).sum(),
            encoded=encoded,
            **{name: measures[name] for name in MEASURES},
            # Every position is quantized and counts as a use of its code, gated or not.
            emitted=weights[:, None].expand(-1, size).flatten(),
            exact=measures["exact"],
            terms={name: term.detach() for name, term in terms.items()},
        )
