"""Tokenizers made by other programs, read from their own files and run by their own libraries.

They see whole documents, because their pre-tokens, if they have any, are their own. Their ids are kept up to 255 and move up by one
from 256 on, the id of our end of a document.

Nothing promises that such a tokenizer gives the text back. A document *comes back* if the bytes of its tokens, joined, are its
bytes after a `prefix`, the space that some tokenizers put in front of every text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any

import numpy as np

from gqvae.config import BYTE_VALUES, END_OF_DOCUMENT
from gqvae.corpus.documents import SPLITS, DocumentStore
from gqvae.corpus.pretokenizers import WHOLE
from gqvae.errors import UserError
from gqvae.files import atomic_open, given_path, seen_from
from gqvae.kernels.packing import Packed, pack, pack_ids
from gqvae.tokenizers.base import EXPORTED, MANIFEST, Tokenizer, load_tokenizer
from gqvae.tokenizers.byte_level import to_text
from gqvae.tokenizers.external_formats import READERS
from gqvae.tokenizers.readable import readable

COPIES = {".json": EXPORTED, ".tiktoken": "ranks.tiktoken", ".model": "external.model"}  # names in a saved folder
CHECKED_BYTES = 1 << 20  # text of each split that must come back before the study goes on
SHOWN_BYTES = 12  # on each side of the first difference


class ExternalTokenizer(Tokenizer):
    """A tokenizer of another library.

    Args:
        data: the content of its file.
        suffix: of the file's name, a key of `READERS`.
        pattern: the pre-tokenization expression of a file of ranks.
        name: what messages call the file.

    Raises:
        UserError: the file is damaged, or is not a tokenizer whose tokens stand for bytes.
    """

    kind = "external"
    pretokenizer = WHOLE
    lossless = False

    def __init__(self, data: bytes, suffix: str, pattern: str | None = None, name: str = "the tokenizer") -> None:
        self._data, self._suffix, self._pattern = data, suffix, pattern
        self._source = READERS[suffix](data, pattern, name)
        tokens = self._source.tokens
        super().__init__(tokens[BYTE_VALUES:])
        self.token_bytes[:BYTE_VALUES] = [*tokens[:BYTE_VALUES], *[b""] * (BYTE_VALUES - len(tokens))]
        self.prefix = b" " if self.decode_bytes(self.encode("a")).startswith(b" ") else b""

    def segment(self, pretokens: Sequence[bytes]) -> Iterable[Sequence[int]]:
        """Ids of whole texts."""
        return self.segment_packed(pack(pretokens)).lists()

    def segment_packed(self, pretokens: Packed) -> Packed:
        """Ids of whole texts."""
        found = pack_ids(self._source.encode([text.decode("utf-8") for text in pretokens.strings()]))
        return Packed(found.values + (found.values >= END_OF_DOCUMENT).astype(np.uint32), found.offsets)

    def settings(self) -> dict[str, Any]:
        """What the file does not say and, for those who read the manifest alone, the first tokens, which are not the bytes."""
        first = [to_text(token) for token in self.token_bytes[:BYTE_VALUES]]
        return {"suffix": self._suffix, "pattern": self._pattern, "first": first}

    def write_files(self, folder: Path) -> list[str]:
        """A copy of the file."""
        with atomic_open(folder / COPIES[self._suffix], "wb") as stream:
            stream.write(self._data)
        return [COPIES[self._suffix]]

    @classmethod
    def from_parts(cls, strings: list[bytes], settings: dict[str, Any], folder: Path) -> ExternalTokenizer:
        """Read the copy."""
        path = folder / COPIES[settings["suffix"]]
        return cls(path.read_bytes(), settings["suffix"], settings["pattern"], str(path))


def source_file(path: Path | str) -> Path:
    """The file that defines an external tokenizer: `path`, or the `tokenizer.json` in it.

    Raises:
        UserError: there is none, or its name does not say what it is.
    """
    path = given_path(path)
    if path.is_dir():
        if not (path / EXPORTED).is_file():
            raise UserError(f"{path} holds no {EXPORTED}: give the file of the tokenizer ({', '.join(READERS)}).")
        return path / EXPORTED
    if not path.is_file():
        raise UserError(
            f"{path} does not exist{seen_from(path)}: give the file of the tokenizer ({', '.join(READERS)}), or a folder with {EXPORTED}."
        )
    if path.suffix == ".json" and path.name != EXPORTED and (path.parent / MANIFEST).exists():
        raise UserError(f"{path} is one of the files of a tokenizer: give the folder {path.parent}.")
    if path.suffix not in READERS:
        raise UserError(f"{path} is not of a known kind: the names of tokenizers end in {', '.join(READERS)}.")
    return path


def read_external(path: Path, pattern: str | None = None) -> ExternalTokenizer:
    """Read a tokenizer of another program; `pattern` is the pre-tokenization expression of a `.tiktoken` file.

    Raises:
        UserError: as `source_file` and `ExternalTokenizer`.
    """
    file = source_file(path)
    return ExternalTokenizer(file.read_bytes(), file.suffix, pattern, str(file))


def require_text_back(tokenizer: ExternalTokenizer, name: str, corpus: Path) -> None:
    """Refuse a tokenizer that loses text at the beginning of a split, before a corpus is encoded for language models.

    Raises:
        UserError: a document does not come back; the message shows where it first differs.
    """
    for split in SPLITS:
        seen = 0
        for number, text in enumerate(DocumentStore.open(corpus, split)):
            decoded = tokenizer.decode_bytes(tokenizer.encode(text.decode("utf-8")))
            if decoded != tokenizer.prefix + text:
                found = decoded.removeprefix(tokenizer.prefix)
                place = len(list(takewhile(lambda pair: pair[0] == pair[1], zip(text, found, strict=False))))
                excerpts = (readable(data[max(0, place - SHOWN_BYTES) : place + SHOWN_BYTES]) for data in (text, found))
                raise UserError(
                    f"{name} does not give back document {number} of {split} (“{'” becomes “'.join(excerpts)}”), so bits per byte of "
                    "the text cannot be measured: set language_model: false for this arm, or use a lossless tokenizer."
                )
            seen += len(text)
            if seen > CHECKED_BYTES:
                break


def is_external(path: Path) -> bool:
    """Whether this is a file, or a folder in which another program left a tokenizer and this one did not."""
    return path.is_file() or ((path / EXPORTED).exists() and not (path / MANIFEST).exists())


def load_any(path: Path, pattern: str | None = None) -> Tokenizer:
    """Load a folder of this program, or read a tokenizer of another.

    Raises:
        UserError: as `load_tokenizer` or `read_external`.
    """
    return read_external(path, pattern) if is_external(path) else load_tokenizer(path)
