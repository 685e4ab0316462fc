"""The most frequent chunks of n bytes: fixed-length tokens without anything learned, to tell one from the other.

Pre-tokens are cut every n bytes and at their end, as the gates of the fixed-length VQ-VAE are set; a chunk that is not in the
dictionary is encoded with the fewest tokens of it, as that arm's fallback is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from gqvae.config import RESERVED_IDS, Block, setting
from gqvae.corpus.pieces import cut
from gqvae.corpus.pretokens import PretokenCounts
from gqvae.errors import VocabularyTooLargeError
from gqvae.tokenizers.base import Tokenizer
from gqvae.vocabularies.candidates import chunks
from gqvae.vocabularies.segmentation import fewest_tokens, string_ids


class Settings(Block):
    """Settings of the arm."""

    chunk_bytes: int = setting(8, "Bytes per token n.", "bytes", ge=2)


class DictionaryTokenizer(Tokenizer):
    """Chunks of `chunk_bytes`, by number.

    Args:
        strings: the chunks of two or more bytes, most frequent first.
        chunk_bytes: n.
        requested_size: the vocabulary size that was asked for.
    """

    kind = "dictionary"

    def __init__(self, strings: Sequence[bytes], chunk_bytes: int, requested_size: int | None = None) -> None:
        super().__init__(strings, requested_size)
        self.chunk_bytes = chunk_bytes
        self._ids = string_ids(strings)

    def segment(self, pretokens: Sequence[str]) -> Iterable[Sequence[int]]:
        """A chunk that is known is one token."""
        for pretoken in pretokens:
            chunks = cut(pretoken.encode("utf-8"), self.chunk_bytes)
            yield list(chain.from_iterable(fewest_tokens(chunk, self._ids, self.chunk_bytes) for chunk in chunks))

    def settings(self) -> dict[str, Any]:
        """The length of chunks."""
        return {"chunk_bytes": self.chunk_bytes}

    @classmethod
    def from_parts(cls, strings: list[bytes], settings: dict[str, Any], folder: Path) -> DictionaryTokenizer:
        """From the manifest alone."""
        return cls(strings, settings["chunk_bytes"])


def train(counts: PretokenCounts, sizes: Sequence[int], settings: Settings) -> dict[int, DictionaryTokenizer]:
    """Keep the most frequent chunks (equal counts: by their bytes).

    Raises:
        VocabularyTooLargeError: the text holds fewer different chunks.
    """
    most = max(sizes) - RESERVED_IDS
    found = chunks(counts, most, settings.chunk_bytes)
    if len(found) < most:
        raise VocabularyTooLargeError(max(sizes), len(found) + RESERVED_IDS)
    return {size: DictionaryTokenizer(found[: size - RESERVED_IDS], settings.chunk_bytes, size) for size in sizes}
