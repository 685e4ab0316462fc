"""TinyStories from downloaded files: a share of the training stories, and the official validation file as the test split."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Literal

from gqvae.config.block import setting
from gqvae.config.corpus_base import CorpusBase
from gqvae.corpus.hashing import unit_hash
from gqvae.corpus.pinned import TINYSTORIES, PinnedDataset
from gqvae.corpus.separators import Cut
from gqvae.corpus.sources import Source, downloaded
from gqvae.corpus.text_file import read_documents
from gqvae.files import file_digest

VALID, TRAIN = (file.name for file in TINYSTORIES.files)
SEPARATOR = "<|endoftext|>"


class Settings(CorpusBase):
    """TinyStories from the hub at a pinned revision, verified by SHA-256; its validation file is the test split."""

    source: Literal["tinystories"] = setting("tinystories", "The roneneldan/TinyStories data set.", source="paper")
    keep_fraction: float = setting(0.1, "Share of the training stories to use.", source="paper", gt=0, le=1)

    heading: ClassVar[str] = "TinyStories"

    @property
    def download(self) -> str:
        """A folder for all shares."""
        return "resources/tinystories"

    def files(self) -> list[str]:
        """The downloaded files."""
        return [f"{self.download}/{name}" for name in (TRAIN, VALID)]


def dataset(settings: Settings) -> PinnedDataset:
    """The files to fetch, whatever share of them is read."""
    return TINYSTORIES


def open_source(settings: Settings, downloads: Path | None = None) -> Source:
    """TinyStories as a source; needs no internet connection.

    Raises:
        UserError: as `downloaded`.
    """
    files = downloaded("TinyStories", (TRAIN, VALID), downloads)
    train, valid = files.values()
    dropped, cut = Counter[str](), Cut(SEPARATOR)
    return Source(
        label="TinyStories"
        if settings.keep_fraction == 1
        else f"TinyStories ({100 * settings.keep_fraction:g} % of its training stories)",
        synthetic=False,
        documents=_kept(read_documents(train, SEPARATOR, cut), settings, dropped),
        expected_bytes=int(train.stat().st_size * settings.keep_fraction) + valid.stat().st_size,
        test_documents=read_documents(valid, SEPARATOR, cut),
        dropped=dropped,
        cut=cut,
        sha256={name: file_digest(file) for name, file in files.items()},
    )


def _kept(documents: Iterator[bytes], settings: Settings, dropped: Counter[str]) -> Iterator[bytes]:
    """A share of the documents by a hash of their content: independent of order, and a larger share contains a smaller one."""
    for document in documents:
        if unit_hash(document, settings.seed, b"keep") < settings.keep_fraction:
            yield document
        else:
            dropped["not_kept"] += 1
