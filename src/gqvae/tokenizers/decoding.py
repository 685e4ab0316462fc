"""Decodes token ids: the first ones in Python, the rest by a kernel, which takes most of a second to load."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, SupportsIndex

import numpy as np

from gqvae.errors import UserError
from gqvae.kernels.packing import Packed, offsets_of

if TYPE_CHECKING:
    from gqvae.kernels.decoding import Joiner

IDS_IN_PYTHON = 1 << 20  # about what Python decodes while kernels load
BATCH_IDS = 1 << 16  # of documents decoded together

Ids = np.ndarray | Sequence[int]


def _row(ids: object) -> Ids:
    """Ids as an array or a list."""
    if isinstance(ids, np.ndarray):
        if ids.ndim != 1:
            raise _no_row(f"an array of shape {ids.shape}")
        return ids
    if isinstance(ids, str | bytes) or not isinstance(ids, Iterable):
        raise _no_row(type(ids).__name__)
    return list(ids)


def _no_row(what: str) -> TypeError:
    return TypeError(f"Token ids are a row of whole numbers, not {what}: decode one row, or several with decode_documents.")


class Decoder:
    """The decoder of a vocabulary; all threads may use it."""

    def __init__(self, token_bytes: list[bytes]) -> None:
        self._token_bytes, self._seen = token_bytes, 0
        self._joiner: Joiner | None = None

    def load_kernels(self) -> None:
        """Use kernels from now on."""
        if self._joiner is None:
            from gqvae.kernels.decoding import Joiner

            self._joiner = Joiner(self._token_bytes)

    def decode(self, ids: Iterable[int] | np.ndarray) -> bytes:
        """The bytes of token ids.

        Raises:
            UserError: an id is outside the vocabulary.
            TypeError: it is no row of whole numbers.
        """
        ids = _row(ids)
        if (joiner := self._loaded(len(ids))) is None or (array := self._array(ids)) is None:
            return self._in_python(ids)
        joined = joiner.join(array)
        return self._in_python(ids) if joined is None else joined

    def decode_documents(self, documents: Iterable[Iterable[int] | np.ndarray]) -> Iterator[str]:
        """The text of each document, in batches; errors as `decode`. Bytes that are not UTF-8 become U+FFFD."""
        batch: list[Ids] = []
        size = 0
        for document in documents:
            batch.append(_row(document))
            size += len(batch[-1])
            if size >= BATCH_IDS:
                yield from self._texts(batch)
                batch, size = [], 0
        yield from self._texts(batch)

    def _texts(self, batch: list[Ids]) -> Iterator[str]:
        joined = self._join(batch)
        if joined is None:
            for ids in batch:
                yield self._in_python(ids).decode("utf-8", errors="replace")
            return
        data = joined.values.data
        for start, end in pairwise(joined.offsets.tolist()):
            yield str(data[start:end], "utf-8", "replace")

    def _join(self, batch: list[Ids]) -> Packed | None:
        """The bytes of each row by the kernel; None: it is not loaded, or some ids are outside the vocabulary."""
        joiner = self._loaded(sum(map(len, batch)))
        if joiner is None or not batch:
            return None
        arrays = [array for ids in batch if (array := self._array(ids)) is not None]
        if len(arrays) < len(batch):
            return None
        return joiner.join_rows(Packed(np.concatenate(arrays), offsets_of(map(len, arrays))))

    def _loaded(self, ids: int) -> Joiner | None:
        """The kernel, once it is worth its loading; `ids` are to be decoded now."""
        self._seen += ids
        if self._seen > IDS_IN_PYTHON:
            self.load_kernels()
        return self._joiner

    def _array(self, ids: Ids) -> np.ndarray | None:
        """Ids for the kernel; None: some are not ids of any vocabulary."""
        try:
            array = ids if isinstance(ids, np.ndarray) else np.array(ids, dtype=None if ids else np.uint32)
        except ValueError:  # rows of different lengths
            return None
        if array.ndim != 1:
            return None
        if array.dtype == np.uint32:
            return array if array.flags.c_contiguous else np.ascontiguousarray(array)
        if array.dtype.kind not in "iu" or (array.size and not 0 <= array.min() <= array.max() < len(self._token_bytes)):
            return None
        return array.astype(np.uint32)

    def _in_python(self, ids: Ids) -> bytes:
        ids = ids.tolist() if isinstance(ids, np.ndarray) else ids
        try:
            if ids and min(ids) < 0:
                raise UserError(f"Token id {min(ids)} is negative: ids start at 0.")
            return b"".join(map(self._token_bytes.__getitem__, ids))
        except (TypeError, RuntimeError, ValueError):  # also of torch's comparisons
            kind = next((type(one).__name__ for one in ids if not isinstance(one, SupportsIndex)), type(ids[0]).__name__)
            raise _no_row(f"a row of {kind}") from None
        except IndexError:
            if max(ids) == len(self._token_bytes):
                raise UserError(
                    f"Token id {max(ids)} is that of padding, which stands for no text: remove it, or use the tokenizer that made it."
                ) from None
            raise UserError(
                f"Token id {max(ids)} is not below the vocabulary size {len(self._token_bytes)}: use the tokenizer that made it."
            ) from None
