"""Splits UTF-8 text as GPT-2's expression does (`corpus/pretokenizers/gpt2.py`)."""

from __future__ import annotations

import numpy as np
from numba import types

from gqvae.kernels.compiled import INT64, READ_BYTES, READ_INT64, inlined, kernel

SPACE = 3  # the class of white space; of the others, only equality counts
BLANK, APOSTROPHE = ord(" "), ord("'")
S, T, R, E, V, M, L, D = b"strevmld"


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
        if first < 0x80:  # this line alone would do, but most text is ASCII
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


@kernel(types.int64, READ_BYTES, READ_INT64, READ_BYTES, INT64, INT64)
def split(text, documents, classes, ends, counts):
    """Find the pre-tokens of documents.

    Args:
        text: (bytes,) the documents' UTF-8, joined.
        documents: (documents,) where each ends.
        classes: (0x110000,) the class of every code point.
        ends: (bytes,) receives the end of each pre-token.
        counts: (documents,) receives the number of pre-tokens up to the end of each document.

    Returns:
        The number of pre-tokens.
    """
    found = 0
    place = 0
    for document in range(len(documents)):
        stop = documents[document]
        while place < stop:
            point, after = _character(text, place)
            first = text[place]
            kind = classes[point]
            length = _contraction(text, place, stop) if first == APOSTROPHE else 0
            if kind == SPACE:
                if first == BLANK and after < stop:
                    point, beyond = _character(text, after)
                    kind = classes[point]
                    if kind != SPACE:
                        after = beyond
                end = _end_of_run(text, after, stop, kind, classes)
                if kind == SPACE and after < end < stop:  # the last character of white space before others is left
                    end -= 1
                    while text[end] & 0xC0 == 0x80:
                        end -= 1
            elif length:
                end = place + length
            else:
                end = _end_of_run(text, after, stop, kind, classes)
            ends[found] = end
            found += 1
            place = end
        counts[document] = found
    return found
