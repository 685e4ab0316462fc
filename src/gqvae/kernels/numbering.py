"""Numbers distinct byte strings in the order in which they first occur, by a hash table with open addressing.

The key of a string of at most seven bytes is the bytes themselves and the length: no comparison is needed. The key of a longer
one is a hash, so bytes are compared as well.
"""

from __future__ import annotations

import numpy as np
from numba import types

from gqvae.kernels.compiled import BYTES, INT32, INT64, READ_BYTES, READ_INT64, UINT64, inlined, kernel

SHORT = 7  # bytes that a key holds
LONG_MARK = np.uint64(0xFF << 56)
BYTE, ONE = np.uint64(8), np.uint64(1)


@inlined
def _key(text, start, end, factor):
    size = end - start
    if size <= SHORT:
        key = np.uint64(size)
        for place in range(start, end):
            key = key << BYTE | np.uint64(text[place])
        return key
    key = factor
    for place in range(start, end):
        key = (key ^ np.uint64(text[place])) * factor
        key ^= key >> np.uint64(29)
    return key | LONG_MARK


@inlined
def _equal(text, start, end, blob, first, last):
    if end - start != last - first:
        return False
    for step in range(end - start):
        if text[start + step] != blob[first + step]:
            return False
    return True


@kernel(types.int64, READ_BYTES, READ_INT64, types.int64, types.uint64, UINT64, INT32, BYTES, INT64, INT64, INT32)
def number(text, ends, done, factor, keys, places, blob, offsets, size, numbers):
    """Write the number of each string of `text`; strings not met before get the next ones.

    Args:
        text: (bytes,) the strings, joined.
        ends: (strings,) where each ends.
        done: how many have their numbers already.
        factor: an odd number, random so that nobody can prepare strings that collide.
        keys, places: the table, a power of two of slots: a key (0: free) and the number of its string.
        blob, offsets: the distinct strings, packed; `offsets` has at least half as many places as `keys`, and one more.
        size: (1,) how many distinct strings there are, updated.
        numbers: (strings,) receives the numbers.

    Returns:
        How many have their numbers; fewer than all if the table or `blob` must grow first.
    """
    mask = np.uint64(len(keys) - 1)
    shift = np.uint64(64)
    for _ in range(64):
        if ONE << (np.uint64(64) - shift) >= np.uint64(len(keys)):
            break
        shift -= ONE
    count = size[0]
    start = ends[done - 1] if done else 0
    for item in range(done, len(ends)):
        end = ends[item]
        key = _key(text, start, end, factor)
        slot = (key * factor) >> shift
        while True:
            held = keys[slot]
            if held == key:
                known = places[slot]
                if key < LONG_MARK or _equal(text, start, end, blob, offsets[known], offsets[known + 1]):
                    numbers[item] = known
                    break
            elif held == 0:
                after = offsets[count] + end - start
                if 2 * count >= len(keys) or after > len(blob):
                    size[0] = count
                    return item
                keys[slot], places[slot] = key, count
                blob[offsets[count] : after] = text[start:end]
                offsets[count + 1] = after
                numbers[item] = count
                count += 1
                break
            slot = (slot + ONE) & mask
        start = end
    size[0] = count
    return len(ends)


@kernel(types.void, UINT64, INT32, types.uint64, UINT64, INT32)
def rehash(keys, places, factor, new_keys, new_places):
    """Move all entries to a larger table."""
    mask = np.uint64(len(new_keys) - 1)
    shift = np.uint64(64)
    for _ in range(64):
        if ONE << (np.uint64(64) - shift) >= np.uint64(len(new_keys)):
            break
        shift -= ONE
    for place in range(len(keys)):
        if keys[place]:
            slot = (keys[place] * factor) >> shift
            while new_keys[slot]:
                slot = (slot + ONE) & mask
            new_keys[slot], new_places[slot] = keys[place], places[place]
