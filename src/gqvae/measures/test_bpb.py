"""Bits per byte of the test split after the most training text."""

from __future__ import annotations

from gqvae.config import Measure
from gqvae.measures.losses import TokenCosts

MEASURE = Measure(level="losses", more_is_better=False, text="test bits per byte after the most training text")


def of(losses: TokenCosts) -> float:
    """Σ −log2 p over all tokens, ends of documents included, per byte of the raw text."""
    return losses.bits / losses.raw_bytes
