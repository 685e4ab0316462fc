"""Joins documents into batches of about half a megabyte, so that the cost of calling a kernel hardly matters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from gqvae.errors import UserError
from gqvae.kernels.packing import Packed, offsets_of

BATCH_BYTES = 1 << 19


def batches(documents: Iterable[bytes]) -> Iterator[Packed]:
    """Pack UTF-8 documents, in order, into batches of at least `BATCH_BYTES`; only the last may be smaller.

    Raises:
        UserError: a document is not UTF-8.
        TypeError: a document is not bytes.
    """
    batch: list[bytes] = []
    done = size = 0
    for document in documents:
        if not isinstance(document, bytes):
            raise TypeError(f"Documents are UTF-8 as bytes, not {type(document).__name__}: encode each with .encode().")
        batch.append(document)
        size += len(document)
        if size >= BATCH_BYTES:
            yield _checked(batch, done)
            done += len(batch)
            batch, size = [], 0
    if batch:
        yield _checked(batch, done)


def _checked(batch: list[bytes], first: int) -> Packed:
    """Pack documents, which messages number from `first`."""
    data = b"".join(batch)
    for number, document in enumerate(batch if not data.isascii() else (), start=first):
        try:
            document.decode("utf-8")
        except UnicodeDecodeError as error:
            raise UserError(f"Document {number} is not UTF-8 at byte {error.start:,}: convert it to UTF-8.") from None
    return Packed(np.frombuffer(data, dtype=np.uint8), offsets_of(map(len, batch)))
