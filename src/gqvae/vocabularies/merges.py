"""Byte-pair encoding with a vocabulary whose order is the order of the merges."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gqvae.kernels.packing import Packed
from gqvae.vocabularies.segmentation import string_ids


class Merges:
    """The merges of a vocabulary of strings, the earliest first."""

    def __init__(self, strings: Sequence[bytes]) -> None:
        from gqvae.kernels import merges  # importing numba takes most of a second

        ids = string_ids(strings)
        pairs = {
            ids[string[:cut]] << 32 | ids[string[cut:]]: ids[string]
            for string in strings
            for cut in range(1, len(string))
            if string[:cut] in ids and string[cut:] in ids
        }
        slots = 1 << (2 * len(pairs) + 1).bit_length()
        self._keys, self._values = np.full(slots, merges.FREE, np.uint64), np.zeros(slots, np.int32)
        merges.enter(np.array([*pairs], np.uint64), np.array([*pairs.values()], np.int32), self._keys, self._values)

    def segment(self, texts: Packed) -> Packed:
        """The ids of packed texts."""
        from gqvae.kernels.merges import merge

        longest = int(np.diff(texts.offsets).max(initial=0))
        room = [np.empty(longest, np.int32) for _ in range(3)]
        found, offsets = np.empty(len(texts.values), np.uint32), np.zeros(texts.rows() + 1, np.int64)
        heap = np.empty(3 * longest + 1, np.int64)
        size = merge(self._keys, self._values, *texts, *room, heap, found, offsets[1:])
        return Packed(found[:size].copy(), offsets)
