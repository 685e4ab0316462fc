"""A corpus on disk: three splits of documents, memory-mapped so that its size does not matter.

Several jobs can share a split: shard i of n holds the documents that begin in the i-th of n equal parts of its bytes.

`train.txt`, `valid.txt` and `test.txt` hold the concatenated bytes of the documents, `*.offsets.npy` the start of each document.
`corpus.json` is written last, so a corpus that has it is complete.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gqvae.errors import UserError
from gqvae.files import json_digest, read_json, require_digest

SPLITS = ("train", "valid", "test")
RECORD = "corpus.json"


def split_paths(folder: Path, split: str) -> tuple[Path, Path]:
    """Files of a split: its text and the offsets of its documents."""
    return Path(folder) / f"{split}.txt", Path(folder) / f"{split}.offsets.npy"


class Shard(NamedTuple):
    """One of several parts of every split."""

    number: int  # from 1
    of: int


class DocumentStore:
    """The documents of one split, as UTF-8 `bytes` in order.

    Attributes:
        total_bytes: total bytes of all documents.
        digest: SHA-256 that changes with any byte of the split and any boundary between its documents.
        first: number of documents in earlier shards.
    """

    def __init__(self, text: mmap.mmap | bytes, offsets: npt.NDArray[np.int64], digest: str, first: int = 0) -> None:
        self._text, self._offsets = text, offsets
        self.total_bytes = int(offsets[-1] - offsets[0])
        self.digest, self.first = digest, first

    @classmethod
    def open(cls, folder: Path, split: str, shard: Shard | None = None) -> DocumentStore:
        """Map one split of a corpus, or a shard of it, into memory.

        For a shard the text's SHA-256 is not checked, since that would read the whole text. Merging checks it once for all shards.

        Raises:
            UserError: the corpus is missing, incomplete, or damaged.
        """
        if split not in SPLITS:
            raise UserError(f"There is no split {split!r}: choose one of {', '.join(SPLITS)}.")
        record = _split_record(Path(folder), split)
        path, offsets_path = split_paths(folder, split)
        again = f"delete {folder} and run `gqvae prepare-corpus` again"
        if shard is None:
            require_digest(path, record["sha256"], again)
        elif not path.is_file() or path.stat().st_size != record["bytes"]:
            raise UserError(f"{path} is missing or does not have the {record['bytes']} bytes that {RECORD} states: {again}.")
        require_digest(offsets_path, record["offsets_sha256"], again)
        offsets = np.load(offsets_path, mmap_mode="r", allow_pickle=False)
        if offsets.shape != (record["documents"] + 1,) or int(offsets[-1]) != record["bytes"]:
            raise UserError(f"{offsets_path} and {folder}/{RECORD} do not match: {again}.")
        with open(path, "rb") as stream:
            text = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) if record["bytes"] else b""
        whole = cls(text, offsets, json_digest(record))
        return whole if shard is None else whole.shard(shard)

    def shard(self, shard: Shard) -> DocumentStore:
        """A view of one shard; the shards of a small split may be empty."""
        number, of = shard
        bounds = [-(-place * self.total_bytes // of) for place in (number - 1, number)]  # rounded up
        first, end = np.searchsorted(self._offsets[:-1], np.array(bounds, dtype=np.int64)).tolist()
        end = len(self) if number == of else end
        return DocumentStore(self._text, self._offsets[first : end + 1], self.digest, first)

    def __len__(self) -> int:
        return len(self._offsets) - 1

    @property
    def sizes(self) -> npt.NDArray[np.int64]:
        """Bytes of each document, (documents,)."""
        return np.diff(self._offsets)

    def __iter__(self) -> Iterator[bytes]:
        start = int(self._offsets[0])
        for block in range(1, len(self._offsets), 4096):  # far faster than converting offsets to ints one by one
            for end in self._offsets[block : block + 4096].tolist():
                yield bytes(self._text[start:end])
                start = end


def _split_record(folder: Path, split: str) -> dict[str, Any]:
    """The entry of a split in `corpus.json`; the digest covers all of it."""
    if not folder.is_dir():
        raise UserError(f"{folder} does not exist: make a corpus there with `gqvae prepare-corpus`.")
    record = read_json(folder / RECORD)
    try:
        found = record["splits"][split]
        return {key: found[key] for key in ("documents", "bytes", "sha256", "offsets_sha256")}
    except (KeyError, TypeError):
        raise UserError(
            f"{folder / RECORD} does not describe the split {split}: delete it and prepare the corpus again."
        ) from None
