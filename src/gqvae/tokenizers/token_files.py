"""An encoded corpus: the token ids of all documents in one flat, memory-mapped file per split.

`{split}.bin` holds the concatenated ids of the documents, with no end-of-document token in between. `{split}.offsets.npy` (int64,
documents + 1) holds the start of each document in tokens. `tokens.json` holds the dtype, the number of bytes of each id and the
digest of the tokenizer. For each split it holds the numbers of documents, tokens and bytes, and the digests of its files, which
are compared on opening. A language model needs nothing else of a tokenizer. Writing checks that the tokens of each document add
up to its bytes; bits per byte would be wrong otherwise.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gqvae.config import BYTE_VALUES
from gqvae.errors import UserError
from gqvae.files import atomic_open, file_digest, read_json, require_digest, write_array, write_json
from gqvae.kernels.packing import Packed

RECORD = "tokens.json"
CHANGED, LOST = "documents_changed", "bytes_lost"  # keys of a split, of tokenizers that do not promise to be lossless
AGAIN = "delete its folder and encode the corpus again"

Ids = npt.NDArray[np.uint16] | npt.NDArray[np.uint32]
Sizes = npt.NDArray[np.int64]


def token_dtype(vocab_size: int) -> np.dtype[Any]:
    """The type of the ids on disk: the smaller of uint16 and uint32 that holds them."""
    return np.dtype(np.uint16 if vocab_size <= 1 << 16 else np.uint32)


def write_split(
    folder: Path,
    split: str,
    encoded: Iterable[Packed],
    byte_lengths: npt.NDArray[Any],
    document_bytes: npt.NDArray[Any],
    first: int = 0,
    lossless: bool = True,
) -> dict[str, Any]:
    """Write one split while it is encoded; memory holds one batch of documents.

    Args:
        encoded: token ids in batches, a row for each document.
        byte_lengths: (V,) as in `Vocabulary`.
        document_bytes: (documents,) UTF-8 bytes of each document.
        first: from which messages number the documents.
        lossless: whether the tokens of a document must add up to its bytes; else the caller compares them.

    Returns:
        The split's entry of `tokens.json`: documents, tokens, bytes, and digests of the two files.

    Raises:
        UserError: the tokens of a document do not add up to its bytes, or an id is not a token of text.
    """
    lengths, dtype = np.asarray(byte_lengths, dtype=np.int64), token_dtype(len(byte_lengths))
    offsets, digest = array("q", [0]), hashlib.sha256()
    with atomic_open(Path(folder) / f"{split}.bin", "wb") as stream:
        for batch in encoded:
            done = len(offsets) - 1
            expected = document_bytes[done : done + batch.rows()]
            _check_ids(split, batch, expected, lengths)
            if lossless:
                _check_bytes(split, first + done, batch, expected, lengths)
            block = batch.values.astype(dtype).tobytes()
            stream.write(block)
            digest.update(block)
            offsets.frombytes((batch.offsets[1:] + offsets[-1]).tobytes())
    if len(offsets) - 1 < len(document_bytes):
        raise UserError(f"{folder}: only {len(offsets) - 1} documents of {split} were encoded: encode the corpus again.")
    write_array(Path(folder) / f"{split}.offsets.npy", np.asarray(offsets, dtype=np.int64))
    return {
        "documents": len(offsets) - 1,
        "tokens": offsets[-1],
        "bytes": int(document_bytes.sum()),
        "sha256": digest.hexdigest(),
        "offsets_sha256": file_digest(Path(folder) / f"{split}.offsets.npy"),
    }


def write_record(
    folder: Path, byte_lengths: npt.NDArray[Any], tokenizer: str, pretokenizer: str, splits: dict[str, dict[str, Any]]
) -> None:
    """Write `tokens.json`, last, so that an encoded corpus that has it is complete.

    `byte_lengths` (V,) are as in `Vocabulary`, `tokenizer` is a digest, and `splits` are entries from `write_split`.
    """
    record = {"vocab_size": len(byte_lengths), "dtype": token_dtype(len(byte_lengths)).name, "tokenizer": tokenizer}
    record["pretokenizer"] = pretokenizer
    write_json(Path(folder) / RECORD, {**record, "byte_lengths": byte_lengths.tolist(), "splits": splits})


@dataclass(frozen=True)
class Vocabulary:
    """What an encoded corpus records about its tokenizer."""

    # (V,) bytes that each id stands for. That of the end of a document is 0, or minus the bytes that an external tokenizer puts in
    # front of every document: a document and its end add up to the document's bytes.
    byte_lengths: npt.NDArray[np.int64]
    tokenizer: str  # its digest
    pretokenizer: str  # name of the pre-tokenizer

    @classmethod
    def of(cls, folder: Path) -> Vocabulary:
        """Read it from `tokens.json`.

        Raises:
            UserError: the record is missing or damaged.
        """
        record = read_json(Path(folder) / RECORD)
        try:
            lengths = np.array(record["byte_lengths"], dtype=np.int64)
            if len(lengths) != record["vocab_size"]:
                raise ValueError("other sizes")
            return cls(lengths, str(record["tokenizer"]), str(record["pretokenizer"]))
        except (KeyError, TypeError, ValueError):
            raise UserError(f"{Path(folder) / RECORD} does not describe its vocabulary: {AGAIN}.") from None


def require_lossless(folder: Path) -> None:
    """Refuse an encoded corpus whose tokens do not hold its text: bits per byte of tokens would not be those of the text.

    Raises:
        UserError: some documents do not come back from their tokens; the message says how many.
    """
    for split, row in read_json(Path(folder) / RECORD).get("splits", {}).items():
        if changed := row.get(CHANGED):
            raise UserError(
                f"{changed:,} of {row['documents']:,} documents of {split} do not come back from the tokens in {folder}, so bits per "
                "byte of the text cannot be measured: set language_model: false for this arm, or use a lossless tokenizer."
            )


def _check_ids(split: str, batch: Packed, expected: Sizes, lengths: Sizes) -> None:
    """Refuse ids that are no tokens of text in this vocabulary."""
    ids = batch.values
    if len(expected) != batch.rows():
        raise UserError(f"More documents of {split} were encoded than the corpus has: encode the corpus again.")
    if ids.size and (ids.max() >= len(lengths) or (ids == BYTE_VALUES).any()):
        raise UserError(
            f"The encoded {split} split holds an id without text in its vocabulary of {len(lengths)}: make the tokenizer again."
        )


def _check_bytes(split: str, first: int, batch: Packed, expected: Sizes, lengths: Sizes) -> None:
    """Refuse documents (numbered from `first`) whose tokens do not add up to their bytes."""
    found = np.diff(np.concatenate(([0], np.cumsum(lengths[batch.values])))[batch.offsets])
    wrong = np.flatnonzero(found != expected)
    if wrong.size:
        place = int(wrong[0])
        raise UserError(
            f"The tokens of document {first + place} of {split} stand for {found[place]} bytes, but its text has "
            f"{expected[place]}: the tokenizer is not lossless; make it again."
        )


class TokenFile:
    """The encoded documents of one split.

    Attributes:
        ids: (tokens,) ids of all documents, memory-mapped.
        offsets: (documents + 1,) int64, where each document begins in `ids`.
        vocab_size: ids V of the tokenizer.
        total_bytes: UTF-8 bytes of the text.
    """

    def __init__(self, ids: Ids, offsets: npt.NDArray[np.int64], vocab_size: int, total_bytes: int) -> None:
        self.ids, self.offsets, self.vocab_size, self.total_bytes = ids, offsets, vocab_size, total_bytes

    @classmethod
    def open(cls, folder: Path, split: str) -> TokenFile:
        """Map one split of an encoded corpus into memory.

        Raises:
            UserError: a file is missing or damaged, or the files do not match.
        """
        folder = Path(folder)
        record = read_json(folder / RECORD)
        try:
            vocab_size, dtype, row = int(record["vocab_size"]), np.dtype(record["dtype"]), record["splits"][split]
            documents, tokens, size = int(row["documents"]), int(row["tokens"]), int(row["bytes"])
        except (KeyError, TypeError, ValueError):
            raise UserError(f"{folder / RECORD} does not describe the split {split}: {AGAIN}.") from None
        path, offsets_path = folder / f"{split}.bin", folder / f"{split}.offsets.npy"
        for file, key in ((path, "sha256"), (offsets_path, "offsets_sha256")):
            require_digest(file, row.get(key), AGAIN)
        try:
            offsets = np.load(offsets_path, mmap_mode="r", allow_pickle=False)
            ids: Ids = np.memmap(path, dtype=dtype, mode="r") if path.stat().st_size else np.empty(0, dtype=dtype)
        except (OSError, ValueError, EOFError) as error:
            raise UserError(f"{path} or {offsets_path} is damaged ({error}): {AGAIN}.") from None
        if len(ids) != tokens or offsets.dtype != np.int64 or offsets.shape != (documents + 1,) or offsets[-1] != tokens:
            raise UserError(f"{path} and {offsets_path} do not match {folder / RECORD}: {AGAIN}.")
        return cls(ids, offsets, vocab_size, size)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def document(self, index: int) -> Ids:
        """The token ids of one document."""
        if not 0 <= index < len(self):
            raise IndexError(f"document {index} of {len(self)}")
        return self.ids[self.offsets[index] : self.offsets[index + 1]]

    def __iter__(self) -> Iterator[Ids]:
        return (self.document(index) for index in range(len(self)))
