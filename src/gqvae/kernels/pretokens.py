"""One pass over text: find each pre-token, look it up in a table of those met before, write its ids.

* Pre-tokens end where GPT-2's expression says (`corpus/pretokenizers/gpt2.py`), or at given places.
* The table is a hash table with open addressing. The key of a pre-token of at most seven bytes is the bytes themselves and
  the length, so no comparison is needed. The key of a longer one is a hash, and its bytes are compared as well. Beside the key
  stand up to three ids.
* Pre-tokens not met before enter the table. Their ids are filled in after the pass, once they have been segmented.
"""

from __future__ import annotations

import numpy as np
from numba import types

from gqvae.kernels.compiled import (
    BYTES,
    INT32,
    INT64,
    READ_BYTES,
    READ_INT64,
    READ_UINT32,
    UINT32,
    UINT64,
    inlined,
    kernel,
    load64,
    trailing_zeros,
)

SPACE = 3  # the class of white space; of the others, only equality counts
BLANK, APOSTROPHE = ord(" "), ord("'")
S, T, R, E, V, M, L, D = b"strevmld"
EACH = 0x0101010101010101  # one in each byte of a word
BLANKS, LOW_BITS, HIGH_BITS = np.uint64(0x20 * EACH), np.uint64(0x7F * EACH), np.uint64(0x80 * EACH)
FROM_A, BEYOND_Z = np.uint64((0x80 - ord("a")) * EACH), np.uint64((0x7F - ord("z")) * EACH)  # sums reach the high bit

SHORT = 7  # bytes that a key holds
LONG_MARK = np.uint64(0xFF << 56)
ALL_BITS, ONE = np.uint64(2**64 - 1), np.uint64(1)

INLINE = 3  # ids beside a key
ID_BITS = np.uint64(20)
ID_MASK = np.uint64((1 << 20) - 1)
COUNT_SHIFT = np.uint64(62)

# Places of the state of a pass.
PLACE, DOCUMENT, ITEM, ROWS, WRITTEN, MISSING = range(STATE := 6)


@inlined
def _character(text, place):
    """The code point that starts at `place`, and the place after it."""
    lead = np.int64(text[place])
    if lead < 0x80:
        return lead, place + 1
    if lead < 0xE0:
        return (lead & 0x1F) << 6 | (text[place + 1] & 0x3F), place + 2
    if lead < 0xF0:
        return (lead & 0x0F) << 12 | np.int64(text[place + 1] & 0x3F) << 6 | (text[place + 2] & 0x3F), place + 3
    tail = np.int64(text[place + 1] & 0x3F) << 12 | np.int64(text[place + 2] & 0x3F) << 6 | (text[place + 3] & 0x3F)
    return (lead & 0x07) << 18 | tail, place + 4


@inlined
def _end_of_run(text, place, stop, kind, classes):
    """The first place from `place` on where the class is not `kind`."""
    while place < stop:
        first = text[place]
        if first < 0x80:  # the code below would do, but most text is ASCII
            if classes[first] != kind:
                break
            place += 1
            continue
        point, after = _character(text, place)
        if classes[point] != kind:
            break
        place = after
    return place


@inlined
def _contraction(text, place, stop):
    """The length of 's, 't, 're, 've, 'm, 'll or 'd at an apostrophe, else 0."""
    if place + 1 < stop:
        first = text[place + 1]
        if first == S or first == T or first == M or first == D:
            return 2
        if place + 2 < stop:
            second = text[place + 2]
            if (second == E and (first == R or first == V)) or (first == L and second == L):
                return 3
    return 0


@inlined
def _letters(word):
    """How many of the eight bytes of a word are ASCII letters before the first that is not."""
    small = (word | BLANKS) & LOW_BITS  # letters become small letters
    outside = ~((small + FROM_A) & ~(small + BEYOND_Z)) | word  # the high bit of each byte that is no letter
    return trailing_zeros(outside & HIGH_BITS) >> 3


@inlined
def _end(text, place, stop, classes):
    """The end of the pre-token that begins at `place` in a document that ends at `stop`."""
    # Most pre-tokens are a blank and up to seven ASCII letters, which are found together.
    if place + 9 <= stop:
        start = place + np.int64(text[place] == BLANK)
        length = _letters(load64(text, start))
        if 0 < length < 8 and text[start + length] < 0x80:
            return start + length
    first = text[place]
    point, after = _character(text, place)
    kind = classes[point]
    if kind != SPACE:
        length = _contraction(text, place, stop) if first == APOSTROPHE else 0
        return place + length if length else _end_of_run(text, after, stop, kind, classes)
    if first == BLANK and after < stop:
        point, beyond = _character(text, after)
        kind = classes[point]
        if kind != SPACE:
            return _end_of_run(text, beyond, stop, kind, classes)
    end = _end_of_run(text, after, stop, kind, classes)
    if after < end < stop:  # before other characters, the last of the white space belongs to the next pre-token
        end -= 1
        while text[end] & 0xC0 == 0x80:
            end -= 1
    return end


@inlined
def _part(text, start, size):
    """The `size` bytes from `start` on, at most eight, the first in the lowest bits."""
    if start + 8 <= len(text):
        return load64(text, start) & (ALL_BITS >> np.uint64(64 - 8 * size))
    part = np.uint64(0)
    for step in range(size):
        part |= np.uint64(text[start + step]) << np.uint64(8 * step)
    return part


@inlined
def _key(text, start, end, factor):
    size = end - start
    if size <= SHORT:
        return _part(text, start, size) | np.uint64(size) << np.uint64(56)
    key = factor ^ np.uint64(size)
    for place in range(start, end, 8):
        key = (key ^ _part(text, place, min(8, end - place))) * factor
        key ^= key >> np.uint64(29)
    return key | LONG_MARK


@inlined
def _slot(key, factor, mask):
    """Where the search for a key starts."""
    return ((key * factor) >> np.uint64(32)) & mask


@inlined
def _differ(text, start, end, blob, first, last):
    if end - start != last - first:
        return True
    for step in range(0, end - start, 8):
        size = min(8, end - start - step)
        if _part(text, start + step, size) != _part(blob, first + step, size):
            return True
    return False


@kernel(
    types.boolean,
    READ_BYTES, READ_INT64, READ_BYTES, READ_INT64, types.boolean,
    types.uint64, UINT64, INT32, BYTES, INT64,
    READ_UINT32, READ_INT64,
    INT64, UINT32, INT64, INT64,
)  # fmt: skip
def look_up(
    text, documents, classes, ends, numbered, factor, slots, rows, blob, offsets, ids, id_offsets, state, written, groups, missing
):
    """Write the ids of the pre-tokens of documents.

    Args:
        text: (bytes,) the documents' UTF-8, joined.
        documents: (documents,) where each ends.
        classes: (0x110000,) the class of every code point, for GPT-2's pre-tokens.
        ends: (pre-tokens,) where each ends; empty: GPT-2's pre-tokens.
        numbered: the id of a pre-token is its row, known at once.
        factor: an odd number, random so that nobody can prepare strings that collide.
        slots, rows: the table: a key (0: free) and up to three ids, and the row of the pre-token.
        blob, offsets: the pre-tokens of the rows, packed; half as many as slots.
        ids, id_offsets: the ids of the first rows, packed; the others are missing.
        state: (6,) from `PLACE` on; zeros at first, but for the number of rows.
        written: (bytes + 3,) receives the ids.
        groups: (2 · documents,) receives, for each document, where it ends in `written` and in `missing`.
        missing: (2 · bytes,) receives, for each pre-token whose ids are missing, its place in `written` and its row.

    Returns:
        Whether all is done; if not, the table or `blob` must grow, and the next call goes on.
    """
    place, item, count, size, gaps = state[PLACE], state[ITEM], state[ROWS], state[WRITTEN], state[MISSING]
    given, mask = len(ends) > 0, np.uint64(len(rows) - 1)
    for document in range(state[DOCUMENT], len(documents)):
        stop = documents[document]
        while place < stop:
            end = ends[item] if given else _end(text, place, stop, classes)
            key = _key(text, place, end, factor)
            slot = _slot(key, factor, mask)
            # Not a function of its own, because a call that passes so many arrays would cost more than everything else.
            while slots[2 * slot] and (
                slots[2 * slot] != key
                or (key >= LONG_MARK and _differ(text, place, end, blob, offsets[rows[slot]], offsets[rows[slot] + 1]))
            ):
                slot = (slot + ONE) & mask
            if slots[2 * slot] == 0:
                after = offsets[count] + end - place
                if 2 * count >= len(rows) or after > len(blob):
                    state[PLACE], state[DOCUMENT], state[ITEM] = place, document, item
                    state[ROWS], state[WRITTEN], state[MISSING] = count, size, gaps
                    return False
                slots[2 * slot], rows[slot] = key, count
                if numbered and np.uint64(count) <= ID_MASK:
                    slots[2 * slot + 1] = ONE << COUNT_SHIFT | np.uint64(count)
                for step in range(end - place):
                    blob[offsets[count] + step] = text[place + step]
                offsets[count + 1] = after
                count += 1
            held = slots[2 * slot + 1]
            number = np.int64(held >> COUNT_SHIFT)
            if number:
                written[size] = held & ID_MASK
                written[size + 1] = (held >> ID_BITS) & ID_MASK
                written[size + 2] = (held >> (ID_BITS + ID_BITS)) & ID_MASK
                size += number
            else:
                row = rows[slot]
                if numbered:
                    written[size] = row
                    size += 1
                elif row < len(id_offsets) - 1:
                    for one in range(id_offsets[row], id_offsets[row + 1]):
                        written[size] = ids[one]
                        size += 1
                else:
                    missing[2 * gaps], missing[2 * gaps + 1] = size, row
                    gaps += 1
            place = end
            item += 1
        groups[2 * document], groups[2 * document + 1] = size, gaps
    state[ROWS], state[WRITTEN], state[MISSING] = count, size, gaps
    return True


@kernel(types.void, types.uint64, UINT64, INT32, READ_BYTES, READ_INT64, READ_UINT32, READ_INT64, types.int64)
def settle(factor, slots, rows, blob, offsets, ids, id_offsets, first):
    """Write the ids of the rows from `first` on beside their keys, where there is room."""
    mask = np.uint64(len(rows) - 1)
    for row in range(first, len(id_offsets) - 1):
        slot = _slot(_key(blob, offsets[row], offsets[row + 1], factor), factor, mask)
        while rows[slot] != row or not slots[2 * slot]:
            slot = (slot + ONE) & mask
        number = id_offsets[row + 1] - id_offsets[row]
        held = np.uint64(number) << COUNT_SHIFT
        fits = 0 < number <= INLINE
        for step in range(min(number, INLINE)):
            token = np.uint64(ids[id_offsets[row] + step])
            fits &= token <= ID_MASK
            held |= token << (ID_BITS * np.uint64(step))
        if fits:
            slots[2 * slot + 1] = held


@kernel(types.void, UINT64, INT32, types.uint64, UINT64, INT32)
def rehash(slots, rows, factor, new_slots, new_rows):
    """Move all entries to a larger table."""
    mask = np.uint64(len(new_rows) - 1)
    for place in range(len(rows)):
        if slots[2 * place]:
            slot = _slot(slots[2 * place], factor, mask)
            while new_slots[2 * slot]:
                slot = (slot + ONE) & mask
            new_slots[2 * slot], new_slots[2 * slot + 1] = slots[2 * place], slots[2 * place + 1]
            new_rows[slot] = rows[place]
