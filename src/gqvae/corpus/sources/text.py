"""A local file of documents."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from gqvae.config.block import setting
from gqvae.config.corpus_base import CorpusBase
from gqvae.corpus.sources import Source
from gqvae.corpus.text_file import read_documents
from gqvae.errors import UserError


class Settings(CorpusBase):
    """Documents in a local file, plain or compressed (.xz, .gz, .zst)."""

    source: Literal["text"] = setting("text", "A local file of documents.")
    path: str = setting(..., "The file; documents are separated by a line that holds only `separator`.", source="user")
    test_path: str | None = setting(None, "A second file of the same form to be the whole test split.", source="user")
    separator: str = setting("<|endoftext|>", "The line between two documents (empty: blank lines).", source="TinyStories")

    heading: ClassVar[str] = "a local file"

    def files(self) -> list[str]:
        """The files to read."""
        return [str(Path(path).expanduser()) for path in (self.path, self.test_path) if path is not None]


def open_source(settings: Settings, downloads: Path | None = None) -> Source:
    """A local file as a source, with a second file as its test split if one is given."""
    path = Path(settings.path).expanduser()
    test = Path(settings.test_path).expanduser() if settings.test_path is not None else None
    for file in (path, *([test] if test else [])):
        if not file.is_file():
            raise UserError(f"{file} does not exist or is not a file: correct the corpus's path or test_path.")
    return Source(
        label=path.name,
        synthetic=False,
        documents=read_documents(path, settings.separator),
        expected_bytes=path.stat().st_size if path.suffix.lower() not in (".xz", ".gz", ".zst") else None,
        test_documents=read_documents(test, settings.separator) if test else None,
    )
