"""Fills the gaps that `pretokens.look_up` leaves: the ids of pre-tokens that it met for the first time."""

from __future__ import annotations

from numba import types

from gqvae.kernels.compiled import INT64, READ_INT64, READ_UINT32, UINT32, kernel


@kernel(types.int64, READ_UINT32, READ_INT64, READ_INT64, READ_UINT32, READ_INT64, UINT32, INT64)
def fill(written, groups, missing, ids, id_offsets, joined, ends):
    """Put the missing ids in their places.

    Args:
        written, groups, missing: from `look_up`.
        ids, id_offsets: the ids of all rows, packed.
        joined: receives all ids.
        ends: (documents,) receives the end of each document in `joined`.

    Returns:
        How many ids.
    """
    done = 0  # of `written`
    size = 0
    gap = 0
    for document in range(len(ends)):
        while gap < groups[2 * document + 1]:
            for one in range(done, missing[2 * gap]):
                joined[size] = written[one]
                size += 1
            done = missing[2 * gap]
            row = missing[2 * gap + 1]
            for one in range(id_offsets[row], id_offsets[row + 1]):
                joined[size] = ids[one]
                size += 1
            gap += 1
        for one in range(done, groups[2 * document]):
            joined[size] = written[one]
            size += 1
        done = groups[2 * document]
        ends[document] = size
    return size
