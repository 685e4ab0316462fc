"""The text sources of a study: all modules of `gqvae.corpus.sources`."""

from __future__ import annotations

from functools import reduce
from importlib import import_module
from operator import or_
from pathlib import Path
from typing import Annotated, TypeAlias

from pydantic import Field

from gqvae.config.block import parse, read_settings
from gqvae.config.corpus_base import CorpusBase
from gqvae.errors import UserError

SOURCES: dict[str, type[CorpusBase]] = {
    path.stem: import_module(f"gqvae.corpus.sources.{path.stem}").Settings
    for path in sorted((Path(__file__).parents[1] / "corpus" / "sources").glob("[a-z]*.py"))
}
Corpus: TypeAlias = Annotated[reduce(or_, SOURCES.values()), Field(discriminator="source")]  # type: ignore[valid-type]  # dynamic


def load_corpus(text: str, flag: str = "--settings") -> CorpusBase:
    """Read the settings of a corpus given on the command line; `source` selects their class."""
    value, origin = read_settings(text, flag)
    source = value.get("source") if isinstance(value, dict) else None
    if not isinstance(source, str) or source not in SOURCES:
        raise UserError(f"{origin}: source is {source!r}: choose one of {', '.join(SOURCES)}.")
    return parse(SOURCES[source], value, origin)
