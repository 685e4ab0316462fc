"""The test split that measures of language models read: the cost of every token, and the text behind the tokens."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class TokenCosts:
    """Costs of N targets: the stream EOD document EOD … document EOD without its first id.

    Attributes:
        targets: (N,) ids; every document ends with the end-of-document id.
        costs: (N,) float32, bits of each.
        bits: their sum, before rounding to float32.
        bytes: of the raw text.
        byte_lengths: (V,) bytes that each id stands for, 0 for the end of a document.
        train_counts: (V,) how often each id occurs in the training split.
        documents: the UTF-8 documents.
        pretokenizer: name of their pre-tokenizer.
    """

    targets: npt.NDArray[np.integer]
    costs: npt.NDArray[np.float32]
    bits: float
    bytes: int
    byte_lengths: npt.NDArray[np.int64]
    train_counts: npt.NDArray[np.int64]
    documents: Iterable[bytes]
    pretokenizer: str
