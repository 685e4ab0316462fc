"""Sources of text, each a module with `Settings`, whose `source` is the module's name, and `open_source(settings, downloads)`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

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


def open_source(settings: CorpusBase, downloads: Path | None = None) -> Source:
    """Open the source that these settings belong to. Some sources read files from the folder `downloads`.

    Raises:
        UserError: a file is missing.
    """
    source: Source = import_module(type(settings).__module__).open_source(settings, downloads)
    return source


# The configuration has the settings of every source, and they use the class above. So it is loaded here, whichever of the two a
# program imports first.
import gqvae.config  # noqa: E402, F401
