"""Segmentation of pre-tokens into the fewest tokens of a vocabulary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from gqvae.config import BYTE_VALUES, RESERVED_IDS
from gqvae.kernels.packing import Packed

if TYPE_CHECKING:
    from gqvae.kernels.segmentation import Trie


def fewest_tokens(text: bytes, ids: Mapping[bytes, int], longest: int) -> list[int]:
    """Segment `text` into the fewest tokens of a vocabulary that holds every single byte.

    Ties: for each end position the longest last token wins, as in a Viterbi search over equal scores that visits starts from left
    to right. `ids` maps strings to ids; the longest string has `longest` bytes.
    """
    whole = ids.get(text)
    if whole is not None:
        return [whole]
    size = len(text)
    cost = [0] + [size + 1] * size
    start_of = [0] * (size + 1)
    for start in range(size):
        reached = cost[start] + 1
        for end in range(start + 1, min(start + longest, size) + 1):
            if reached < cost[end] and text[start:end] in ids:
                cost[end] = reached
                start_of[end] = start
    tokens = []
    end = size
    while end:
        tokens.append(ids[text[start_of[end] : end]])
        end = start_of[end]
    return tokens[::-1]


def string_ids(strings: Sequence[bytes]) -> dict[bytes, int]:
    """Ids of a vocabulary: the 256 bytes, one id reserved for the end of a document, then `strings` in order."""
    ids = {bytes([value]): value for value in range(BYTE_VALUES)}
    ids.update((string, RESERVED_IDS + place) for place, string in enumerate(strings))
    return ids


class Fewest:
    """Segmentation into the fewest tokens of one vocabulary, by Python for some texts and by a kernel for many."""

    def __init__(self, strings: Sequence[bytes]) -> None:
        self.strings, self.ids = strings, string_ids(strings)
        self._longest = max((len(string) for string in strings), default=1)

    def segment(self, text: bytes) -> list[int]:
        """The ids of one text."""
        return fewest_tokens(text, self.ids, self._longest)

    def segment_packed(self, texts: Packed) -> Packed:
        """The ids of many texts."""
        return Packed(*self._trie.fewest(*texts))

    @cached_property
    def _trie(self) -> Trie:
        from gqvae.kernels.segmentation import Trie  # importing numba takes most of a second

        return Trie(self.strings)
