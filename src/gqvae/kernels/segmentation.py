"""A trie of byte strings, and what depends on it: segmentation into the fewest tokens, and what each string saves.

The trie is a hash table of (node, byte) → child with open addressing. Nodes 0 to 255 are the single bytes, and `keys` holds the
parent and the last byte of every other node. A vocabulary is an array of the id of each node, −1 where the node is no token, so a
string is added or dropped by one assignment.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from numba import types

from gqvae.config import BYTE_VALUES, RESERVED_IDS
from gqvae.kernels.compiled import INT32, INT64, READ_BYTES, READ_INT32, READ_INT64, UINT32, inlined, kernel
from gqvae.kernels.packing import pack

Ids: TypeAlias = npt.NDArray[np.int64]

tuple_of: Any = types.Tuple

SCATTER = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio: neighbouring keys land far apart
HIGH_BITS = np.uint64(32)


@inlined
def _slot(key: Any, slots: Any) -> Any:
    """Where the search for a key starts; the number of slots is a power of two."""
    return np.int64((np.uint64(key) * SCATTER) >> HIGH_BITS) & (slots.size - 1)


@inlined
def _child(slots: Any, keys: Any, node: Any, byte: Any) -> Any:
    """The child of a node by a byte, or −1."""
    key = node << 8 | byte
    slot = _slot(key, slots)
    while True:
        child = np.int64(slots[slot])
        if child < 0 or keys[child] == key:
            return child
        slot = (slot + 1) & (slots.size - 1)


@inlined
def _insert(slots: Any, key: Any, child: Any) -> Any:
    slot = _slot(key, slots)
    while slots[slot] >= 0:
        slot = (slot + 1) & (slots.size - 1)
    slots[slot] = child


@kernel(tuple_of((INT32, INT64, INT64)), READ_BYTES, READ_INT64)
def build(blob: Any, offsets: Any) -> Any:
    """The slots and the keys of a trie of packed strings, none of them empty, and the node of each string."""
    slots = np.full(2048, -1, dtype=np.int32)
    keys = np.full(1024, -1, dtype=np.int64)
    places = np.empty(offsets.size - 1, dtype=np.int64)
    size = 256
    for string in range(offsets.size - 1):
        node = np.int64(blob[offsets[string]])
        for position in range(offsets[string] + 1, offsets[string + 1]):
            byte = np.int64(blob[position])
            child = _child(slots, keys, node, byte)
            if child < 0:
                if size == keys.size:  # both arrays double: at most half of the slots are in use
                    longer = np.full(2 * size, -1, dtype=np.int64)
                    longer[:size] = keys
                    keys = longer
                    slots = np.full(2 * slots.size, -1, dtype=np.int32)
                    for known in range(256, size):
                        _insert(slots, keys[known], known)
                child = size
                keys[child] = node << 8 | byte
                _insert(slots, keys[child], child)
                size += 1
            node = child
        places[string] = node
    return slots, keys[:size].copy(), places


@inlined
def _search(slots: Any, keys: Any, ids: Any, text: Any, cost: Any, start_of: Any, token_of: Any) -> Any:
    """Fewest tokens of each head of a text, and the last of them; ties go to the longest. Stops early if the whole text is a token."""
    size = text.size
    cost[0] = 0
    for place in range(1, size + 1):
        cost[place] = size + 1
    for start in range(size):
        reached = cost[start] + 1
        node = np.int64(text[start])
        end = start + 1
        while True:
            if reached < cost[end] and ids[node] >= 0:
                cost[end] = reached
                start_of[end] = start
                token_of[end] = ids[node]
            if end == size:
                break
            node = _child(slots, keys, node, np.int64(text[end]))
            if node < 0:
                break
            end += 1
        if cost[size] == 1:
            break


@inlined
def _longest(offsets: Any) -> Any:
    longest = 0
    for text in range(offsets.size - 1):
        longest = max(longest, offsets[text + 1] - offsets[text])
    return longest


@kernel(tuple_of((UINT32, INT64)), READ_INT32, READ_INT64, READ_INT64, READ_BYTES, READ_INT64)
def fewest(slots: Any, keys: Any, ids: Any, blob: Any, offsets: Any) -> Any:
    """The ids of packed texts, packed."""
    longest = _longest(offsets)
    cost = np.empty(longest + 1, dtype=np.int64)
    start_of = np.empty(longest + 1, dtype=np.int64)
    token_of = np.empty(longest + 1, dtype=np.int64)
    found = np.empty(offsets[-1] - offsets[0], dtype=np.uint32)
    ends = np.zeros(offsets.size, dtype=np.int64)
    for text in range(offsets.size - 1):
        end = offsets[text + 1] - offsets[text]
        _search(slots, keys, ids, blob[offsets[text] : offsets[text + 1]], cost, start_of, token_of)
        ends[text + 1] = ends[text] + cost[end]
        place = ends[text + 1]
        while end > 0:
            place -= 1
            found[place] = token_of[end]
            end = start_of[end]
    return found[: ends[-1]].copy(), ends


class Trie:
    """The vocabularies of some strings: the 256 bytes, one id reserved for the end of a document, then strings.

    Args:
        strings: none of them empty. The id of string i is RESERVED_IDS + i.
    """

    def __init__(self, strings: Sequence[bytes]) -> None:
        self._slots, self._keys, self._places = build(*pack(strings))

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
        return fewest(self._slots, self._keys, self.vocabulary() if vocabulary is None else vocabulary, blob, offsets)
