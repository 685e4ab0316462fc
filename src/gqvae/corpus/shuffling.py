"""Text whose characters are out of order, from which a tokenizer learns less: the paper's weak BPE (§4) is trained on it.

The paper shuffles 70 % of the stories; it does not say how. Here whole documents are chosen by a hash of their content, and the
order of their characters follows from the same hash: no draw depends on another document.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from random import Random

from gqvae.corpus.splits import unit_hash

CHOICE, ORDER = b"shuffled", b"order"  # what a hash is for


def shuffled(documents: Iterable[bytes], share: float, seed: int) -> Iterator[bytes]:
    """UTF-8 documents, a share of them with their characters in random order."""
    for document in documents:
        if unit_hash(document, seed, CHOICE) >= share:
            yield document
            continue
        random = Random(unit_hash(document, seed, ORDER)).random  # alone promised to give the same numbers in every Python
        text = document.decode("utf-8")
        yield "".join(sorted(text, key=lambda _: random())).encode("utf-8")
