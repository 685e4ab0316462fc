"""Vocabularies of byte strings: segmentation into the fewest tokens, and what each string saves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from gqvae.config import BYTE_VALUES, RESERVED_IDS
from gqvae.kernels import tries
from gqvae.kernels.packing import pack

Ids: TypeAlias = npt.NDArray[np.int64]


class Trie:
    """The vocabularies of some strings: the 256 bytes, one id reserved for the end of a document, then strings.

    Args:
        strings: none of them empty. The id of string i is RESERVED_IDS + i.
    """

    def __init__(self, strings: Sequence[bytes]) -> None:
        self._strings = pack(strings)
        self._slots, self._keys, self._places = tries.build(*self._strings)

    def vocabulary(self, alive: npt.NDArray[np.bool_] | None = None) -> Ids:
        """The id of each node, −1: none; `alive` says which strings belong to the vocabulary (None: all)."""
        ids = np.full(len(self._keys), -1, dtype=np.int64)
        ids[:BYTE_VALUES] = np.arange(BYTE_VALUES)
        chosen = np.arange(len(self._places)) if alive is None else np.flatnonzero(alive)
        ids[self._places[chosen]] = RESERVED_IDS + chosen
        return ids

    def fewest(
        self, blob: npt.NDArray[np.uint8], offsets: Ids, vocabulary: Ids | None = None
    ) -> tuple[npt.NDArray[np.uint32], Ids]:
        """Segment packed texts into the fewest tokens, with the ties of `vocabularies.segmentation.fewest_tokens`.

        Args:
            blob: (bytes,) uint8, as `packing.pack` returns it.
            offsets: (texts + 1,) int64.
            vocabulary: as `vocabulary` returns it; None: all strings.

        Returns:
            The ids of all texts, (tokens,) uint32, and their offsets, (texts + 1,) int64. Memory is linear in the bytes.
        """
        return tries.fewest(self._slots, self._keys, self.vocabulary() if vocabulary is None else vocabulary, blob, offsets)

    def counts(self, blob: npt.NDArray[np.uint8], offsets: Ids, times: Ids, vocabulary: Ids) -> Ids:
        """How often each id is used when text i, segmented as `fewest` does, occurs times[i] times: (RESERVED_IDS + strings,) int64."""
        return tries.count(self._slots, self._keys, vocabulary, blob, offsets, times, RESERVED_IDS + len(self._places))

    def extra_tokens(self, vocabulary: Ids) -> Ids:
        """How many more tokens each string of the vocabulary takes if it is removed, 0 for other strings: (strings,) int64."""
        return tries.extra_tokens(self._slots, self._keys, vocabulary, self._places, *self._strings)

    def savings(self, blob: npt.NDArray[np.uint8], offsets: Ids, times: Ids, vocabulary: Ids) -> Ids:
        """Tokens that each string outside the vocabulary would save if it alone were added and used once per text.

        Arguments as of `counts`. Returns (strings,) int64, −1 for a string that saves none in any text.
        """
        numbers = np.where(vocabulary < 0, self.vocabulary() - RESERVED_IDS, -1)
        return tries.savings(self._slots, self._keys, vocabulary, numbers, blob, offsets, times, len(self._places))
