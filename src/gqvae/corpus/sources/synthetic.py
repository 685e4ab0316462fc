"""Stories from a seeded grammar (`gqvae.corpus.stories`)."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from gqvae.config.block import setting
from gqvae.config.corpus_base import CorpusBase
from gqvae.corpus.sources import Source
from gqvae.corpus.stories.generator import LABEL, stories


class Settings(CorpusBase):
    """Stories from a seeded grammar: no download, any size, labelled synthetic in every figure."""

    source: Literal["synthetic"] = setting("synthetic", "Seeded story grammar shipped with the package.")
    bytes: int = setting(4_000_000, "How much text to generate, in whole stories.", "bytes", gt=0)

    heading: ClassVar[str] = "synthetic stories"

    def text_bytes(self) -> int:
        """Bytes of generated text that are read."""
        return min(self.bytes, self.max_bytes or self.bytes)


def open_source(settings: Settings, downloads: Path | None = None) -> Source:
    """Whole stories, until they reach `settings.bytes`."""
    return Source(label=LABEL, synthetic=True, documents=stories(settings.bytes, settings.seed), expected_bytes=settings.bytes)
