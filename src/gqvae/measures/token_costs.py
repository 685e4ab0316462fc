"""The test split that measures of language models read: the cost of every token, and the text behind the tokens."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class TokenCosts:
    """Costs of N targets: the stream EOD document EOD … document EOD without its first id."""

    targets: npt.NDArray[np.integer]  # (N,) ids; every document ends with the end-of-document id
    costs: npt.NDArray[np.float32]  # (N,) float32, bits of each
    bits: float  # their sum, before rounding to float32
    raw_bytes: int  # UTF-8 bytes of the text
    byte_lengths: npt.NDArray[np.int64]  # (V,) bytes that each id stands for, 0 for the end of a document
    train_counts: npt.NDArray[np.int64]  # (V,) how often each id occurs in the training split
    documents: Iterable[bytes]  # the UTF-8 documents
    pretokenizer: str  # name of their pre-tokenizer
