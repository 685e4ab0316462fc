"""The encoded corpus that measures of tokenizers read: counts of tokens and of pairs, computed once and cached."""

from __future__ import annotations

import math
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gqvae.errors import UserError
from gqvae.files import read_json
from gqvae.measures.distribution import count_tokens
from gqvae.measures.ngrams import Pairs, WittenBell, count_pairs
from gqvae.tokenizers.token_files import CHANGED, LOST, RECORD, TokenFile


class EncodedText:
    """The splits of a corpus that `gqvae encode-corpus` wrote.

    Raises:
        UserError: the training split has no tokens.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        if not self.counts.any():
            raise UserError(f"{folder} holds no training tokens: delete it and run again.")

    @cached_property
    def counts(self) -> npt.NDArray[np.int64]:
        """How often each id occurs in the training split, (V,)."""
        return count_tokens(self.folder)

    @cached_property
    def documents_changed(self) -> float:
        """Share of the documents of all splits that do not come back from their tokens."""
        return self._share(CHANGED, "documents")

    @cached_property
    def bytes_lost(self) -> float:
        """Share of the bytes of all splits that the tokens lack, at least."""
        return self._share(LOST, "bytes")

    def _share(self, part: str, whole: str) -> float:
        splits = read_json(self.folder / RECORD)["splits"].values()
        return float(sum(split.get(part, 0) for split in splits) / sum(split[whole] for split in splits))

    @cached_property
    def training(self) -> Pairs:
        """Pairs of neighbours in the training split."""
        return self._pairs("train")

    @cached_property
    def held_out(self) -> Pairs:
        """Pairs of neighbours in the test split."""
        return self._pairs("test")

    @cached_property
    def model(self) -> WittenBell:
        """Distributions of the next token, fitted to the training split."""
        return WittenBell(self.training)

    def _pairs(self, split: str) -> Pairs:
        found = count_pairs(TokenFile.open(self.folder, split), f"{self.folder / split}.bin")
        return found._replace(bytes=math.nan) if self.documents_changed else found  # tokens that lack text have no bits per byte
