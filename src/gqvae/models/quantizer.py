"""Vector quantizer with gradient-trained codes, straight-through estimator and revival of dead codes from a reservoir.

Names follow van den Oord et al. (arXiv 1711.00937): the codebook loss ‖sg[z]−e‖² moves codes, the commitment loss ‖z−sg[e]‖²
moves the encoder; the authors' code has the two names swapped. Shapes: N vectors, K codes, D width, R reservoir slots.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True)
class QuantizerOutput:
    """What quantization yields for N vectors."""

    quantized: Tensor  # (N, D), straight-through
    indices: Tensor  # (N,)
    codebook_loss: Tensor  # (N,), mean over D
    commitment_loss: Tensor  # (N,), mean over D


class Quantizer(nn.Module):
    """Nearest code for every vector.

    Args:
        codes: codebook size K.
        width: D.
        usage_decay: decay of the moving average of code usage.
    """

    usage: Tensor

    def __init__(self, codes: int, width: int, usage_decay: float = 0.98) -> None:
        super().__init__()
        self.codebook = nn.Parameter(torch.randn(codes, width) * width**-0.5)  # (K, D)
        self.usage_decay = usage_decay
        self.register_buffer("usage", torch.zeros(codes))

    def nearest(self, vectors: Tensor) -> Tensor:
        """Index of the nearest code for each of (N, D) vectors, in 32 bit whatever the autocast → (N,)."""
        with torch.autocast(vectors.device.type, enabled=False), torch.no_grad():
            codes = self.codebook.float()
            # ‖z−e‖² without ‖z‖², which does not change the order.
            distances = torch.addmm(codes.square().sum(1)[None], vectors.float(), codes.T, alpha=-2.0)  # (N, K)
            return distances.argmin(1)

    def forward(self, vectors: Tensor) -> QuantizerOutput:
        """Quantize (N, D) vectors."""
        vectors = vectors.float()
        indices = self.nearest(vectors)
        codes = functional.embedding(indices, self.codebook.float())  # (N, D)
        return QuantizerOutput(
            quantized=vectors + (codes - vectors).detach(),
            indices=indices,
            codebook_loss=(codes - vectors.detach()).square().mean(1),
            commitment_loss=(vectors - codes.detach()).square().mean(1),
        )

    @torch.no_grad()
    def count_usage(self, indices: Tensor, weights: Tensor) -> None:
        """Move the average of code usage by one batch: `weights` (N,) says how much each emission counts."""
        counts = torch.zeros_like(self.usage).index_add_(0, indices, weights.to(self.usage.dtype))
        self.usage.lerp_(counts / counts.sum().clamp(min=1e-9), 1 - self.usage_decay)

    @torch.no_grad()
    def revive(self, codes: Tensor, vectors: Tensor) -> None:
        """Put `vectors` (M, D) in the place of the codes with indices (M,); they count as averagely used at first."""
        self.codebook[codes] = vectors.to(self.codebook.dtype)
        self.usage[codes] = 1.0 / len(self.usage)


class Reservoir(nn.Module):
    """A ring of encodings from which dead codes are revived. Its buffers are part of the training state.

    Entries with equal keys are occurrences of one string: they are merged (mean vector, summed priority) when drawn, so that a
    frequent string is given one code and not many.
    """

    vectors: Tensor
    keys: Tensor
    priorities: Tensor
    filled: Tensor

    def __init__(self, slots: int, width: int) -> None:
        super().__init__()
        self.register_buffer("vectors", torch.zeros(slots, width))  # (R, D)
        self.register_buffer("keys", torch.zeros(slots, dtype=torch.long))  # (R,)
        self.register_buffer("priorities", torch.zeros(slots))  # (R,); 0 = empty
        self.register_buffer("filled", torch.zeros((), dtype=torch.long))  # entries ever written

    @torch.no_grad()
    def add(self, vectors: Tensor, keys: Tensor, priorities: Tensor, limit: int) -> None:
        """Write the `limit` entries of highest priority over the oldest ones; priority 0 is never drawn."""
        slots = len(self.keys)
        chosen = priorities.topk(min(limit, slots, len(priorities))).indices
        places = (self.filled + torch.arange(len(chosen), device=chosen.device)) % slots
        self.vectors[places] = vectors[chosen].float()
        self.keys[places] = keys[chosen]
        self.priorities[places] = priorities[chosen].float()
        self.filled += len(chosen)

    @torch.no_grad()
    def draw(self, count: int, by_priority: bool) -> Tensor:
        """At most `count` vectors of different keys: those of highest total priority, or at random (torch's generator).

        Returns:
            (M, D), M ≤ count.
        """
        present = self.priorities > 0
        keys, inverse, counts = torch.unique(self.keys[present], return_inverse=True, return_counts=True)
        total = torch.zeros(len(keys), device=keys.device).index_add_(0, inverse, self.priorities[present])
        means = torch.zeros(len(keys), self.vectors.shape[1], device=keys.device).index_add_(0, inverse, self.vectors[present])
        order = total.argsort(descending=True, stable=True) if by_priority else torch.randperm(len(keys), device=keys.device)
        chosen = order[:count]
        return means[chosen] / counts[chosen, None]

    @torch.no_grad()
    def clear(self) -> None:
        """Forget all entries: encodings of an older network are of no use."""
        self.priorities.zero_()
