"""Vector quantizer with straight-through estimator (revival of codes: `models/*_revival.py`).

Codes are trained by gradient (the paper's objective) or are moving averages of the encodings they stand for (ours).
Names follow van den Oord et al. (arXiv 1711.00937): the codebook loss ‖sg[z]−e‖² moves codes, the commitment loss ‖z−sg[e]‖²
moves the encoder; the authors' code has the two names swapped. Shapes: N vectors, K codes, D width.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

ROWS_ON_CPU = 128  # vectors at a time in the search of the nearest code
DEAD_SHARE = 0.05  # a code used less than this share of the average is dead


@contextlib.contextmanager
def _tf32(allowed: bool) -> Iterator[None]:
    """Compute products of 32-bit matrices in TF32 if allowed."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high" if allowed else before)
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


def _lowest(norms: Tensor, vectors: Tensor, codes: Tensor) -> Tensor:
    # ‖z−e‖² without ‖z‖², which does not change the order.
    distances = torch.addmm(norms, vectors, codes.T, alpha=-2.0)  # (N, K)
    if distances.device.type == "cpu":
        # NumPy's argmin over rows takes a sixth of the time of torch 2.13's and breaks ties the same way.
        return torch.from_numpy(distances.numpy().argmin(1))
    return distances.argmin(1)


class QuantizerOutput(NamedTuple):
    """Result of quantizing N vectors."""

    quantized: Tensor  # (N, D), straight-through
    indices: Tensor  # (N,)
    codebook_loss: Tensor  # (N,), mean over D
    commitment_loss: Tensor  # (N,), mean over D


class Quantizer(nn.Module):
    """Nearest code for every vector, with a moving average (decay `usage_decay`) of how often codes are used."""

    usage: Tensor

    def __init__(self, codes: int, width: int, usage_decay: float = 0.98) -> None:
        super().__init__()
        self.codebook = nn.Parameter(torch.randn(codes, width) * width**-0.5)  # (K, D)
        self.usage_decay = usage_decay
        self.register_buffer("usage", torch.zeros(codes))

    def nearest(self, vectors: Tensor) -> Tensor:
        """Index of the nearest code for each of (N, D) vectors → (N,).

        In 32 bit, or in TF32 under autocast on GPUs: TF32 has ten bits of mantissa, and the bf16 vectors have only seven.
        """
        fast = vectors.is_cuda and torch.is_autocast_enabled("cuda")
        with torch.autocast(vectors.device.type, enabled=False), torch.no_grad(), _tf32(fast):
            codes = self.codebook.float()
            norms = codes.square().sum(1)[None]
            # On CPUs some rows at a time, whose distances fit the cache. Never one: its product would be rounded differently.
            count = 1 if vectors.is_cuda else max(1, len(vectors) // ROWS_ON_CPU)
            return torch.cat([_lowest(norms, part, codes) for part in vectors.float().tensor_split(count)])

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
        """Update the moving average of code usage with one batch of emissions with `weights` (N,)."""
        counts = torch.zeros_like(self.usage).index_add_(0, indices, weights.to(self.usage.dtype))
        self.usage.lerp_(counts / counts.sum().clamp(min=1e-9), 1 - self.usage_decay)

    @torch.no_grad()
    def move(self, indices: Tensor, vectors: Tensor, weights: Tensor, decay: float) -> None:
        """Move codes towards their encodings (N, D): after n emissions of weight 1, decay^n of the old code remains."""
        mass = torch.zeros(len(self.codebook), device=vectors.device).index_add_(0, indices, weights)  # (K,)
        total = torch.zeros_like(self.codebook).index_add_(0, indices, vectors * weights[:, None])  # (K, D)
        mean = total / mass.clamp(min=1e-9)[:, None]
        self.codebook.lerp_(torch.where(mass[:, None] > 0, mean, self.codebook), (1 - decay**mass)[:, None])

    @torch.no_grad()
    def keep(self, codes: Tensor) -> None:
        """Reduce the codebook to the codes with these indices (M,)."""
        self.codebook = nn.Parameter(self.codebook[codes].clone(), requires_grad=self.codebook.requires_grad)
        self.usage = self.usage[codes].clone()

    @torch.no_grad()
    def revive(self, codes: Tensor, vectors: Tensor, usage: float | None = None) -> None:
        """Replace the codes with indices (M,) by `vectors` (M, D).

        Their moving average of usage starts at `usage`, a share of the emissions (None: that of an average code, 1/K).
        """
        self.codebook[codes] = vectors.to(self.codebook.dtype)
        self.usage[codes] = 1.0 / len(self.usage) if usage is None else usage
