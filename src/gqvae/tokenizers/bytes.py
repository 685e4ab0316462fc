"""The simplest arm: one token per byte."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from gqvae.tokenizers.base import Tokenizer


class BytesTokenizer(Tokenizer):
    """The 256 bytes and nothing else."""

    kind = "bytes"
    segmentation = "fewest"

    def segment(self, pretokens: Sequence[bytes]) -> Iterable[Sequence[int]]:
        """The UTF-8 bytes."""
        return map(list, pretokens)

    @classmethod
    def from_parts(cls, strings: list[bytes], settings: dict[str, Any], folder: Path) -> BytesTokenizer:
        """There is nothing to load."""
        return cls()
