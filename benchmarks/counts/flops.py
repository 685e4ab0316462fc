"""Floating-point operations of the network, counted from its shapes: two per multiply-add of every matrix product.

As usual, norms, activations, softmax, losses and the optimiser are left out: their cost is of the order of the weights or
activations, not of their products. Only real positions count (CPUs compute just these; GPUs compute padding as well). A test
compares the counts with torch's. Letters: D width, T bytes of a pre-token, L longest token, K codes, C symbols.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import torch
from torch import nn

from gqvae.config import Network
from gqvae.models.network import Gater


def forward_multiply_adds(network: Network, length: int, symbols: int) -> dict[str, int]:
    """Multiply-adds of one pre-token through the network with learned gates, by part.

    Args:
        network: sizes.
        length: bytes T of the pre-token, at most `network.max_pretoken_bytes`.
        symbols: C, different bytes of the corpus and one for padding.

    Returns:
        Totals over all T positions. Per position, a layer takes 12 D² + 2 T D, the block after the encoder and each decoder block
        8 D², the nearest-code search K D, the characters L C D; `condition` is the rate condition, once per pre-token.
    """
    width = network.width
    feed_forward = 8 * width**2 * length
    layer = feed_forward + 4 * width**2 * length + 2 * length**2 * width  # projections, then scores and mixing
    outputs = network.max_token_bytes * (symbols + (network.length_head == "softmax"))
    return {
        "encoder": network.encoder_layers * layer + feed_forward,
        "quantizer": network.codebook_size * width * length,
        "gater": network.gater_layers * layer + _convolutions(network, length),
        "decoder": network.decoder_layers * feed_forward + outputs * width * length,
        "condition": 0 if network.rates is None else width + 2 * width**2,
    }


def training_flops(
    network: Network, lengths: Iterable[int], symbols: int, quantize: bool = True, chunk_bytes: int | None = None
) -> int:
    """FLOPs of one optimiser step, forward and backward, on distinct pre-tokens of these lengths.

    Backward costs twice the forward pass, except for the code search, which has no gradient, and the rate, which needs none.

    Args:
        network: sizes.
        lengths: bytes of each pre-token of the batch.
        symbols: C.
        quantize: False: an unquantized step.
        chunk_bytes: bytes between fixed gates of a fixed-length network, which has no gater and no rate condition.
    """
    total = 0
    for length in lengths:
        parts = forward_multiply_adds(network, length, symbols)
        search = parts.pop("quantizer")
        unneeded = 0 if network.rates is None else network.width
        if chunk_bytes is not None:
            unneeded = parts["gater"] = parts["condition"] = 0
        total += 3 * sum(parts.values()) - unneeded + (search if quantize else 0)
    return 2 * total


def segmentation_flops(network: Network, lengths: Iterable[int]) -> int:
    """FLOPs of segmenting distinct pre-tokens of these lengths by hard gates and finding their codes, at one requested rate."""
    total = 0
    for length in lengths:
        parts = forward_multiply_adds(network, length, symbols=0)
        total += sum(value for part, value in parts.items() if part != "decoder")
    return 2 * total


@cache
def _convolutions(network: Network, length: int) -> int:
    """Multiply-adds of the gater's convolutions where taps meet a position of the pre-token."""
    with torch.device("meta"):  # shapes, no weights
        convolutions = Gater(network).convolutions
    total = 0
    for convolution in convolutions:
        assert isinstance(convolution, nn.Conv1d)
        outer, inner, taps = convolution.weight.shape
        before = (taps - 1) // 2
        met = sum(min(length, place - before + taps) - max(0, place - before) for place in range(length))
        total += met * inner * outer
    return total
