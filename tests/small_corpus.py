"""A small corpus with given documents."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gqvae.corpus.documents import RECORD, SPLITS, split_paths
from gqvae.corpus.splits import SplitWriter
from gqvae.files import write_json

DOCUMENTS = {
    "train": [b"the cat and the dog\tand\n\nthe end. " * 3, "é漢🙂 café".encode(), b"a", b"the dog " * 9, b"1 22 333"],
    "valid": ["naïve ß \u2028 end".encode()],
    "test": [b"one", b"two the"],
}


def write_corpus(folder: Path, **splits: Sequence[bytes]) -> Path:
    """Write a corpus with exactly these documents."""
    rows = {}
    folder.mkdir(parents=True)
    for split in SPLITS:
        paths = split_paths(folder, split)
        with open(paths[0], "wb") as text, open(paths[1], "wb") as offsets:
            writer = SplitWriter(text, offsets)
            for document in splits.get(split, ()):
                writer.add(document)
            rows[split] = writer.finish()
    write_json(folder / RECORD, {"splits": rows})
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    """All files of a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}
