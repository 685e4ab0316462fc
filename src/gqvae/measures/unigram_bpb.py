"""Bits per byte of the test split under a smoothed unigram model of the training split."""

from __future__ import annotations

from gqvae.config import Measure
from gqvae.measures.encoded_text import EncodedText

MEASURE = Measure(level="tokens", more_is_better=False, text="bits per byte of a unigram model on the test split")


def of(text: EncodedText) -> float:
    """See the module."""
    return text.held_out.bits_per_byte(text.model.unigram[text.held_out.tokens])
