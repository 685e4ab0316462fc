"""The distinct strings of a text, numbered in the order in which they first occur."""

from __future__ import annotations

import os

import numpy as np
import numpy.typing as npt

from gqvae.kernels.packing import Packed

FIRST_SLOTS = 1 << 15  # of the hash table, a power of two


class DistinctStrings:
    """A growing table of byte strings."""

    def __init__(self) -> None:
        from gqvae.kernels import numbering  # importing numba takes most of a second

        self._kernels = numbering
        self._factor = np.uint64(int.from_bytes(os.urandom(8), "little") | 1)
        self._keys, self._places = np.zeros(FIRST_SLOTS, np.uint64), np.zeros(FIRST_SLOTS, np.int32)
        self._blob, self._offsets = np.empty(8 * FIRST_SLOTS, np.uint8), np.zeros(FIRST_SLOTS // 2 + 1, np.int64)
        self._size = np.zeros(1, np.int64)

    def __len__(self) -> int:
        return int(self._size[0])

    @property
    def total_bytes(self) -> int:
        """Bytes of all strings."""
        return int(self._offsets[len(self)])

    def number(self, text: npt.NDArray[np.uint8], ends: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
        """The numbers of the non-empty strings that end at `ends` in `text`, (strings,)."""
        numbers = np.empty(len(ends), np.int32)
        done = 0
        while True:
            done = self._kernels.number(
                text, ends, done, self._factor, self._keys, self._places, self._blob, self._offsets, self._size, numbers
            )
            if done == len(ends):
                return numbers
            self._grow(int(ends[done] - (ends[done - 1] if done else 0)))

    def since(self, first: int) -> Packed:
        """The strings from number `first` on."""
        offsets = self._offsets[first : len(self) + 1]
        return Packed(self._blob[offsets[0] : offsets[-1]], offsets - offsets[0])

    def _grow(self, needed: int) -> None:
        """Make room for another string of `needed` bytes."""
        if self.total_bytes + needed > len(self._blob):
            self._blob = np.concatenate([self._blob, np.empty(max(len(self._blob), needed), np.uint8)])
        if 2 * len(self) >= len(self._keys):
            keys, places = np.zeros(2 * len(self._keys), np.uint64), np.zeros(2 * len(self._keys), np.int32)
            self._kernels.rehash(self._keys, self._places, self._factor, keys, places)
            self._keys, self._places = keys, places
            self._offsets = np.concatenate([self._offsets, np.zeros(len(self._offsets), np.int64)])
