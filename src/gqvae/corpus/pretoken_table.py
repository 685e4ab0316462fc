"""The distinct pre-tokens of a text, in the order in which they first occur, and the ids of each."""

from __future__ import annotations

import os
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from gqvae.corpus.pretokenizers import pretokenizer
from gqvae.errors import UserError
from gqvae.kernels.packing import Packed, no_rows

FIRST_SLOTS = 1 << 15  # of the hash table, a power of two


class PretokenTable:
    """A growing table of pre-tokens.

    Args:
        name: the pre-tokenizer.
        segment: gives the ids of pre-tokens; None: the id of a pre-token is its row in this table.
    """

    def __init__(self, name: str, segment: Callable[[Packed], Packed] | None = None) -> None:
        from gqvae.kernels import pretokens  # importing numba takes most of a second

        self._kernels, self._pretokenizer, self._segment = pretokens, pretokenizer(name), segment
        self._factor = np.uint64(int.from_bytes(os.urandom(8), "little") | 1)
        self._slots, self._rows = np.zeros(2 * FIRST_SLOTS, np.uint64), np.zeros(FIRST_SLOTS, np.int32)
        self._blob, self._offsets = np.empty(8 * FIRST_SLOTS, np.uint8), np.zeros(FIRST_SLOTS // 2 + 1, np.int64)
        self._ids = no_rows(np.uint32)
        self._size = 0

    def __len__(self) -> int:
        return self._size

    @property
    def total_bytes(self) -> int:
        """Bytes of all pre-tokens."""
        return int(self._offsets[self._size])

    def since(self, first: int) -> Packed:
        """The pre-tokens from row `first` on."""
        offsets = self._offsets[first : self._size + 1]
        return Packed(self._blob[offsets[0] : offsets[-1]], offsets - offsets[0])

    def add(self, pretokens: Packed, ids: Packed) -> None:
        """Enter distinct pre-tokens whose ids are known into an empty table."""
        self._look_up(pretokens, np.empty(0, np.uint8), pretokens.offsets[1:])
        self._append(pretokens, ids)

    def encode(self, documents: Packed) -> Packed:
        """The ids of UTF-8 documents."""
        known = self._size
        found = self._look_up(documents, *self._pretokenizer.for_kernels(documents.values, documents.offsets[1:]))
        written, groups, missing = found
        if self._segment is None or self._size == known:
            return Packed(written, np.concatenate(([0], groups[::2])))
        from gqvae.kernels.gaps import fill

        new = self.since(known)
        self._append(new, self._segment(new))
        lengths = np.diff(self._ids.offsets)
        joined = np.empty(len(written) + int(lengths[missing[1::2]].sum()), np.uint32)
        offsets = np.zeros(documents.rows() + 1, np.int64)
        fill(written, groups, missing, *self._ids, joined, offsets[1:])
        return Packed(joined, offsets)

    def _look_up(
        self, documents: Packed, classes: npt.NDArray[np.uint8], ends: npt.NDArray[np.int64]
    ) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        text = documents.values
        written, missing = np.empty(len(text) + self._kernels.INLINE, np.uint32), np.empty(2 * len(text), np.int64)
        groups = np.zeros(2 * documents.rows(), np.int64)
        state = np.zeros(self._kernels.STATE, np.int64)
        state[self._kernels.ROWS] = self._size
        while not self._kernels.look_up(
            text, documents.offsets[1:], classes, ends, self._segment is None, self._factor, self._slots, self._rows,
            self._blob, self._offsets, *self._ids, state, written, groups, missing,
        ):  # fmt: skip
            self._size = int(state[self._kernels.ROWS])
            self._grow(len(text))
        self._size = int(state[self._kernels.ROWS])
        return written[: state[self._kernels.WRITTEN]].copy(), groups, missing[: 2 * state[self._kernels.MISSING]]

    def _grow(self, needed: int) -> None:
        """Double the table if it is half full, and make room for `needed` more bytes."""
        if self.total_bytes + needed > len(self._blob):
            self._blob = np.concatenate([self._blob, np.empty(max(len(self._blob), needed), np.uint8)])
        if 2 * self._size >= len(self._rows):
            slots, rows = np.zeros(2 * len(self._slots), np.uint64), np.zeros(2 * len(self._rows), np.int32)
            self._kernels.rehash(self._slots, self._rows, self._factor, slots, rows)
            self._slots, self._rows = slots, rows
            self._offsets = np.concatenate([self._offsets, np.zeros(len(self._offsets), np.int64)])

    def _append(self, pretokens: Packed, ids: Packed) -> None:
        """Append the ids of the last rows. The check matters, because buffers are sized for tokens of at least one byte."""
        if ids.rows() != pretokens.rows() or (np.diff(ids.offsets) > np.diff(pretokens.offsets)).any():
            raise UserError("A tokenizer gives a pre-token more tokens than it has bytes: it is broken; make it again.")
        first = self._ids.rows()
        self._ids = Packed(
            np.concatenate([self._ids.values, ids.values.astype(np.uint32, copy=False)]),
            np.concatenate([self._ids.offsets, self._ids.offsets[-1] + ids.offsets[1:]]),
        )
        self._kernels.settle(self._factor, self._slots, self._rows, self._blob, self._offsets, *self._ids, first)
