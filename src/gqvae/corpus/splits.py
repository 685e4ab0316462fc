"""Writes a source as a corpus: a keyed hash of a document's bytes decides which of three splits it goes to.

So the split needs no list of documents, does not depend on their order, and never separates equal documents.
Memory holds only the offsets (8 bytes a document), and the hashes of the test documents if the source has a test split.
"""

from __future__ import annotations

import hashlib
import io
import sys
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from gqvae.corpus.documents import RECORD, SPLITS, split_paths
from gqvae.corpus.hashing import unit_hash
from gqvae.corpus.sources import Source
from gqvae.errors import UserError
from gqvae.files import atomic_open, write_json
from gqvae.progress import Progress

if TYPE_CHECKING:
    from gqvae.config.corpus_base import CorpusBase


def choose_split(document: bytes, seed: int, valid_fraction: float, test_fraction: float) -> str:
    """The split a document belongs to."""
    place = unit_hash(document, seed, b"split")
    if place < test_fraction:
        return "test"
    return "valid" if place < test_fraction + valid_fraction else "train"


class SplitWriter:
    """Writes one split: text goes to disk at once, offsets at the end."""

    def __init__(self, text: IO[bytes], offsets: IO[bytes]) -> None:
        self._text, self._offsets_file = text, offsets
        self._offsets, self._digest = array("q", [0]), hashlib.sha256()

    def add(self, document: bytes) -> None:
        """Append one document."""
        self._text.write(document)
        self._digest.update(document)
        self._offsets.append(self._offsets[-1] + len(document))

    def finish(self) -> dict[str, Any]:
        """Write the offsets and return the split's entry of `corpus.json`."""
        buffer = io.BytesIO()
        np.save(buffer, np.frombuffer(self._offsets, dtype=np.int64), allow_pickle=False)
        self._offsets_file.write(buffer.getbuffer())
        return {
            "documents": len(self._offsets) - 1,
            "bytes": self._offsets[-1],
            "sha256": self._digest.hexdigest(),
            "offsets_sha256": hashlib.sha256(buffer.getbuffer()).hexdigest(),
        }


def write_corpus(
    folder: Path, source: Source, settings: CorpusBase, needed: Sequence[str] = SPLITS, also: str = ""
) -> dict[str, Any]:
    """Stream a source into the three splits under `folder`; nothing is visible until all of it is complete.

    Blank documents and copies of the source's test documents are dropped and counted. Reading stops with the document that
    reaches `settings.max_bytes`; the source's test documents are always read in full. If the text is not divided, it may be one
    document, however long.

    Args:
        folder: where the splits go.
        source: its documents.
        settings: its settings.
        needed: the splits that must have documents.
        also: what also helps against too few documents, with which that advice ends.

    Returns:
        The content of `corpus.json`.

    Raises:
        UserError: not UTF-8, too few documents for the splits that are `needed`, or no space on the disk.
    """
    folder = Path(folder)
    dropped: Counter[str] = Counter()
    total = min(filter(None, (settings.max_bytes, source.expected_bytes)), default=None)
    if source.cut:
        source.cut.also = also
        if not settings.divided:
            source.cut.longest = sys.maxsize
    with ExitStack() as files, Progress(f"preparing {source.label}", total, "B") as progress:
        writers = {
            split: SplitWriter(*(files.enter_context(atomic_open(path, "wb")) for path in split_paths(folder, split)))
            for split in SPLITS
        }
        own_test = source.test_documents is not None
        held_out: set[bytes] = set()
        for document in _checked(source.test_documents or iter(()), f"{source.label} (test)", dropped):
            writers["test"].add(document)
            held_out.add(hashlib.blake2b(document, digest_size=16).digest())
            progress.update(len(document))
        taken = 0
        for document in _checked(source.documents, source.label, dropped):
            if held_out and hashlib.blake2b(document, digest_size=16).digest() in held_out:
                dropped["equal_to_test"] += 1
                continue
            test_fraction = 0.0 if own_test else settings.test_fraction
            writers[choose_split(document, settings.seed, settings.valid_fraction, test_fraction)].add(document)
            progress.update(len(document))
            taken += len(document)
            if settings.max_bytes is not None and taken >= settings.max_bytes:
                break
        splits = {split: writer.finish() for split, writer in writers.items()}
        documents = {split: row["documents"] for split, row in splits.items()}
        _require_documents(source, documents, needed, 2 if settings.divided else 1, also)
        # The record of an earlier corpus must not vouch for the new files.
        (folder / RECORD).unlink(missing_ok=True)
    record = {
        "source": settings.model_dump()["source"],
        "label": source.label,
        "synthetic": source.synthetic,
        "settings": settings.model_dump(mode="json"),
        "splits": splits,
        **({"cut": source.cut.sentence()} if source.cut else {}),
        **({"sha256": source.sha256} if source.sha256 else {}),
        "dropped": dict(sorted((dropped + source.dropped).items())),
    }
    write_json(folder / RECORD, record)
    return record


def _checked(documents: Iterator[bytes], label: str, dropped: Counter[str]) -> Iterator[bytes]:
    """Pass on the documents; drop and count blank ones, refuse any that is not UTF-8."""
    for index, document in enumerate(documents):
        try:
            blank = not document or document.decode("utf-8").isspace()
        except UnicodeDecodeError as error:
            raise UserError(f"{label}: document {index} is not UTF-8 at byte {error.start}: convert it to UTF-8.") from None
        if blank:
            dropped["blank"] += 1
        else:
            yield document


def _require_documents(source: Source, documents: dict[str, int], needed: Sequence[str], least: int, also: str) -> None:
    """Refuse a corpus of fewer documents than `least` or than its splits, or one that leaves a needed split empty."""
    label, own_test = source.label, source.test_documents is not None
    if own_test and "test" in needed and not documents["test"]:
        raise UserError(f"{label}: the test file holds no documents: give one that is not empty.")
    found = sum(documents.values()) - (documents["test"] if own_test else 0)
    if found == 0:
        raise UserError(f"{label}: it holds no documents (blank ones and copies of test documents do not count): give more text.")
    count = "only one document" if found == 1 else f"{found} documents"
    fewest = max(least, len(needed) - own_test)
    if found < fewest:
        advice = source.cut.advice() if source.cut else f"give more documents{also}"
        raise UserError(f"{label}: it holds {count}, and the splits need at least {fewest}: {advice}.")
    empty = [split for split in needed if not documents[split]]
    if empty:
        keys = "the corpus's `seed`" if "train" in empty else "its `valid_fraction`, `test_fraction` or `seed`"
        raise UserError(
            f"{label}: its {count} leave the {' and the '.join(empty)} split empty: give more documents, or change {keys}{also}."
        )
