"""Gates and the masks that follow from them (paper §3; `docs/paper-to-code.md` gives the correspondence).

g_t ∈ [0, 1] is the probability that a token ends at position t. The mask m[t, i] is the probability that the token which ends at
t reaches back i characters, that is, that no token ended in between: m[t, 0] = 1 and m[t, i] = Π_{s=1..i} (1 − g_{t−s}), zero
before the start. Shapes: B pre-tokens, T positions, L longest token.
"""

from __future__ import annotations

from itertools import accumulate

import torch
from torch import Tensor
from torch.nn import functional


def look_back(values: Tensor, steps: int, before: float = 0) -> Tensor:
    """For each position the values 0, 1, …, steps−1 places back: (B, T) → (B, T, steps); `before` pads the start."""
    return functional.pad(values, (steps - 1, 0), value=before).unfold(1, steps, 1).flip(2)


def soft_masks(gates: Tensor, length: int) -> Tensor:
    """The masks m: (B, T) → (B, T, length)."""
    # Before the start 1 − g counts as 0, so that no mask reaches back past the start.
    earlier = look_back(1 - gates, length).unbind(2)[1:]  # (B, T) each: 1 − g_{t−s}, s = 1 … length − 1
    # Not `cumprod`: its gradient looks for zeros, which makes the host wait for a GPU.
    return torch.stack(list(accumulate(earlier, torch.mul, initial=torch.ones_like(gates))), 2)


def hard_gates(gates: Tensor, lengths: Tensor) -> Tensor:
    """g > 0.5, or the last real position: (B, T), (B,) → (B, T) of 0 and 1."""
    positions = torch.arange(gates.shape[1], device=gates.device)
    last = positions == lengths[:, None] - 1
    return ((gates > 0.5) | last).to(gates.dtype) * (positions < lengths[:, None])


def closing_positions(gates: Tensor, lengths: Tensor) -> Tensor:
    """Where the last token of each pre-token has its code: (B, T), (B,) → (B,).

    It is the first open gate from the last real position on, which may be in the padding; if none is open, the last real position.
    """
    positions, last = torch.arange(gates.shape[1], device=gates.device), lengths[:, None] - 1
    closing = (gates > 0.5) & (positions >= last)  # (B, T)
    return torch.where(closing.any(1), closing.int().argmax(1), lengths - 1)


def fixed_gates(lengths: Tensor, size: int, chunk: int, dtype: torch.dtype) -> Tensor:
    """Gates at every `chunk`-th position and at the last one (the fixed-length tokenizer): (B,) → (B, size)."""
    positions = torch.arange(size, device=lengths.device)
    ends = ((positions + 1) % chunk == 0) | (positions == lengths[:, None] - 1)
    return (ends & (positions < lengths[:, None])).to(dtype)
