"""Shared parts of the training objectives: the result of a batch, revival of codes, hard spans and the measures taken on them.

Shapes: B pre-tokens, T positions, L longest token, N positions the network sees, C symbols.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from gqvae.config import Network, NetworkTraining
from gqvae.models.gates import hard_gates, look_back, soft_masks
from gqvae.models.network import GQVAE, Decoded, Encoded
from gqvae.models.quantizer import Quantizer

KEY_MULTIPLIER = 1_000_003  # of the polynomial hash that tells strings apart
MEASURES = ("reconstruction", "soft_rate", "hard_rate", "gate_mean", "exact_tokens")  # results of `measure` in `Losses`


@dataclass(frozen=True)
class Losses:
    """Loss and measures of one batch. Rates are tokens per pre-token."""

    total: Tensor  # ()
    encoded: Encoded
    reconstruction: Tensor  # (), nats per byte of the emitted tokens: a measure, not a loss term
    soft_rate: Tensor  # ()
    hard_rate: Tensor  # ()
    gate_mean: Tensor  # (), over real positions
    exact_tokens: Tensor  # (), share of hard-gated spans that decode exactly
    emitted: Tensor  # (N,), weight with which each position's code counts as used
    exact: Tensor  # (N,), 1 where a token that ended there would decode exactly
    keys: Tensor | None = None  # (N,), equal for equal strings; only with revival by string
    priorities: Tensor | None = None  # (N,), priority of each encoding for a new code; only with revival by string
    terms: dict[str, Tensor] = field(default_factory=dict)  # (), loss terms by name, before weighting


def span_lengths(hard: Tensor, longest: int) -> Tensor:
    """Length of the token that ends at each position, by hard gates (B, T), at most `longest` → (B, T)."""
    return soft_masks(hard, longest).sum(2).long()


def exact_spans(decoded: Decoded, targets: Tensor, lengths: Tensor) -> Tensor:
    """Whether the most probable characters and length are the true span: targets (N, L) last first, lengths (N,) → (N,) bool."""
    inside = torch.arange(targets.shape[1], device=targets.device) < lengths[:, None]
    symbols, found = decoded.strings()
    return ((symbols == targets) | ~inside).all(1) & (found == lengths)


def span_keys(targets: Tensor, lengths: Tensor) -> Tensor:
    """A polynomial hash of each span: (N, L), (N,) → (N,)."""
    powers = torch.tensor([pow(KEY_MULTIPLIER, i, 1 << 61) for i in range(targets.shape[1])])
    powers = powers.to(targets.device, non_blocking=True)  # building it on the device would make the host wait
    inside = torch.arange(targets.shape[1], device=targets.device) < lengths[:, None]
    return ((targets + 1) * inside * powers).sum(1)


class Revival(nn.Module, ABC):
    """Decides when codes are moved, which ones, and where to. Its buffers are part of the training state."""

    @abstractmethod
    def observe(self, step: int, losses: Losses) -> None:
        """Store encodings of the batch after `step` optimiser steps."""

    @abstractmethod
    def revive(self, step: int, quantizer: Quantizer) -> Tensor:
        """Move codes if a revival is due after `step` optimiser steps → their indices (M,), maybe none."""


class Objective(nn.Module, ABC):
    """Base of all objectives: the loss, its measures, and the policy for the codebook."""

    includes_padding: ClassVar[bool] = False  # pre-tokens are padded to T, and the network sees the padding as text
    trains_codebook: ClassVar[bool] = True  # codes have gradients
    drops_codes: ClassVar[bool] = False  # at the end, drop codes without a span in the training split or with a duplicate string

    @abstractmethod
    def revival(self, settings: NetworkTraining, codes: int, width: int) -> Revival:
        """The revival policy for K codes of width D."""

    def network_settings(self, settings: Network) -> Network:
        """Settings of the network that the objective trains."""
        return settings

    def move_codes(self, network: GQVAE, losses: Losses) -> None:
        """Move codes after a quantized step, if they are not trained by gradient."""

    @abstractmethod
    def forward(self, network: GQVAE, symbols: Tensor, lengths: Tensor, weights: Tensor, quantize: bool) -> Losses:
        """Loss of a batch: symbols (B, T), lengths (B,) on the host, weights (B,) of the distinct pre-tokens.

        An objective that serves a range of rates draws random ones in training (torch's generator) and otherwise requests the
        lowest.
        """

    def schedule(self, network: GQVAE, progress: float) -> None:
        """Prepare the network for a step at this fraction of the training."""

    def measure(
        self, encoded: Encoded, decoded: Decoded, cross_entropy: Tensor, symbols: Tensor, lengths: Tensor, weights: Tensor
    ) -> dict[str, Any]:
        """Tensors measured on hard spans, without gradient: rates, exactness, reconstruction, keys. On the network's device.

        Spans end at the last real position, also those that a network with the paper's objective would end in the padding.
        """
        longest = decoded.characters.shape[1]
        with torch.no_grad():
            pack = encoded.packing.pack
            real = torch.arange(symbols.shape[1], device=symbols.device) < lengths[:, None]  # (B, T); padding may have gates
            gates = encoded.gates * real  # (B, T)
            targets = pack(look_back(symbols, longest))  # (N, L)
            hard = hard_gates(encoded.gates, lengths)  # (B, T)
            spans = pack(span_lengths(hard, longest))  # (N,)
            exact = exact_spans(decoded, targets, spans)  # (N,)
            emitted = pack(hard * weights[:, None])  # (N,)
            total = weights.sum()
            spanned = torch.arange(longest, device=spans.device) < spans[:, None]  # (N, L)
            return {
                "reconstruction": ((cross_entropy * spanned).sum(1) * emitted).sum() / (spans * emitted).sum(),
                "hard": hard,
                "exact": exact,
                "emitted": emitted,
                "keys": span_keys(targets, spans),
                "hard_rate": emitted.sum() / total,
                "soft_rate": (gates.sum(1) * weights).sum() / total,
                "gate_mean": (gates.sum(1) * weights).sum() / (lengths * weights).sum(),
                "exact_tokens": (exact * emitted).sum() / emitted.sum(),
            }


def nats(decoded: Decoded, targets: Tensor, last_symbol: int) -> Tensor:
    """Cross-entropy of each character: targets (N, L) → (N, L). The unknown symbol cannot be decoded and counts as padding."""
    logits, symbols = decoded.characters.float().flatten(0, 1), targets.clamp(max=last_symbol).flatten()
    return functional.cross_entropy(logits, symbols, reduction="none").view_as(targets)


def nats_at(decoded: Decoded, targets: Tensor, pairs: Tensor, last_symbol: int) -> Tensor:
    """`nats` only at the indices `pairs` (P,) into N·L, 0 elsewhere: targets (N, L) → (N, L)."""
    logits = decoded.characters.flatten(0, 1).index_select(0, pairs).float()  # (P, C)
    symbols = targets.flatten().index_select(0, pairs).clamp(max=last_symbol)  # (P,)
    found = functional.cross_entropy(logits, symbols, reduction="none")
    return found.new_zeros(targets.numel()).index_copy(0, pairs, found).view_as(targets)
