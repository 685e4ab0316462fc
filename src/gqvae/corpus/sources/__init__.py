"""Sources of text, each a module with `Settings`, whose `source` is the module's name, and `open_source(settings, downloads)`.

A source that is downloaded also has `dataset(settings)`, the files to fetch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from gqvae.corpus.pinned import PinnedDataset
from gqvae.corpus.separators import Cut
from gqvae.errors import UserError

if TYPE_CHECKING:
    from gqvae.config.corpus_base import CorpusBase


@dataclass
class Source:
    """Documents to split; each iterator can be read only once."""

    label: str  # name in figures, e.g. "synthetic stories (generated)"
    synthetic: bool  # the text was generated, and every figure made from it must say so
    documents: Iterator[bytes]  # UTF-8 bytes of each document
    expected_bytes: int | None = None  # approximate size of the text, if known, to estimate the time left
    test_documents: Iterator[bytes] | None = None  # the whole test split, if the source has one
    dropped: Counter[str] = field(default_factory=Counter)  # what the source leaves out and how often; complete once all is read
    cut: Cut | None = None  # how files were cut into documents; complete once all is read
    sha256: dict[str, str] = field(default_factory=dict)  # of downloaded files


def open_source(settings: CorpusBase, downloads: Path | None = None) -> Source:
    """Open the source that these settings belong to. Some sources read files from the folder `downloads`.

    Raises:
        UserError: a file is missing.
    """
    source: Source = import_module(type(settings).__module__).open_source(settings, downloads)
    return source


def dataset_of(settings: CorpusBase) -> PinnedDataset | None:
    """The files that `gqvae download-corpus` fetches for these settings, None: the source needs no download."""
    module = import_module(type(settings).__module__)
    dataset: PinnedDataset | None = module.dataset(settings) if settings.download is not None else None
    return dataset


def downloaded(label: str, names: Sequence[str], downloads: Path | None) -> dict[str, Path]:
    """The files that `gqvae download-corpus` fetched, by name.

    Args:
        label: name of the data set, for messages.
        names: of the files, in the data set.
        downloads: the folder that they were fetched to.

    Raises:
        UserError: no folder is given, or a file is missing in it.
    """
    if downloads is None:
        raise UserError(
            f"{label} is read from downloaded files: run `gqvae download-corpus`, then give its folder as --downloads."
        )
    files = {name: Path(downloads) / name for name in names}
    for file in files.values():
        if not file.is_file():
            raise UserError(f"{file} does not exist: run `gqvae download-corpus --out {downloads}` first.")
    return files


# The configuration has the settings of every source, and they use the class above. So it is loaded here, whichever of the two a
# program imports first.
import gqvae.config  # noqa: E402, F401
