"""The test split as measures of language models see it: the cost of every token, beside what the tokens stand for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class TokenCosts:
    """Costs of N targets, EOD document EOD … document EOD but for the first id.

    Attributes:
        targets: (N,) ids; each document's last is the end of a document.
        costs: (N,) float32, bits of each.
        bits: their sum, before it was rounded.
        bytes: of the raw text.
        byte_lengths: (V,) bytes that each id stands for, 0 for the end of a document.
        train_counts: (V,) how often each id occurs in the training split.
        documents: the UTF-8 documents.
        pretokenizer: the name of what cuts them.
    """

    targets: npt.NDArray[np.integer]
    costs: npt.NDArray[np.float32]
    bits: float
    bytes: int
    byte_lengths: npt.NDArray[np.int64]
    train_counts: npt.NDArray[np.int64]
    documents: Iterable[bytes]
    pretokenizer: str
