"""Conditional entropy H(X_t | X_{t−1}) of the tokens of the training split, in bits per byte of its text."""

from __future__ import annotations

from gqvae.config import Measure
from gqvae.measures import ngrams
from gqvae.measures.encoded_text import EncodedText

MEASURE = Measure(
    level="tokens",
    more_is_better=False,
    text="entropy of a token given the one before it in the training split, in bits per byte",
)


def of(text: EncodedText) -> float:
    """See the module."""
    return ngrams.bigram_entropy(text.training)
