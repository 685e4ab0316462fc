"""Local files of documents."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Literal

from gqvae.config.block import setting
from gqvae.config.corpus_base import CorpusBase
from gqvae.corpus.local_files import STANDARD_INPUT, documents_of, found_files, text_bytes
from gqvae.corpus.separators import DEFAULT, Cut
from gqvae.corpus.sources import Source

SEPARATOR = (
    "What stands between two documents of text files (empty: blank lines): a line of its own, or anywhere if it is in brackets."
)
FIELD = "Where the text is in .jsonl files (a key) and .parquet files (a column; needs pyarrow)."


class Settings(CorpusBase):
    """Documents in local files: text, .jsonl or .parquet, the first two plain or compressed (.xz, .gz, .zst)."""

    source: Literal["text"] = setting("text", "Local files of documents.")
    path: str = setting(
        ...,
        "A file, a folder (its .txt, .jsonl and .parquet files at any depth), or a pattern such as `data/*.md`.",
        source="user",
    )
    test_path: str | None = setting(None, "Further files to be the whole test split, given in the same way.", source="user")
    separator: str = setting(DEFAULT, SEPARATOR, source="TinyStories")
    field: str = setting("text", FIELD)

    heading: ClassVar[str] = "local files"

    def record(self) -> dict[str, Any]:
        """Its settings, with names in place of paths."""
        paths = {"path": _name(self.path), "test_path": self.test_path and _name(self.test_path)}
        return super().record() | paths

    def files(self) -> list[str]:
        """The files to read.

        Raises:
            UserError: there is none.
        """
        return [str(file) for path in (self.path, self.test_path) if path is not None for file in found_files(path)]


def _name(path: str) -> str:
    """What records call a path."""
    if Path(path) == STANDARD_INPUT:
        return "standard input"
    return "a pipe" if Path(path).is_fifo() else Path(path).name or path


def open_source(settings: Settings, downloads: Path | None = None) -> Source:
    """Local files as a source, with others as its test split if they are given."""
    files = found_files(settings.path)
    test = found_files(settings.test_path) if settings.test_path is not None else []
    cut = Cut(settings.separator)
    return Source(
        label=_name(settings.path),
        synthetic=False,
        documents=documents_of(files, settings.field, cut),
        expected_bytes=text_bytes(files),
        test_documents=documents_of(test, settings.field, cut) if test else None,
        cut=cut,
    )
