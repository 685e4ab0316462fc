"""Joins rows of a packed table: the ids of pre-tokens, the bytes of tokens."""

from __future__ import annotations

from numba import types

from gqvae.kernels.compiled import BYTES, INT64, READ_BYTES, READ_INT32, READ_INT64, READ_UINT32, UINT32, kernel


@kernel(types.int64, READ_INT32, READ_INT64, READ_UINT32, READ_INT64, UINT32, INT64)
def join_ids(rows, groups, values, offsets, joined, ends):
    """Join rows of ids.

    Args:
        rows: (n,) which rows.
        groups: (g,) ends of groups of `rows`.
        values, offsets: the table: row r is values[offsets[r]:offsets[r + 1]].
        joined: receives the values.
        ends: (g,) receives the end of each group in `joined`.

    Returns:
        How many values.
    """
    done = 0
    item = 0
    for group in range(len(groups)):
        while item < groups[group]:
            row = rows[item]
            for place in range(offsets[row], offsets[row + 1]):
                joined[done] = values[place]
                done += 1
            item += 1
        ends[group] = done
    return done


@kernel(types.int64, READ_UINT32, READ_BYTES, READ_INT64, BYTES)
def join_bytes(rows, values, offsets, joined):
    """Join the bytes of `rows`; as `join_ids`, without groups."""
    done = 0
    for item in range(len(rows)):
        row = rows[item]
        for place in range(offsets[row], offsets[row + 1]):
            joined[done] = values[place]
            done += 1
    return done
