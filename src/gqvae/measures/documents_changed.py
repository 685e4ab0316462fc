"""Share of the documents that do not come back from their tokens; 0 for all tokenizers but some external ones."""

from __future__ import annotations

from gqvae.config import Measure
from gqvae.measures.encoded_text import EncodedText

MEASURE = Measure(level="tokens", more_is_better=False, text="share of documents that do not come back from their tokens")


def of(text: EncodedText) -> float:
    """Over all splits."""
    return text.documents_changed
