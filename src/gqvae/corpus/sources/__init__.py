"""Sources of text, one module each: `Settings`, whose `source` is the module's name, and `open_source(settings, downloads)`."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from gqvae.config.corpus_base import CorpusBase
from gqvae.corpus.source import Source

__all__ = ["Source", "open_source"]


def open_source(settings: CorpusBase, downloads: Path | None = None) -> Source:
    """Open the source whose `Settings` these are; some read files from the folder `downloads`.

    Raises:
        UserError: a file is missing.
    """
    source: Source = import_module(type(settings).__module__).open_source(settings, downloads)
    return source
