"""Entropy H(X) of the tokens of the training split, in bits per byte of its text."""

from __future__ import annotations

from gqvae.config import Measure
from gqvae.measures import ngrams
from gqvae.measures.encoded_text import EncodedText

MEASURE = Measure(level="tokens", more_is_better=False, text="entropy of a token in the training split, in bits per byte")


def of(text: EncodedText) -> float:
    """See the module."""
    return ngrams.unigram_entropy(text.training)
