"""Share of the bytes of the text that its tokens lack, at least: bytes of each value beyond those of the tokens."""

from __future__ import annotations

from gqvae.config import Measure
from gqvae.measures.encoded_text import EncodedText

MEASURE = Measure(level="tokens", more_is_better=False, text="share of the text's bytes that its tokens lack, at least")


def of(text: EncodedText) -> float:
    """Over all splits."""
    return text.bytes_lost
