"""Rényi efficiency of the tokens of the training split: 1 would be a uniform use of the vocabulary (`distribution.py`)."""

from __future__ import annotations

from gqvae.config import Measure
from gqvae.measures import distribution
from gqvae.measures.encoded_text import EncodedText

MEASURE = Measure(level="tokens", more_is_better=True, text="Rényi efficiency of tokens in the training split")


def of(text: EncodedText) -> float:
    """See the module."""
    return distribution.renyi_efficiency(text.counts)
