"""Share of the tokens of a short passage that change with a blank added or removed, on the test split (`edits.py`)."""

from __future__ import annotations

from gqvae.config import Measure
from gqvae.measures.encoded_text import EncodedText

MEASURE = Measure(
    level="tokens", more_is_better=False, text="share of the tokens of a short passage that change with a blank added or removed"
)


def of(text: EncodedText) -> float:
    """Mean over passages."""
    return text.edits["blank"].changed
