"""Settings of the sources of text."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from gqvae.config.block import Block, parse, read_settings, setting
from gqvae.errors import UserError


class CorpusBase(Block):
    """What every source of text shares."""

    seed: int = setting(0, "Seed of the split by document (and of the text, where it is generated).", ge=0)
    valid_fraction: float = setting(0.05, "Share of documents for validation.", gt=0, lt=0.5)
    test_fraction: float = setting(0.05, "Share of documents for the test split.", gt=0, lt=0.5)
    max_bytes: int | None = setting(None, "Read documents until this much text is taken (None: all).", "bytes", gt=0)


class SyntheticCorpus(CorpusBase):
    """Stories from a seeded grammar: no network, any size, labelled synthetic in every figure."""

    source: Literal["synthetic"] = setting("synthetic", "Seeded story grammar shipped with the package.")
    bytes: int = setting(4_000_000, "How much text to generate, in whole stories.", "bytes", gt=0)


class TextCorpus(CorpusBase):
    """Documents in a local file, plain or compressed (.xz, .gz, .zst)."""

    source: Literal["text"] = setting("text", "A local file of documents.")
    path: str = setting(..., "The file; documents are separated by a line that holds only `separator`.", source="user")
    test_path: str | None = setting(None, "A second file of the same form to be the whole test split.", source="user")
    separator: str = setting("<|endoftext|>", "The line between two documents (empty: blank lines).", source="TinyStories")


class TinyStoriesCorpus(CorpusBase):
    """TinyStories from the hub at a pinned revision, verified by SHA-256; its validation file is the test split."""

    source: Literal["tinystories"] = setting("tinystories", "The roneneldan/TinyStories data set.", source="paper")
    keep_fraction: float = setting(0.1, "Share of the training stories to use.", source="paper", gt=0, le=1)


class PythonCorpus(CorpusBase):
    """The running interpreter's own standard library, one document per source file."""

    source: Literal["python_stdlib"] = setting("python_stdlib", "Python source files of the running interpreter.")


Corpus = Annotated[
    SyntheticCorpus | TextCorpus | TinyStoriesCorpus | PythonCorpus, Field(discriminator="source")
]  # fmt: skip


def load_corpus(text: str, flag: str = "--settings") -> CorpusBase:
    """Read the settings of a corpus given on the command line; their `source` decides which kind they are."""
    value, origin = read_settings(text, flag)
    kinds: dict[Any, type[CorpusBase]] = {
        kind.model_fields["source"].default: kind for kind in (SyntheticCorpus, TextCorpus, TinyStoriesCorpus, PythonCorpus)
    }
    source = value.get("source") if isinstance(value, dict) else None
    if not isinstance(source, str) or source not in kinds:
        raise UserError(f"{origin}: source is {source!r}: choose one of {', '.join(kinds)}.")
    return parse(kinds[source], value, origin)
