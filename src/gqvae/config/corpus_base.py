"""The base of all text sources."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from gqvae.config.block import Block, setting


class CorpusBase(Block):
    """Settings of every text source. Each module of `gqvae.corpus.sources` adds `source` (its name) and other keys."""

    seed: int = setting(0, "Seed of the split by document (and of generated text).", ge=0)
    valid_fraction: float = setting(0.05, "Share of documents for validation.", gt=0, lt=0.5)
    test_fraction: float = setting(0.05, "Share of documents for the test split.", gt=0, lt=0.5)
    max_bytes: int | None = setting(None, "Read documents until they reach this much text (None: all).", "bytes", gt=0)
    # Not in the canonical form nor in corpus.json, since it has no effect on results.
    shards: int = setting(
        1, "Jobs that share the counting and each tokenizer's encoding; it does not affect results.", ge=1, exclude=True
    )

    heading: ClassVar[str] = ""  # heading of its table in the documentation
    fetched: ClassVar[tuple[str, ...]] = ()  # keys that say what `gqvae download-corpus` fetches for it

    @property
    def download(self) -> str | None:
        """The folder that `gqvae download-corpus` fills for it, if it needs one."""
        return None

    def download_settings(self) -> str:
        """The canonical form without keys that do not change what is downloaded, so that studies share it."""
        return type(self).model_validate(self.model_dump(include=set(self.fetched))).canonical()

    def undivided(self) -> Self:
        """The same text without splits for validation and test. No config can say so, since a study needs all three splits."""
        return self.model_copy(update={"valid_fraction": 0.0, "test_fraction": 0.0})

    @property
    def divided(self) -> bool:
        """Whether documents go to several splits."""
        return self.valid_fraction > 0 or self.test_fraction > 0

    def record(self) -> dict[str, Any]:
        """Its settings for the record of a training, without where files lie on this machine."""
        return self.model_dump(mode="json")

    def files(self) -> list[str]:
        """Its input files; the workflow reads them again when they change."""
        return []

    def text_bytes(self) -> int | None:
        """Bytes of text, or None if the settings do not determine it."""
        return None
