"""Joins the bytes of token ids."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from numba import types

from gqvae.kernels.compiled import BYTES, INT64, READ_BYTES, READ_INT64, READ_UINT32, kernel, load64, store64
from gqvae.kernels.packing import Packed, pack

BATCH = 1 << 16  # ids at a time, because the buffer has room for the longest token in every place
STEP = 8  # bytes that are copied at once; up to seven of them are not part of the token


@kernel(types.int64, READ_UINT32, READ_BYTES, READ_INT64, BYTES)
def join(ids, blob, offsets, joined):
    """Write the bytes of each id; returns how many, or −1: an id is not below the vocabulary size.

    `blob` and `joined` have STEP bytes more than they need.
    """
    size = 0
    for item in range(len(ids)):
        token = np.int64(ids[item])
        if token >= len(offsets) - 1:
            return -1
        start, end = offsets[token], offsets[token + 1]
        step = 0
        while start + step < end:
            store64(joined, size + step, load64(blob, start + step))
            step += STEP
        size += end - start
    return size


@kernel(types.boolean, READ_UINT32, READ_INT64, READ_INT64, INT64)
def measure(ids, rows, offsets, ends):
    """Where the bytes of each row of ids end; returns whether all ids are below the vocabulary size."""
    size = 0
    for row in range(len(rows) - 1):
        for item in range(rows[row], rows[row + 1]):
            token = np.int64(ids[item])
            if token >= len(offsets) - 1:
                return False
            size += offsets[token + 1] - offsets[token]
        ends[row] = size
    return True


class Joiner:
    """The strings of a vocabulary."""

    def __init__(self, strings: Sequence[bytes]) -> None:
        self._blob, self._offsets = pack([*strings, bytes(STEP)])
        self._offsets = self._offsets[:-1].copy()
        self._longest = max(map(len, strings))

    def join(self, ids: npt.NDArray[np.uint32]) -> bytes | None:
        """The bytes of all ids; None if there is an id outside the vocabulary."""
        parts = []
        for start in range(0, len(ids), BATCH):
            batch = ids[start : start + BATCH]
            joined = np.empty(len(batch) * self._longest + STEP, np.uint8)
            size = join(batch, self._blob, self._offsets, joined)
            if size < 0:
                return None
            parts.append(joined[:size].tobytes())
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def join_rows(self, rows: Packed) -> Packed | None:
        """The bytes of each row; None if there is an id outside the vocabulary."""
        offsets = np.zeros(rows.rows() + 1, np.int64)
        if not measure(*rows, self._offsets, offsets[1:]):
            return None
        joined = np.empty(offsets[-1] + STEP, np.uint8)
        join(rows.values, self._blob, self._offsets, joined)
        return Packed(joined, offsets)
