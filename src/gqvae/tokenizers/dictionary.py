"""The most frequent chunks of n bytes: fixed-length tokens without anything learned, to tell one from the other.

Pre-tokens are cut every n bytes and at their end, as the gates of the fixed-length VQ-VAE are set; a chunk that is not in the
dictionary is encoded with the fewest tokens of it, as that arm's fallback is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from gqvae.config import RESERVED_IDS, Block, setting
from gqvae.corpus.pretokens import PretokenCounts
from gqvae.errors import UserError
from gqvae.tokenizers.base import Tokenizer
from gqvae.tokenizers.pieces import cut
from gqvae.tokenizers.vocabulary import fewest_tokens, string_ids


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


def train(counts: PretokenCounts, vocab_size: int, settings: Settings) -> DictionaryTokenizer:
    """Count chunks and keep the most frequent (equal counts: by their bytes).

    Raises:
        UserError: the text holds fewer different chunks.
    """
    found: Counter[bytes] = Counter()
    for pretoken, count in zip(counts.pretokens, counts.counts.tolist(), strict=True):
        for chunk in cut(pretoken, settings.chunk_bytes):
            found[chunk] += count
    ordered = sorted((chunk for chunk in found if len(chunk) > 1), key=lambda chunk: (-found[chunk], chunk))
    wanted = vocab_size - RESERVED_IDS
    if len(ordered) < wanted:
        raise UserError(
            f"vocabulary size {vocab_size} is more than the corpus supports: it has {len(ordered)} chunks of up to "
            f"{settings.chunk_bytes} bytes; set it to {len(ordered) + RESERVED_IDS} or less, or use more text."
        )
    return DictionaryTokenizer(ordered[:wanted], settings.chunk_bytes, vocab_size)
