"""Text with shuffled characters, from which a tokenizer learns less: the paper trains its weak BPE (§4) on it.

The paper shuffles 70 % of the stories but does not say how. Here hashes of a document's content decide whether it is shuffled
and in which order, so no draw depends on another document.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from random import Random

from gqvae.corpus.hashing import unit_hash

CHOICE, ORDER = b"shuffled", b"order"  # purposes of `unit_hash`


def shuffled(documents: Iterable[bytes], share: float, seed: int) -> Iterator[bytes]:
    """Shuffle the characters of a share of UTF-8 documents."""
    for document in documents:
        if unit_hash(document, seed, CHOICE) >= share:
            yield document
            continue
        random = Random(unit_hash(document, seed, ORDER)).random  # its only method guaranteed to be the same in every Python
        text = document.decode("utf-8")
        yield "".join(sorted(text, key=lambda _: random())).encode("utf-8")
