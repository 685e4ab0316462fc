"""Encodes text: every distinct pre-token is segmented once, all others are looked up.

The first texts of a process are encoded in Python. Kernels, which take most of a second to load, encode the rest.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, ClassVar

from gqvae.corpus.pretoken_table import PretokenTable
from gqvae.corpus.pretokenizers import WHOLE
from gqvae.kernels.packing import Packed, pack, pack_ids

if TYPE_CHECKING:
    from gqvae.tokenizers.base import Tokenizer

BYTES_IN_PYTHON = 1 << 18  # about what Python encodes while kernels load
DISTINCT = 1 << 18  # pre-tokens; the cache is cleared beyond this number,
DISTINCT_BYTES = 1 << 25  # or beyond this size


class Encoder:
    """An encoder with its cache, for one thread at a time."""

    seen: ClassVar[int] = 0  # bytes that the process has encoded

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._whole = tokenizer.pretokenizer == WHOLE  # whole documents hardly repeat: nothing is remembered
        self._known: dict[str, tuple[int, ...]] | None = None
        self._table: PretokenTable | None = None

    def load_kernels(self) -> None:
        """Use kernels from now on."""
        Encoder.seen += BYTES_IN_PYTHON
        self.encode(pack([b"a"]))

    def encode_text(self, text: str) -> list[int]:
        """Ids of a text."""
        if not self._whole and self._in_python(len(text)):
            return self._encode_in_python(text)
        return self.encode(pack([text.encode("utf-8")])).values.tolist()

    def encode(self, documents: Packed) -> Packed:
        """Ids of UTF-8 documents."""
        if self._whole:
            return self._tokenizer.segment_packed(documents)
        if self._in_python(len(documents.values)):
            return pack_ids(self._encode_in_python(document.decode("utf-8")) for document in documents.strings())
        table = self._table
        if table is None or len(table) > DISTINCT or table.total_bytes > DISTINCT_BYTES:
            table = self._table = self._new_table()
            self._known = None
        return table.encode(documents)

    def _new_table(self) -> PretokenTable:
        table = PretokenTable(self._tokenizer.pretokenizer, self._tokenizer.segment_packed)
        remembered = self._tokenizer.remembered()
        if remembered:
            table.add(pack([pretoken.encode("utf-8") for pretoken in remembered]), pack_ids(remembered.values()))
        return table

    def _in_python(self, size: int) -> bool:
        Encoder.seen += size
        return Encoder.seen < BYTES_IN_PYTHON

    def _encode_in_python(self, text: str) -> list[int]:
        if self._known is None:
            self._known = self._tokenizer.remembered()
        known, pretokens = self._known, self._tokenizer.split(text)
        missing = [pretoken for pretoken in dict.fromkeys(pretokens) if pretoken not in known]
        if missing:
            segmented = self._tokenizer.segment([pretoken.encode("utf-8") for pretoken in missing])
            known.update(zip(missing, map(tuple, segmented), strict=True))
        return list(chain.from_iterable(map(known.__getitem__, pretokens)))
