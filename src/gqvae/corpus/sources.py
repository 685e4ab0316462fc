"""The named sources of text: settings in, documents out."""

from __future__ import annotations

from pathlib import Path

from gqvae.config import CorpusBase, PythonCorpus, SyntheticCorpus, TextCorpus, TinyStoriesCorpus
from gqvae.corpus.python_stdlib import open_python_stdlib
from gqvae.corpus.source import Source
from gqvae.corpus.stories.generator import open_synthetic
from gqvae.corpus.text_file import open_text
from gqvae.corpus.tinystories import open_tinystories
from gqvae.errors import UserError

__all__ = ["Source", "open_source"]


def open_source(settings: CorpusBase, downloads: Path | None = None) -> Source:
    """Open the source that the settings describe.

    Args:
        downloads: the folder with downloaded files, for the sources that need one.

    Raises:
        UserError: a file is missing, or there is no such source.
    """
    match settings:
        case SyntheticCorpus():
            return open_synthetic(settings)
        case TextCorpus():
            return open_text(settings)
        case TinyStoriesCorpus():
            return open_tinystories(settings, downloads)
        case PythonCorpus():
            return open_python_stdlib()
    raise UserError(
        f"There is no source of text for {type(settings).__name__}: choose synthetic, text, tinystories or python_stdlib."
    )
