"""Bits per byte of a whole split: Σ −log2 p over all tokens ÷ UTF-8 bytes of the raw text.

Unlike loss per token, it can be compared between tokenizers. End-of-document tokens count in the sum and stand for 0 bytes; the
first is only context. Every token is scored once, in windows that overlap by half, so that every token after the first window
sees at least half a context.
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

# Logits per call of the model: few enough for a CPU's cache, enough to keep an accelerator busy.
LOGITS_ON_CPU = 1 << 20
LOGITS_ON_ACCELERATOR = 1 << 27


@dataclass(frozen=True)
class BitsPerByte:
    """Cost of a text in bits, its size in bytes, and the number of scored tokens (ends of documents included)."""

    bits: float
    bytes: int
    tokens: int
    costs: npt.NDArray[np.float32] = field(repr=False, compare=False)  # (tokens,) float32, bits of each token in order

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
        model: called as `model(ids, first)` with ids (B, T) int64; returns the logits (B, T − first, V) from position `first` on.
            It must be causal and in evaluation mode.
        ids: (N,) the stream.
        byte_lengths: (V,) bytes of each id, as in `token_files.Vocabulary`.
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
        # Full windows, each scoring the `stride` tokens after the previous window; then one that ends with the text.
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
    """−ln p of the targets from position `first` on, in order, in float32; a tensor, so that no call waits for the device."""
    logits = model(inputs, first)
    return functional.cross_entropy(logits.flatten(0, 1).float(), targets.flatten(), reduction="none")
