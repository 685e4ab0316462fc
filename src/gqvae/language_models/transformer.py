"""A small decoder-only transformer.

Choices: rotary position embedding (RoPE, arXiv 2104.09864), RMSNorm before each block (arXiv 1910.07467), SwiGLU feed-forward
(arXiv 2002.05202), no biases, untied embeddings. Weights start at standard deviation 1/√(inputs), times 1/√(2·layers) where they
write to the residual stream (GPT-2). The embedding starts at 1 and the head at a tenth of 1/√D, so the residual stream begins at
the scale of the norms and the first predictions are nearly uniform. On small amounts of text this gave far fewer bits per byte than GPT-2's
0.02. With one seed, models of different vocabularies start with the same layers, and with the same weights for the same ids.
Shapes: B windows, T tokens, H heads, D width, V vocabulary.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from gqvae.config import LanguageModel
from gqvae.language_models.base import Model

ROTARY_BASE = 10_000.0
HEAD_SCALE = 0.1
HIDDEN_MULTIPLE = 8


def hidden_width(width: int) -> int:
    """Hidden width of SwiGLU: 8/3 of the width (three such matrices equal two of 4·width), rounded up to a multiple of 8."""
    return HIDDEN_MULTIPLE * math.ceil(8 * width / 3 / HIDDEN_MULTIPLE)


def rotary_table(context: int, head_width: int) -> Tensor:
    """Cosines and sines of every position: angle position · base^(−2i/head_width) for the pair i.

    Returns:
        (2, T, head_width / 2), cosines first.
    """
    frequencies = ROTARY_BASE ** (-torch.arange(0, head_width, 2, dtype=torch.float64) / head_width)
    angles = torch.arange(context, dtype=torch.float64)[:, None] * frequencies  # (T, head_width / 2)
    return torch.stack((angles.cos(), angles.sin())).float()


def rotate(x: Tensor, table: Tensor) -> Tensor:
    """Turn the pairs (x_i, x_{i + head_width/2}) of (..., T, head_width) by the angles of their positions."""
    cosine, sine = table.to(x.dtype)  # (T, head_width / 2)
    first, second = x.chunk(2, dim=-1)
    return torch.cat((first * cosine - second * sine, second * cosine + first * sine), dim=-1)


class CausalAttention(nn.Module):
    """Causal multi-head self-attention."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.project = nn.Linear(width, 3 * width, bias=False)
        self.output = nn.Linear(width, width, bias=False)

    def forward(self, x: Tensor, table: Tensor) -> Tensor:
        """(B, T, D) → (B, T, D)."""
        heads = self.project(x).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)  # (3, B, H, T, D/H)
        query, key = rotate(heads[:2], table)  # 2 × (B, H, T, D/H)
        mixed = functional.scaled_dot_product_attention(query, key, heads[2], is_causal=True)
        return self.output(mixed.transpose(1, 2).flatten(2))  # (B, T, D)


class SwiGLU(nn.Module):
    """Gated feed-forward: (SiLU(xG) ⊙ xU) W."""

    def __init__(self, width: int) -> None:
        super().__init__()
        hidden = hidden_width(width)
        self.project = nn.Linear(width, 2 * hidden, bias=False)
        self.output = nn.Linear(hidden, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, D) → (B, T, D)."""
        gate, up = self.project(x).chunk(2, dim=-1)
        return self.output(functional.silu(gate) * up)


class Layer(nn.Module):
    """Attention, then feed-forward, each on the normed residual stream."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.attention_norm, self.attention = nn.RMSNorm(width), CausalAttention(width, heads)
        self.feed_forward_norm, self.feed_forward = nn.RMSNorm(width), SwiGLU(width)

    def forward(self, x: Tensor, table: Tensor) -> Tensor:
        """(B, T, D) → (B, T, D)."""
        x = x + self.attention(self.attention_norm(x), table)
        return x + self.feed_forward(self.feed_forward_norm(x))


class DecoderOnlyTransformer(Model):
    """A causal language model over V token ids (the end of a document included), with windows of at most T = `context` tokens.

    D = `width`, H = `heads`; D/H is an even integer.
    """

    rotary: Tensor

    def __init__(self, vocab_size: int, *, layers: int, width: int, heads: int, context: int) -> None:
        super().__init__()
        self.width, self.context = width, context
        self.layers = nn.ModuleList(Layer(width, heads) for _ in range(layers))
        self.norm = nn.RMSNorm(width)
        self.register_buffer("rotary", rotary_table(context, width // heads), persistent=False)
        for name, module in self.named_modules():
            if isinstance(module, nn.Linear):
                depth = 2 * layers if name.endswith("output") else 1
                nn.init.normal_(module.weight, std=(module.in_features * depth) ** -0.5)
        # Each from a generator of its own: whatever the vocabulary, the same ids start with the same weights.
        places = [torch.Generator().manual_seed(int(torch.randint(1 << 62, ()))) for _ in range(2)]
        self.embedding = nn.Embedding(vocab_size, width)
        nn.init.normal_(self.embedding.weight, std=1.0, generator=places[0])
        self.head = nn.Linear(width, vocab_size, bias=False)
        nn.init.normal_(self.head.weight, std=HEAD_SCALE * width**-0.5, generator=places[1])

    def forward(self, ids: Tensor, first: int = 0) -> Tensor:
        """See `Model.forward`."""
        table = self.rotary[:, : ids.shape[1]]
        x = self.embedding(ids)  # (B, T, D)
        for layer in self.layers:
            x = layer(x, table)
        return self.head(self.norm(x[:, first:]))  # (B, T − first, V)

    def repeated_layers(self) -> list[nn.Module]:
        """The transformer layers."""
        return list(self.layers)

    def flops_per_token(self, context: int) -> int:
        """Floating-point operations of training on one token, forward and backward.

        6·(N + V·D) + 6·L·D·(T + 1). First term: two operations per weight forward and four backward, for the N non-embedding
        weights and the output head (looking up an embedding is free). Second: scores and mixing over the (T + 1)/2 positions that
        a token sees on average. After Kaplan et al. (arXiv 2001.08361, §2.1), who leave the head out.
        """
        weights = self.parameter_counts().non_embedding + self.head.weight.numel()
        return 6 * weights + 6 * len(self.layers) * self.width * (context + 1)


def build(settings: LanguageModel, vocab_size: int) -> DecoderOnlyTransformer:
    """A transformer of the size in the settings."""
    return DecoderOnlyTransformer(
        vocab_size, layers=settings.layers, width=settings.width, heads=settings.heads, context=settings.context
    )
