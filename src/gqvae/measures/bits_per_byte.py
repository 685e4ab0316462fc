"""Bits per byte: Σ −log2 p over all tokens ÷ UTF-8 bytes of the raw text, over a whole split.

Loss per token cannot be compared between tokenizers; this can. The end of each document is a token like any other: its cost
counts, and it stands for 0 bytes. The denominator is the size of the raw text, never that of decoded tokens, and it is checked that
the tokens stand for exactly that many bytes. Every token is scored once, by windows that overlap by half, so that (the first window
apart) none has less than half a context before it; the first end-of-document is context only.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from gqvae.errors import UserError

# Logits computed together: few enough to stay in a processor's cache, or to keep an accelerator busy.
LOGITS_ON_CPU = 1 << 20
LOGITS_ON_ACCELERATOR = 1 << 27


@dataclass(frozen=True)
class BitsPerByte:
    """What was measured: the cost of a text in bits, its bytes, and the tokens scored (ends of documents included).

    Attributes:
        costs: (tokens,) float32, bits of each token in order.
    """

    bits: float
    bytes: int
    tokens: int
    costs: npt.NDArray[np.float32] = field(repr=False, compare=False)

    @property
    def value(self) -> float:
        """Bits per byte."""
        return self.bits / self.bytes


def bits_per_byte(
    model: Callable[[Tensor, int], Tensor],
    ids: npt.NDArray[np.integer],
    byte_lengths: npt.NDArray[np.integer],
    raw_bytes: int,
    *,
    context: int,
    stride: int | None = None,
    device: torch.device | str = "cpu",
    windows_at_once: int | None = None,
) -> BitsPerByte:
    """Measure a language model on a stream EOD document EOD … document EOD.

    Args:
        model: called as `model(ids, first)` with ids (B, T) int64; gives the logits (B, T − first, V) after positions `first` on.
            It must be causal, and in evaluation mode.
        ids: (N,) the stream.
        byte_lengths: (V,) bytes of each id, 0 for the end of a document.
        raw_bytes: UTF-8 bytes of the raw text.
        context: tokens per window T.
        stride: tokens by which windows advance; None: half the context.
        device: where the model is.
        windows_at_once: windows per call of the model; None: as many as suit the device.

    Raises:
        UserError: the tokens do not stand for `raw_bytes` bytes.
    """
    stride = context // 2 if stride is None else stride
    if not 1 <= stride <= context:
        raise ValueError(f"stride {stride} is not between 1 and the context of {context}")
    device = torch.device(device)
    targets = ids[1:]
    found = int(np.asarray(byte_lengths, dtype=np.int64)[targets].sum())
    if found != raw_bytes or raw_bytes <= 0:
        raise UserError(f"The tokens stand for {found:,} bytes but the text has {raw_bytes:,}: encode the corpus again.")
    if windows_at_once is None:
        logits = LOGITS_ON_CPU if device.type == "cpu" else LOGITS_ON_ACCELERATOR
        windows_at_once = max(1, logits // (stride * len(byte_lengths)))

    stream = torch.from_numpy(np.asarray(ids, dtype=np.int64)).to(device)
    with torch.inference_mode():
        costs = [_costs(model, stream[None, : min(context, len(targets))], stream[1 : context + 1], 0)]
        # Full windows, each scoring the `stride` tokens that the one before it has not reached; then one that ends at the end.
        starts = torch.arange(stride, max(stride, len(targets) - context + 1), stride, device=device)
        places = torch.arange(context, device=device)
        fresh = torch.arange(context - stride, context, device=device)
        for at in range(0, len(starts), windows_at_once):
            some = starts[at : at + windows_at_once]
            costs.append(_costs(model, stream[some[:, None] + places], stream[some[:, None] + fresh + 1], context - stride))
        rest = len(targets) - sum(map(len, costs))
        if rest:
            costs.append(_costs(model, stream[None, len(targets) - context : -1], stream[-rest:], context - rest))
    nats = torch.cat(costs)
    assert len(nats) == len(targets), "every token is scored exactly once"
    bits = nats.double() / math.log(2)
    return BitsPerByte(float(bits.sum()), raw_bytes, len(nats), bits.float().cpu().numpy())


def _costs(model: Callable[[Tensor, int], Tensor], inputs: Tensor, targets: Tensor, first: int) -> Tensor:
    """−ln p of the targets after positions `first` on, in order, from logits as float32. A tensor, so that no step waits."""
    logits = model(inputs, first)
    return functional.cross_entropy(logits.flatten(0, 1).float(), targets.flatten(), reduction="none")
