"""Share of the ids, the end of a document excluded, that occur in the training split."""

from __future__ import annotations

import numpy as np

from gqvae.config import Measure
from gqvae.measures.encoded_text import EncodedText

MEASURE = Measure(level="tokens", more_is_better=True, text="share of the vocabulary that the training split uses")


def of(text: EncodedText) -> float:
    """See the module."""
    return float(np.count_nonzero(text.counts) / (len(text.counts) - 1))
