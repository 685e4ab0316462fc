"""Byte-pair encoding: of all neighbours that together are a string of the vocabulary, those with the lowest id merge first."""

from __future__ import annotations

import numpy as np
from numba import types

from gqvae.kernels.compiled import INT32, INT64, READ_BYTES, READ_INT32, READ_INT64, READ_UINT64, UINT32, UINT64, inlined, kernel

HALF = np.uint64(32)
FACTOR = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio: neighbouring keys land far apart
FREE = np.uint64(2**64 - 1)  # no pair of ids


@inlined
def _slot(key, mask):
    """Where the search for a key starts."""
    return np.int64((key * FACTOR) >> HALF) & mask


@inlined
def _merged(keys, values, left, right):
    """The id of two neighbours joined, or −1 if they are not a string of the vocabulary."""
    key = np.uint64(left) << HALF | np.uint64(right)
    mask = np.int64(len(keys) - 1)
    slot = _slot(key, mask)
    while True:
        if keys[slot] == key:
            return np.int64(values[slot])
        if keys[slot] == FREE:
            return np.int64(-1)
        slot = (slot + 1) & mask


@inlined
def _push(heap, size, item):
    place = size
    while place > 0 and heap[(place - 1) >> 1] > item:
        heap[place] = heap[(place - 1) >> 1]
        place = (place - 1) >> 1
    heap[place] = item
    return size + 1


@inlined
def _pop(heap, size):
    """Remove the smallest item, which is heap[0]."""
    size -= 1
    item = heap[size]
    place = 0
    while True:
        child = 2 * place + 1
        if child >= size:
            break
        if child + 1 < size and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= item:
            break
        heap[place] = heap[child]
        place = child
    heap[place] = item
    return size


@kernel(types.int64, READ_UINT64, READ_INT32, READ_BYTES, READ_INT64, INT32, INT32, INT32, INT64, UINT32, INT64)
def merge(keys, values, blob, offsets, ids, before, after, heap, found, ends):
    """Segment packed texts.

    Args:
        keys, values: a hash table of pairs of ids and the id of both together.
        blob, offsets: the texts.
        ids, before, after: (longest text,) room for the tokens of a text, and for the links between neighbours.
        heap: (3 · longest text,) room for candidates: id · 2³² + position of the left token.
        found: (bytes,) receives the ids.
        ends: (texts,) receives the end of the ids of each text.

    Returns:
        The number of ids.
    """
    done = 0
    for text in range(len(offsets) - 1):
        start = offsets[text]
        length = offsets[text + 1] - start
        size = 0
        for place in range(length):
            ids[place] = blob[start + place]
            before[place], after[place] = place - 1, place + 1
            if place:
                merged = _merged(keys, values, ids[place - 1], ids[place])
                if merged >= 0:
                    size = _push(heap, size, merged << 32 | (place - 1))
        while size:
            wanted, left = heap[0] >> 32, heap[0] & 0xFFFFFFFF
            size = _pop(heap, size)
            if ids[left] < 0 or after[left] >= length:
                continue
            right = after[left]
            if _merged(keys, values, ids[left], ids[right]) != wanted:  # one of the two has merged with another since
                continue
            ids[left], ids[right] = wanted, -1
            after[left] = after[right]
            if after[left] < length:
                before[after[left]] = left
                merged = _merged(keys, values, wanted, ids[after[left]])
                if merged >= 0:
                    size = _push(heap, size, merged << 32 | left)
            if before[left] >= 0:
                merged = _merged(keys, values, ids[before[left]], wanted)
                if merged >= 0:
                    size = _push(heap, size, merged << 32 | before[left])
        place = 0
        while place < length:
            found[done] = ids[place]
            done += 1
            place = after[place]
        ends[text] = done
    return done


@kernel(types.void, READ_UINT64, READ_INT32, UINT64, INT32)
def enter(pairs, merged, keys, values):
    """Fill the hash table of `merge`, all of whose slots are `FREE`, with pairs (left · 2³² + right) and the ids of both together."""
    mask = np.int64(len(keys) - 1)
    for item in range(len(pairs)):
        slot = _slot(pairs[item], mask)
        while keys[slot] != FREE:
            slot = (slot + 1) & mask
        keys[slot], values[slot] = pairs[item], merged[item]
