"""Byte strings as two arrays, the form that kernels read: all bytes, and where each string starts and ends."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
import numpy.typing as npt


def pack(strings: Iterable[bytes]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """The bytes of all strings, (bytes,) uint8, and their offsets, (strings + 1,) int64: string i is blob[offsets[i]:offsets[i + 1]]."""
    strings = list(strings)
    offsets = np.zeros(len(strings) + 1, dtype=np.int64)
    np.cumsum(np.fromiter(map(len, strings), dtype=np.int64, count=len(strings)), out=offsets[1:])
    return np.frombuffer(b"".join(strings), dtype=np.uint8), offsets


def unpack(blob: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64]) -> list[bytes]:
    """The strings that `pack` packed."""
    data = blob.tobytes()
    return [data[start:end] for start, end in pairwise(offsets.tolist())]
