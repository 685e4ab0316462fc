"""Transformer blocks shared by encoder, gater and decoder of the GQ-VAE network.

Bidirectional attention with ALiBi biases (arXiv 2108.12409, symmetric in distance), pre-norm, GELU feed-forward of four times the
width, as the authors' code configures its transformer library. Pre-tokens are short and vary in length, so layers work on packed
real positions. Attention and the gater's convolutions pad, but only on GPUs.
Shapes: B pre-tokens, T positions, N real positions, H heads, D width.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel


class Packing(NamedTuple):
    """Indices of the N real positions of a padded batch, shortest pre-tokens first. All tensors are on the network's device."""

    lengths: Tensor  # (B,)
    real: Tensor  # (B, T) bool
    places: Tensor  # (N,), into B·T
    rows: Tensor  # (N,), pre-token of each real position
    pairs: Tensor  # (P,), into N·L: pairs (position, characters back) at which there is a character
    groups: tuple[tuple[int, int], ...]  # (length, number of pre-tokens), ascending

    @classmethod
    def of(cls, lengths: Tensor, size: int, longest: int, device: torch.device) -> Packing:
        """Packing of B pre-tokens with `lengths` (B,) on the host, padded to `size`, for tokens up to `longest` = L.

        Built on the host, because counting the real positions on the device would make the host wait.
        """
        real = torch.arange(size) < lengths[:, None]  # (B, T)
        places = real.flatten().nonzero().squeeze(1)
        places = places[lengths[places // size].argsort(stable=True)]
        groups = tuple((length, count) for length, count in enumerate(lengths.bincount().tolist()) if length and count)
        back = torch.arange(longest) <= (places % size)[:, None]  # (N, L)
        parts = (lengths, real, places, places // size, back.flatten().nonzero().squeeze(1))
        lengths, real, places, rows, pairs = (part.to(device, non_blocking=True) for part in parts)
        return cls(lengths, real, places, rows, pairs, groups)

    def split(self, packed: Tensor) -> list[Tensor]:
        """(N, ...) → a view (pre-tokens, length, ...) for each of the `groups`."""
        parts = torch.split(packed, [length * count for length, count in self.groups])
        return [part.view(count, length, *part.shape[1:]) for part, (length, count) in zip(parts, self.groups, strict=True)]

    def pack(self, padded: Tensor) -> Tensor:
        """(B, T, ...) → (N, ...)."""
        return padded.flatten(0, 1).index_select(0, self.places)

    def pad(self, packed: Tensor) -> Tensor:
        """(N, ...) → (B, T, ...), 0 at padding."""
        padded = packed.new_zeros(self.real.numel(), *packed.shape[1:]).index_copy(0, self.places, packed)
        return padded.view(*self.real.shape, *packed.shape[1:])


def alibi_bias(heads: int, length: int, device: torch.device) -> Tensor:
    """Attention bias −slope·|i−j| with slopes 2^(−8h/H).

    Returns:
        (H, T, T).
    """
    slopes = 2.0 ** (-8.0 * torch.arange(1, heads + 1, device=device) / heads)  # (H,)
    positions = torch.arange(length, device=device)
    distance = (positions[:, None] - positions[None, :]).abs()  # (T, T)
    return -slopes[:, None, None] * distance  # (H, T, T)


class _WindowConvolution(torch.autograd.Function):
    """`convolve` as one matrix product per output position, over the inputs and taps that overlap there."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, taps: Tensor) -> Tensor:
        """(B, T, D) with (S, D, E) → (B, T, E)."""
        ctx.save_for_backward(x, taps)
        flat, table = x.flatten(1), taps.flatten(0, 1)  # (B, T·D), (S·D, E)
        result = x.new_empty(*x.shape[:2], taps.shape[2])
        for position, (inputs, met) in enumerate(_windows(x.shape[1], len(taps), x.shape[2])):
            result[:, position] = flat[:, inputs] @ table[met]
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor]:
        """(B, T, E) → gradients of both arguments."""
        x, taps = ctx.saved_tensors
        flat, table = x.flatten(1), taps.flatten(0, 1)
        # Sums over positions are in 32 bit, whatever the precision of the products.
        to_flat, to_table = (torch.zeros_like(part, dtype=torch.float32) for part in (flat, table))
        for position, (inputs, met) in enumerate(_windows(x.shape[1], len(taps), x.shape[2])):
            part = gradient[:, position]  # (B, E)
            if part.dtype == torch.float32:
                to_flat[:, inputs].addmm_(part, table[met].T)
                to_table[met].addmm_(flat[:, inputs].T, part)
            else:
                to_flat[:, inputs] += part @ table[met].T
                to_table[met] += flat[:, inputs].T @ part
        return to_flat.view_as(x), to_table.view_as(taps)


def _windows(size: int, taps: int, width: int) -> Iterator[tuple[slice, slice]]:
    """For each of `size` positions, the columns of its inputs and the rows of the taps that overlap them."""
    before = (taps - 1) // 2
    for position in range(size):
        first, last = max(0, position - before), min(size, position - before + taps)
        met = first - position + before
        yield slice(first * width, last * width), slice(met * width, (met + last - first) * width)


def convolve(x: Tensor, taps: Tensor) -> Tensor:
    """Zero-padded convolution over positions: (B, T, D) with taps (S, D, E) → (B, T, E).

    T is often below S here, so many taps of an ordinary convolution would meet only zeros. On CPUs torch's own takes several times
    as long. On GPUs cuDNN's kernels (torch 2.11) took 16 of 42 ms of a step. On CPUs it is computed in 32 bit, like attention.
    """
    half = x.is_cuda and torch.is_autocast_enabled("cuda")
    dtype = torch.get_autocast_dtype("cuda") if half else torch.float32
    with torch.autocast(x.device.type, enabled=False):
        return _WindowConvolution.apply(x.to(dtype), taps.to(dtype))  # type: ignore[no-untyped-call]  # torch does not type `apply`


def convolve_to_one(x: Tensor, taps: Tensor) -> Tensor:
    """`convolve` with one output as a matrix product and a sum, for GPUs: (B, T, D) with taps (S, D) → (B, T)."""
    size, before = len(taps), (len(taps) - 1) // 2
    parts = functional.pad(functional.linear(x, taps), (0, 0, before, size - 1 - before))  # (B, T + S − 1, S)
    return torch.stack([parts[:, tap : tap + x.shape[1], tap] for tap in range(size)]).sum(0)


class FeedForward(nn.Module):
    """Residual pre-norm feed-forward block on each position."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.RMSNorm(width)
        self.layers = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        """(..., D) → (..., D)."""
        return x + self.layers(self.norm(x))


class Attention(nn.Module):
    """Residual pre-norm multi-head self-attention without causal mask."""

    def __init__(self, width: int, head_width: int) -> None:
        super().__init__()
        self.heads = width // head_width
        self.norm = nn.RMSNorm(width)
        self.project = nn.Linear(width, 3 * width, bias=False)
        self.output = nn.Linear(width, width, bias=False)

    def forward(self, x: Tensor, packing: Packing, bias: Tensor) -> Tensor:
        """(N, D) with the bias (H, T, T) → (N, D); padding is never attended to."""
        heads = self.project(self.norm(x))  # (N, 3D)
        # A GPU is fastest with few large calls, even if padded. A CPU is fastest with one call per length and no padding.
        mix = self._mix_groups if heads.device.type == "cpu" else self._mix_padded
        return x + self.output(mix(heads, packing, bias))  # (N, D)

    def _mix_groups(self, heads: Tensor, packing: Packing, bias: Tensor) -> Tensor:
        """(N, 3D) → (N, D), one length at a time."""
        # Short sequences in bf16 are ten times slower than in 32 bit on CPUs (torch 2.13, backward pass).
        with torch.autocast(heads.device.type, enabled=False):
            mixed = [
                functional.scaled_dot_product_attention(
                    *self._parts(part), attn_mask=bias[None, :, : part.shape[1], : part.shape[1]]
                )
                for part in packing.split(heads.float())
            ]
        return torch.cat([part.transpose(1, 2).reshape(-1, heads.shape[1] // 3) for part in mixed])

    def _mix_padded(self, heads: Tensor, packing: Packing, bias: Tensor) -> Tensor:
        """(N, 3D) → (N, D), all pre-tokens at once."""
        bias = (bias + torch.where(packing.real, 0.0, -torch.inf)[:, None, None, :]).to(heads.dtype)  # (B, H, T, T)
        # Not cuDNN: it makes a plan for every new shape (here, nearly every batch), which took 100 ms (torch 2.11, H200).
        with sdpa_kernel([SDPBackend.EFFICIENT_ATTENTION, SDPBackend.FLASH_ATTENTION, SDPBackend.MATH]):
            mixed = functional.scaled_dot_product_attention(*self._parts(packing.pad(heads)), attn_mask=bias)
        return packing.pack(mixed.transpose(1, 2).flatten(2))

    def _parts(self, heads: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(B, T, 3D) → query, key, value (B, H, T, D/H)."""
        query, key, value = heads.view(*heads.shape[:2], 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        return query, key, value


class Transformer(nn.Module):
    """A stack of attention and feed-forward blocks over packed pre-tokens."""

    def __init__(self, width: int, head_width: int, layers: int) -> None:
        super().__init__()
        self.heads = width // head_width
        self.attention = nn.ModuleList(Attention(width, head_width) for _ in range(layers))
        self.feed_forward = nn.ModuleList(FeedForward(width) for _ in range(layers))
        self.norm = nn.RMSNorm(width)

    def forward(self, x: Tensor, packing: Packing) -> Tensor:
        """(N, D) → (N, D); padding is never attended to."""
        bias = alibi_bias(self.heads, packing.real.shape[1], x.device)  # (H, T, T)
        for attend, feed in zip(self.attention, self.feed_forward, strict=True):
            x = feed(attend(x, packing, bias))
        return self.norm(x)
