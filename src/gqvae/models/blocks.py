"""Transformer blocks shared by encoder, gater and decoder of the GQ-VAE network.

Bidirectional attention with ALiBi biases (arXiv 2108.12409, symmetric in distance), pre-norm, GELU feed-forward of four times
the width, as the authors' code configures its transformer library. Shapes: B pre-tokens, T positions, H heads, D width.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


def alibi_bias(heads: int, length: int, device: torch.device) -> Tensor:
    """Attention bias −slope·|i−j| with slopes 2^(−8h/H).

    Returns:
        (H, T, T).
    """
    slopes = 2.0 ** (-8.0 * torch.arange(1, heads + 1, device=device) / heads)  # (H,)
    positions = torch.arange(length, device=device)
    distance = (positions[:, None] - positions[None, :]).abs()  # (T, T)
    return -slopes[:, None, None] * distance  # (H, T, T)


class FeedForward(nn.Module):
    """Residual pre-norm feed-forward block; works on each position alone."""

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

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        """(B, T, D) with an additive bias (B, H, T, T) → (B, T, D)."""
        batch, length, width = x.shape
        heads = self.project(self.norm(x)).view(batch, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)  # (3, B, H, T, D/H)
        mixed = functional.scaled_dot_product_attention(heads[0], heads[1], heads[2], attn_mask=bias.to(heads.dtype))
        return x + self.output(mixed.transpose(1, 2).reshape(batch, length, width))  # (B, T, D)


class Transformer(nn.Module):
    """A stack of attention and feed-forward blocks over padded pre-tokens."""

    def __init__(self, width: int, head_width: int, layers: int) -> None:
        super().__init__()
        self.heads = width // head_width
        self.attention = nn.ModuleList(Attention(width, head_width) for _ in range(layers))
        self.feed_forward = nn.ModuleList(FeedForward(width) for _ in range(layers))
        self.norm = nn.RMSNorm(width)

    def forward(self, x: Tensor, real: Tensor) -> Tensor:
        """(B, T, D) and a mask of real positions (B, T) → (B, T, D); padded positions are never attended to."""
        bias = alibi_bias(self.heads, x.shape[1], x.device) + torch.where(real, 0.0, -torch.inf)[:, None, None, :]  # (B, H, T, T)
        for attend, feed in zip(self.attention, self.feed_forward, strict=True):
            x = feed(attend(x, bias))
        return self.norm(x)
