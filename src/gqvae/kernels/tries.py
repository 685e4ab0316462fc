"""Tries of byte strings: segmentation into the fewest tokens, what each string saves, and counts of spans.

The trie is a hash table of (node, byte) → child with open addressing. Nodes 0 to 255 are the single bytes, and `keys` holds the
parent and the last byte of every other node. A vocabulary is an array of the id of each node, −1 where the node is no token, so a
string is added or dropped by one assignment.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from gqvae.kernels.compiled import BYTES, INT32, INT64, READ_BYTES, READ_INT32, READ_INT64, UINT32, inlined, kernel

tuple_of: Any = types.Tuple
FLOAT64: Any = types.Array(types.float64, 1, "C")
READ_FLOAT64: Any = FLOAT64.copy(readonly=True)

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


@inlined
def _grown(slots: Any, keys: Any) -> Any:
    """A table of twice the size with the same nodes; it is full when half of its slots are in use."""
    longer = np.empty(2 * keys.size, dtype=np.int64)
    more = np.full(2 * slots.size, -1, dtype=np.int32)
    for node in range(keys.size):  # an assignment of slices takes four seconds to compile
        longer[node] = keys[node]
        if node >= 256:
            _insert(more, keys[node], node)
    return more, longer


@kernel(tuple_of((INT32, INT64, INT64)), READ_BYTES, READ_INT64)
def build(blob: Any, offsets: Any) -> Any:
    """The slots and the keys of a trie of packed strings, none of them empty, and the node of each string."""
    slots = np.full(2048, -1, dtype=np.int32)
    keys = np.empty(1024, dtype=np.int64)
    places = np.empty(offsets.size - 1, dtype=np.int64)
    size = 256
    for string in range(offsets.size - 1):
        node = np.int64(blob[offsets[string]])
        for position in range(offsets[string] + 1, offsets[string + 1]):
            byte = np.int64(blob[position])
            child = _child(slots, keys, node, byte)
            if child < 0:
                if size == keys.size:
                    slots, keys = _grown(slots, keys)
                child = size
                keys[child] = node << 8 | byte
                _insert(slots, keys[child], child)
                size += 1
            node = child
        places[string] = node
    return slots, keys[:size].copy(), places


@kernel(tuple_of((INT64, FLOAT64)), READ_BYTES, READ_INT64, READ_INT64, READ_FLOAT64, types.int64)
def score_spans(blob: Any, offsets: Any, times: Any, weights: Any, longest: Any) -> Any:
    """Score every span of 2 to `longest` bytes of packed texts.

    Args:
        blob, offsets, times: the texts, and how often each occurs.
        weights: of a span, at 4 · length + 2 · (1 if it starts the text) + (1 if it ends it).

    Returns:
        The keys of a trie of the spans, and each node's sum of weight · times, added in the order of text, start and end.
    """
    slots = np.full(2048, -1, dtype=np.int32)
    keys = np.empty(1024, dtype=np.int64)
    scores = np.zeros(1024, dtype=np.float64)
    size = 256
    for text in range(offsets.size - 1):
        last = offsets[text + 1]
        for start in range(offsets[text], last - 1):
            node = np.int64(blob[start])
            for end in range(start + 2, min(start + longest, last) + 1):
                byte = np.int64(blob[end - 1])
                child = _child(slots, keys, node, byte)
                if child < 0:
                    if size == keys.size:
                        slots, keys = _grown(slots, keys)
                        more = np.zeros(keys.size, dtype=np.float64)
                        for known in range(size):
                            more[known] = scores[known]
                        scores = more
                    child = size
                    keys[child] = node << 8 | byte
                    _insert(slots, keys[child], child)
                    size += 1
                node = child
                scores[node] += weights[4 * (end - start) + 2 * (start == offsets[text]) + (end == last)] * times[text]
    return keys[:size].copy(), scores[:size].copy()


@kernel(tuple_of((BYTES, INT64)), READ_INT64, READ_INT64)
def spell(keys: Any, nodes: Any) -> Any:
    """The strings of nodes, packed."""
    offsets = np.zeros(nodes.size + 1, dtype=np.int64)
    for place in range(nodes.size):
        node = nodes[place]
        size = 1
        while node >= 256:
            node = keys[node] >> 8
            size += 1
        offsets[place + 1] = offsets[place] + size
    blob = np.empty(offsets[-1], dtype=np.uint8)
    for place in range(nodes.size):
        node = nodes[place]
        for position in range(offsets[place + 1] - 1, offsets[place], -1):
            blob[position] = keys[node] & 255
            node = keys[node] >> 8
        blob[offsets[place]] = node
    return blob, offsets


@inlined
def _search(slots: Any, keys: Any, ids: Any, text: Any, cost: Any, start_of: Any, token_of: Any) -> Any:
    """Fewest tokens of each prefix of a text, and the last of them; ties go to the longest. Stops early if the text is a token."""
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


@kernel(INT64, READ_INT32, READ_INT64, READ_INT64, READ_BYTES, READ_INT64, READ_INT64, types.int64)
def count(slots: Any, keys: Any, ids: Any, blob: Any, offsets: Any, times: Any, size: Any) -> Any:
    """How often each of `size` ids is used, given how often each text occurs."""
    longest = _longest(offsets)
    cost = np.empty(longest + 1, dtype=np.int64)
    start_of = np.empty(longest + 1, dtype=np.int64)
    token_of = np.empty(longest + 1, dtype=np.int64)
    counts = np.zeros(size, dtype=np.int64)
    for text in range(offsets.size - 1):
        _search(slots, keys, ids, blob[offsets[text] : offsets[text + 1]], cost, start_of, token_of)
        end = offsets[text + 1] - offsets[text]
        while end > 0:
            counts[token_of[end]] += times[text]
            end = start_of[end]
    return counts


@kernel(INT64, READ_INT32, READ_INT64, READ_INT64, READ_INT64, READ_BYTES, READ_INT64)
def extra_tokens(slots: Any, keys: Any, ids: Any, places: Any, blob: Any, offsets: Any) -> Any:
    """Tokens of each string without itself, minus one; 0 for strings that are not in the vocabulary."""
    longest = _longest(offsets)
    cost = np.empty(longest + 1, dtype=np.int64)
    start_of = np.empty(longest + 1, dtype=np.int64)
    token_of = np.empty(longest + 1, dtype=np.int64)
    extra = np.zeros(places.size, dtype=np.int64)
    without = ids.copy()
    for string in range(places.size):
        place = places[string]
        if ids[place] < 0:
            continue
        without[place] = -1
        _search(slots, keys, without, blob[offsets[string] : offsets[string + 1]], cost, start_of, token_of)
        without[place] = ids[place]
        extra[string] = cost[offsets[string + 1] - offsets[string]] - 1
    return extra


@kernel(INT64, READ_INT32, READ_INT64, READ_INT64, READ_INT64, READ_BYTES, READ_INT64, READ_INT64, types.int64)
def savings(slots: Any, keys: Any, ids: Any, numbers: Any, blob: Any, offsets: Any, times: Any, size: Any) -> Any:
    """Tokens that each of `size` candidates saves if it alone is added and used once per text, −1: none in any text.

    `numbers` holds the number of the candidate at each node, −1: none.
    """
    longest = _longest(offsets)
    cost = np.empty(longest + 1, dtype=np.int64)
    start_of = np.empty(longest + 1, dtype=np.int64)
    token_of = np.empty(longest + 1, dtype=np.int64)
    tail = np.empty(longest + 1, dtype=np.int64)
    best = np.zeros(size, dtype=np.int64)  # of one text
    useful = np.empty(size, dtype=np.int64)  # candidates that save tokens of one text
    saved = np.full(size, -1, dtype=np.int64)
    for text in range(offsets.size - 1):
        string = blob[offsets[text] : offsets[text + 1]]
        length = string.size
        _search(slots, keys, ids, string, cost, start_of, token_of)
        if cost[length] <= 1:
            continue
        found = 0
        tail[length] = 0
        for start in range(length - 1, -1, -1):
            tail[start] = tail[start + 1] + 1
            node = np.int64(string[start])
            for end in range(start + 2, length + 1):
                node = _child(slots, keys, node, np.int64(string[end - 1]))
                if node < 0:
                    break
                if ids[node] >= 0:
                    tail[start] = min(tail[start], tail[end] + 1)
                    continue
                candidate = numbers[node]
                if candidate < 0:
                    continue
                gain = cost[length] - (cost[start] + 1 + tail[end])
                if gain > best[candidate]:
                    if best[candidate] == 0:
                        useful[found] = candidate
                        found += 1
                    best[candidate] = gain
        for place in range(found):
            candidate = useful[place]
            saved[candidate] = max(saved[candidate], 0) + best[candidate] * times[text]
            best[candidate] = 0
    return saved
