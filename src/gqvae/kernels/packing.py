"""Rows of different lengths in two arrays: what the kernels read and write in place of lists."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt


class Packed(NamedTuple):
    """Row r is values[offsets[r]:offsets[r + 1]]."""

    values: npt.NDArray[Any]  # uint8 for bytes, uint32 for ids
    offsets: npt.NDArray[np.int64]  # (rows + 1,), from 0

    def rows(self) -> int:
        """Number of rows."""
        return len(self.offsets) - 1

    def strings(self) -> list[bytes]:
        """The rows of a table of bytes."""
        data = self.values.tobytes()
        return [data[start:end] for start, end in pairwise(self.offsets.tolist())]

    def arrays(self) -> list[npt.NDArray[Any]]:
        """The rows, as views."""
        return [self.values[start:end] for start, end in pairwise(self.offsets.tolist())]

    def lists(self) -> list[list[int]]:
        """The rows of a table of ids."""
        data = self.values.tolist()
        return [data[start:end] for start, end in pairwise(self.offsets.tolist())]


def no_rows(dtype: npt.DTypeLike) -> Packed:
    """A table without rows."""
    return Packed(np.empty(0, dtype), np.zeros(1, np.int64))


def pack(strings: Iterable[bytes]) -> Packed:
    """Pack byte strings."""
    strings = list(strings)
    return Packed(np.frombuffer(b"".join(strings), dtype=np.uint8), offsets_of(map(len, strings)))


def pack_ids(rows: Iterable[Sequence[int]]) -> Packed:
    """Pack rows of ids."""
    ids: list[int] = []
    ends = [0]
    for row in rows:
        ids.extend(row)
        ends.append(len(ids))
    return Packed(np.array(ids, dtype=np.uint32), np.array(ends, dtype=np.int64))


def offsets_of(lengths: Iterable[int]) -> npt.NDArray[np.int64]:
    """Where rows of these lengths start, and where the last ends."""
    return np.cumsum([0, *lengths], dtype=np.int64)
