"""How the choice of windows changes the bits per byte of one model on one text.

The study's windows overlap by half and cross documents (`bits_per_byte`). One alternative overlaps by seven eighths, so every
token sees nearly a whole context; the other restarts at each document, as in use. All score every token once over the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gqvae.measures.bits_per_byte import bits_per_byte

HALF, LONG, ALONE = "overlap by half", "overlap by seven eighths", "each document alone"


def inputs_seen(targets: int, context: int, stride: int) -> npt.NDArray[np.int64]:
    """Number of tokens that the model sees when it predicts each target, in the windows of `bits_per_byte` → (targets,)."""
    seen = np.minimum(np.arange(1, targets + 1), context)
    later = max(0, targets - context)
    seen[targets - later :] = context - stride + 1 + np.arange(later) % stride
    rest = later % stride  # the last window ends with the text
    seen[targets - rest :] = context - rest + 1 + np.arange(rest)
    return seen


def compare_contexts(
    model: Callable[[Tensor, int], Tensor],
    documents: Sequence[npt.NDArray[np.int32]],
    byte_lengths: npt.NDArray[np.int64],
    *,
    context: int,
    device: torch.device | str = "cpu",
) -> list[dict[str, Any]]:
    """Bits per byte of some documents with each kind of window; the arguments that are not listed are those of `bits_per_byte`.

    Args:
        documents: ids of each document, with an end-of-document id before and after.

    Returns:
        Rows with the keys windows, mean_context (tokens seen by a prediction), bpb.
    """
    joined = np.concatenate([documents[0][:1], *(document[1:] for document in documents)])
    rows = []
    for name, streams, stride in (
        (HALF, [joined], context // 2),
        (LONG, [joined], max(1, context // 8)),
        (ALONE, documents, context // 2),
    ):
        bits, size, seen = 0.0, 0, []
        for ids in streams:
            raw = int(byte_lengths[ids[1:]].sum())  # the first id is only context
            found = bits_per_byte(model, ids, byte_lengths, raw, context=context, stride=stride, device=device)
            bits, size = bits + found.bits, size + raw
            seen.append(inputs_seen(len(ids) - 1, context, stride))
        rows.append({"windows": name, "mean_context": float(np.concatenate(seen).mean()), "bpb": bits / size})
    return rows
