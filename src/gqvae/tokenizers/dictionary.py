"""The most frequent chunks of n bytes: for fixed-length tokens, the control without learning.

Pre-tokens are cut every n bytes and at their end, as by the gates of the fixed-length VQ-VAE. A chunk outside the dictionary is
encoded with the fewest tokens, as in that arm's fallback.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

from gqvae.config import RESERVED_IDS, Block, setting
from gqvae.corpus.pieces import cut
from gqvae.corpus.pretokens import PretokenCounts
from gqvae.errors import VocabularyTooLargeError
from gqvae.tokenizers.base import Tokenizer
from gqvae.vocabularies.candidates import chunks
from gqvae.vocabularies.segmentation import Fewest


class Settings(Block):
    """Settings of the arm."""

    chunk_bytes: int = setting(8, "Bytes per token n.", "bytes", ge=2)


class DictionaryTokenizer(Tokenizer):
    """A dictionary of chunks of n = `chunk_bytes`; `strings` are those of two or more bytes, most frequent first."""

    kind = "dictionary"

    def __init__(self, strings: Sequence[bytes], chunk_bytes: int, requested_size: int | None = None) -> None:
        super().__init__(strings, requested_size)
        if type(chunk_bytes) is not int or chunk_bytes < 1:
            raise ValueError(f"chunk_bytes {chunk_bytes!r} is no number of bytes")
        self.chunk_bytes = chunk_bytes
        self._fewest = Fewest(strings)

    def segment(self, pretokens: Sequence[bytes]) -> Iterable[Sequence[int]]:
        """One token for a known chunk, the fewest for any other."""
        for pretoken in pretokens:
            chunks = cut(pretoken, self.chunk_bytes)
            yield list(chain.from_iterable(map(self._fewest.segment, chunks)))

    def settings(self) -> dict[str, Any]:
        """The chunk length."""
        return {"chunk_bytes": self.chunk_bytes}


def train(counts: PretokenCounts, sizes: Sequence[int], settings: Settings) -> dict[int, DictionaryTokenizer]:
    """Keep the most frequent chunks (ties by bytes).

    Raises:
        VocabularyTooLargeError: the text has fewer distinct chunks.
    """
    most = max(sizes) - RESERVED_IDS
    found = chunks(counts, most, settings.chunk_bytes)
    if len(found) < most:
        raise VocabularyTooLargeError(max(sizes), len(found) + RESERVED_IDS)
    return {size: DictionaryTokenizer(found[: size - RESERVED_IDS], settings.chunk_bytes, size) for size in sizes}
