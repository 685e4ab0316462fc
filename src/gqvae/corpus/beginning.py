"""The first documents of a text, as many as a measurement needs."""

from __future__ import annotations

from collections.abc import Iterable


def beginning(documents: Iterable[bytes], size: int) -> list[bytes]:
    """The first documents, until they have at least `size` bytes together."""
    found, total = list[bytes](), 0
    for document in documents:
        found.append(document)
        total += len(document)
        if total >= size:
            break
    return found
