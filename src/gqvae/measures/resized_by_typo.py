"""Number of tokens by which the length of a short passage changes with a typo, on the test split (`edits.py`)."""

from __future__ import annotations

from gqvae.config import Measure
from gqvae.measures.encoded_text import EncodedText

MEASURE = Measure(
    level="tokens", more_is_better=False, text="number of tokens by which the length of a short passage changes with a typo"
)


def of(text: EncodedText) -> float:
    """Mean over passages."""
    return text.edits["typo"].resized
