"""What every source of text shares."""

from __future__ import annotations

from typing import ClassVar

from gqvae.config.block import Block, setting


class CorpusBase(Block):
    """What every source of text shares; a module of `gqvae.corpus.sources` adds `source`, a literal of its own name, and its own keys.

    Attributes:
        heading: what the table of its keys is called in the documentation.
        download: folder that `gqvae download-corpus` fills for it, if it needs one.
    """

    seed: int = setting(0, "Seed of the split by document (and of the text, where it is generated).", ge=0)
    valid_fraction: float = setting(0.05, "Share of documents for validation.", gt=0, lt=0.5)
    test_fraction: float = setting(0.05, "Share of documents for the test split.", gt=0, lt=0.5)
    max_bytes: int | None = setting(None, "Read documents until this much text is taken (None: all).", "bytes", gt=0)

    heading: ClassVar[str] = ""
    download: ClassVar[str | None] = None

    def files(self) -> list[str]:
        """Files that it reads, so that the workflow reads them again when they change."""
        return []

    def text_bytes(self) -> int | None:
        """How much text there will be, where the settings decide that."""
        return None
