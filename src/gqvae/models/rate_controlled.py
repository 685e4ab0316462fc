"""Our training objective: the expected cost of the segmentation, with feedback that keeps the requested rates.

The terms of position t are weighted by g_t, so no code is spent on prefixes that no token uses. A token always ends where its
pre-token ends. Each pre-token of a batch has a requested rate, on which encoder and gater are conditioned. For each range of
requests, feedback holds the mean rate at the mean request. Gates start soft, so that they can still change, and end sharp.
Shapes: B pre-tokens, T positions, L longest token, N real positions, P pairs of a position and a character before it.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from gqvae.config import NetworkTraining, RateControlledObjective
from gqvae.models.gates import look_back, soft_masks
from gqvae.models.network import GQVAE, Decoded
from gqvae.models.objective_base import MEASURES, Losses, Objective, nats_at
from gqvae.models.string_revival import StringRevival


class RateControlled(Objective):
    """Loss per pre-token = expected nats to reconstruct it (characters and lengths) + commitment + (α + k_p (r − r*))·r.

    r is the hard rate in tokens per pre-token and r* the requested rate, both means over the pre-tokens of a range of requests.
    Each range has an α, which starts at 0 and moves by k_i (r − r*) per step. (At α = ln K the loss is the negative ELBO with
    deterministic codes and a uniform prior. If α starts there, gates close before anything is reconstructed, and never reopen.)
    Codes have no loss term: they are moving averages of the encodings that decode exactly (`Quantizer.move`).
    """

    alpha: Tensor
    trains_codebook = False
    drops_codes = True

    def __init__(self, settings: RateControlledObjective) -> None:
        super().__init__()
        self.settings = settings
        self.register_buffer("alpha", torch.zeros(settings.rate_bins))

    def revival(self, settings: NetworkTraining, codes: int, width: int) -> StringRevival:
        """Each code belongs to a string."""
        return StringRevival(settings, codes, width)

    def move_codes(self, network: GQVAE, losses: Losses) -> None:
        """Codes are moving averages of the encodings that decode exactly; others would pull a code away from its string."""
        if losses.encoded.quantization is not None:
            indices, served = losses.encoded.quantization.indices, losses.emitted * losses.exact
            network.quantizer.move(indices, losses.encoded.vectors.detach(), served, self.settings.code_decay)

    def weight_of_rate(self) -> float:
        """Current α of the lowest rates."""
        return float(self.alpha[0])

    def schedule(self, network: GQVAE, progress: float) -> None:
        """Sharpen the gates: the bound of their logits grows linearly between two fractions of the training."""
        (first, last), (begin, end) = self.settings.gate_bounds, self.settings.sharpen_between
        network.gate_bound = first + (last - first) * min(1.0, max(0.0, (progress - begin) / max(end - begin, 1e-9)))

    def forward(self, network: GQVAE, symbols: Tensor, lengths: Tensor, weights: Tensor, quantize: bool) -> Losses:
        """See the class and `Objective.forward`."""
        settings, longest = self.settings, network.settings.max_token_bytes
        rates = self._rates(network, len(symbols))  # (B,)
        some = self.training and quantize
        keep = torch.rand(len(symbols), device=symbols.device) < settings.unquantized_share if some else None
        encoded = network(symbols, lengths, quantize, rates=rates, keep=keep)
        packing, gates = encoded.packing, encoded.gates
        decoded = network.decoder(encoded.chosen)
        share = (weights / weights.sum())[packing.rows]  # (N,)
        emission_weight = share * packing.pack(gates)  # (N,), expected emissions per pre-token
        masks = packing.pack(soft_masks(gates, longest + 1))  # (N, L + 1)
        targets = packing.pack(look_back(symbols, longest))  # (N, L)
        cross_entropy = nats_at(decoded, targets, packing.pairs, network.pad)  # (N, L)
        covered = emission_weight[:, None] * masks[:, :-1]  # (N, L), expected tokens that cover the character
        # Tokens longer than L would drop their first characters for free: charge the cost of a uniform guess.
        lost = (share.sum() - covered.sum()).clamp(min=0) * math.log(network.pad + 1)
        lengths_cost = (emission_weight * length_nats(decoded, masks, network.pad)).sum()
        total = (covered * cross_entropy).sum() + lost + settings.gamma * lengths_cost
        measures = self.measure(encoded, decoded, cross_entropy, symbols, packing.lengths, weights)
        if encoded.logits is not None:
            wall = (encoded.logits.abs() - (network.gate_bound or math.inf)).clamp(min=0).square()  # (B, T)
            total = total + settings.gate_wall * (packing.pack(wall) * share).sum()
            if network.condition is not None and rates is not None:
                total = total + self._rate_cost(gates, measures["hard"], weights, rates, network.condition.place_of(rates))
        emitted, priorities = measures["emitted"], measures["emitted"]
        if encoded.quantization is not None:
            emitted = emitted if keep is None else emitted * ~keep[packing.rows]
            priorities = emitted * ~measures["exact"]
            # Commit an encoding to its nearest code only where what the decoder received, that code or the encoding itself, decodes to
            # the span.
            pulled = (encoded.quantization.commitment_loss * emission_weight.detach() * measures["exact"]).sum()
            total = total + encoded.vectors.shape[1] * settings.commitment_weight * pulled
        return Losses(
            total=total,
            encoded=encoded,
            **{name: measures[name] for name in MEASURES},
            emitted=emitted,
            exact=measures["exact"],
            keys=measures["keys"],
            priorities=priorities,
        )

    def _rates(self, network: GQVAE, count: int) -> Tensor | None:
        """Requested rates of `count` pre-tokens: random ones from the range in training, otherwise the lowest."""
        if network.condition is None:
            return None
        place = torch.rand(count, device=network.device) if self.training else torch.zeros(count, device=network.device)
        return network.condition.rate_at(place)

    def _rate_cost(self, gates: Tensor, hard: Tensor, weights: Tensor, rates: Tensor, place: Tensor) -> Tensor:
        """Σ over ranges of (α + k_p (hard − asked))·soft, weighted by their shares of the batch; training updates α. → ()"""
        bins = (place * len(self.alpha)).long().clamp(max=len(self.alpha) - 1)  # (B,): requests are spread evenly
        sums = torch.zeros(4, len(self.alpha), device=gates.device)
        rows = torch.stack([torch.ones_like(rates), gates.sum(1), hard.sum(1), rates]) * weights  # (4, B)
        mass, soft, tokens, asked = sums.index_add(1, bins, rows)  # (bins,) each
        excess = ((tokens - asked) / mass.clamp(min=1e-9)).detach()
        if self.training:
            self.alpha += self.settings.integral_gain * excess
        return ((self.alpha + self.settings.proportional_gain * excess) * soft).sum() / weights.sum()


def length_nats(decoded: Decoded, masks: Tensor, end: int) -> Tensor:
    """Expected nats to encode the length of the token that ends at each position: masks (N, L + 1) → (N,).

    Uses the softmax over lengths, or the end symbol `end` one place before the first character.
    """
    spans = masks[:, :-1] - masks[:, 1:]  # (N, L): probability that the token has length 1 … L
    if decoded.lengths is not None:
        return -(functional.log_softmax(decoded.lengths.float(), 1) * spans).sum(1)
    before = functional.log_softmax(decoded.characters[:, 1:].float(), 2)[..., end]  # (N, L − 1); no room at length L
    return -(before * spans[:, :-1]).sum(1)
