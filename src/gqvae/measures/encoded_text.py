"""What measures of tokenizers read: the encoded corpus, its tokenizer and its text. What several of them need is computed once."""

from __future__ import annotations

import math
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gqvae.corpus.beginning import beginning
from gqvae.corpus.documents import DocumentStore
from gqvae.errors import UserError
from gqvae.files import read_json
from gqvae.measures.distribution import count_tokens
from gqvae.measures.edits import Effect, effects
from gqvae.measures.ngrams import Pairs, WittenBell, count_pairs
from gqvae.tokenizers.base import tokenizer_digest
from gqvae.tokenizers.load import load_tokenizer
from gqvae.tokenizers.token_files import CHANGED, LOST, RECORD, TokenFile

EDITED_BYTES = 1 << 24


class EncodedText:
    """The splits of a corpus that `gqvae encode-corpus` wrote.

    Args:
        folder: the token files.
        tokenizer: the folder of the tokenizer that made them.
        corpus: the folder of the text.

    Raises:
        UserError: the training split has no tokens, or they are another tokenizer's.
    """

    def __init__(self, folder: Path, tokenizer: Path, corpus: Path) -> None:
        self.folder, self._tokenizer, self._corpus = folder, tokenizer, corpus
        if read_json(folder / RECORD)["tokenizer"] != tokenizer_digest(tokenizer):
            raise UserError(
                f"{folder} was encoded by another tokenizer than {tokenizer}: give that one, or encode the corpus again."
            )
        if not self.counts.any():
            raise UserError(f"{folder} holds no training tokens: delete it and run again.")

    @cached_property
    def edits(self) -> dict[str, Effect]:
        """What small edits of the test split, or of its first documents if it is large, do to its tokens, by kind."""
        documents = beginning(DocumentStore.open(self._corpus, "test"), EDITED_BYTES)
        return effects(load_tokenizer(self._tokenizer), documents)

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
