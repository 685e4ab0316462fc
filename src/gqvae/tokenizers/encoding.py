"""Encodes text: every distinct pre-token is segmented once, all others are looked up.

The first texts are encoded in Python. Kernels, which take most of a second to load, encode the rest.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from gqvae.corpus.distinct import DistinctStrings
from gqvae.corpus.pretokenizers import pretokenizer
from gqvae.errors import UserError
from gqvae.kernels.packing import Packed, pack, pack_ids

if TYPE_CHECKING:
    from gqvae.tokenizers.base import Tokenizer

BYTES_IN_PYTHON = 1 << 18  # about what Python encodes while kernels load
DISTINCT = 1 << 20  # pre-tokens; the cache is cleared beyond this number,
DISTINCT_BYTES = 1 << 26  # or beyond this size


class Encoder:
    """The encoder of one thread, with its cache."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer, self._bytes = tokenizer, 0
        self._known: dict[str, tuple[int, ...]] | None = None
        self._table: Table | None = None

    def encode_text(self, text: str, data: bytes) -> list[int]:
        """Ids of a text; `data` is its UTF-8."""
        if self._in_python(len(data)):
            return self._encode_in_python(text)
        return self.encode(pack([data])).values.tolist()

    def encode(self, documents: Packed) -> Packed:
        """Ids of UTF-8 documents."""
        if self._in_python(len(documents.values)):
            return pack_ids(self._encode_in_python(document.decode("utf-8")) for document in documents.strings())
        if self._table is None or self._table.is_full():
            self._table = Table(self._tokenizer)
        return self._table.encode(documents)

    def _in_python(self, size: int) -> bool:
        self._bytes += size
        return self._bytes < BYTES_IN_PYTHON

    def _encode_in_python(self, text: str) -> list[int]:
        if self._known is None:
            self._known = self._tokenizer.remembered()
        known, pretokens = self._known, self._tokenizer.split(text)
        missing = [pretoken for pretoken in dict.fromkeys(pretokens) if pretoken not in known]
        if missing:
            segmented = self._tokenizer.segment([pretoken.encode("utf-8") for pretoken in missing])
            known.update(zip(missing, map(tuple, segmented), strict=True))
        return list(chain.from_iterable(map(known.__getitem__, pretokens)))


class Table:
    """The ids of numbered pre-tokens."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        from gqvae.kernels import rows

        self._kernels, self._tokenizer = rows, tokenizer
        self._pretokenizer = pretokenizer(tokenizer.pretokenizer)
        self._distinct = DistinctStrings()
        self._ids, self._offsets = np.empty(0, np.uint32), np.zeros(1, np.int64)
        remembered = tokenizer.remembered()
        if remembered:
            pretokens = pack([pretoken.encode("utf-8") for pretoken in remembered])
            self._distinct.number(pretokens.values, pretokens.offsets[1:])
            self._append(pretokens, pack_ids(remembered.values()))

    def is_full(self) -> bool:
        """Whether it is time for an empty table."""
        return len(self._distinct) > DISTINCT or self._distinct.total_bytes > DISTINCT_BYTES

    def encode(self, documents: Packed) -> Packed:
        """Ids of UTF-8 documents."""
        ends, groups = self._pretokenizer.ends(documents.values, documents.offsets[1:])
        known = len(self._distinct)
        numbers = self._distinct.number(documents.values, ends)
        if len(self._distinct) > known:
            new = self._distinct.since(known)
            self._append(new, self._tokenizer.segment_packed(new))
        joined, offsets = np.empty(len(documents.values), np.uint32), np.zeros(len(groups) + 1, np.int64)
        size = self._kernels.join_ids(numbers, groups, self._ids, self._offsets, joined, offsets[1:])
        return Packed(joined[:size].copy(), offsets)

    def _append(self, pretokens: Packed, ids: Packed) -> None:
        """Take the ids of the pre-tokens numbered last. `encode` relies on this check: a token has at least one byte."""
        if ids.rows() != pretokens.rows() or (np.diff(ids.offsets) > np.diff(pretokens.offsets)).any():
            raise UserError(f"The {self._tokenizer.kind} tokenizer does not give every pre-token ids of its own: make it again.")
        self._offsets = np.concatenate([self._offsets, self._offsets[-1] + ids.offsets[1:]])
        self._ids = np.concatenate([self._ids, ids.values.astype(np.uint32, copy=False)])
