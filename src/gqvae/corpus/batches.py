"""Joins documents to batches of a few megabytes, so that a call of a kernel is worth its price."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gqvae.errors import UserError
from gqvae.kernels.packing import Packed, pack

BATCH_BYTES = 1 << 20


def batches(documents: Iterable[bytes]) -> Iterator[Packed]:
    """Pack UTF-8 documents, in order, into batches of about `BATCH_BYTES`; a longer document is a batch by itself.

    Raises:
        UserError: a document is not UTF-8.
    """
    waiting: list[bytes] = []
    size = 0
    for number, document in enumerate(documents):
        check_text(document, number)
        if size + len(document) > BATCH_BYTES and waiting:
            yield pack(waiting)
            waiting, size = [], 0
        waiting.append(document)
        size += len(document)
    if waiting:
        yield pack(waiting)


def check_text(document: bytes, number: int) -> None:
    """Raise a `UserError` unless a document is UTF-8; `number` is what the message calls it."""
    try:
        document.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UserError(f"Document {number} is not UTF-8 at byte {error.start:,}: convert it to UTF-8.") from None
