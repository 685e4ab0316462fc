"""A unigram language model over strings (Kudo, arXiv 1804.10959), trained and decoded by sentencepiece on pre-tokens."""

from __future__ import annotations

from collections.abc import Sequence

from gqvae.corpus.pretokens import PretokenCounts
from gqvae.tokenizers.sentencepieces import SentencePieceTokenizer, Settings, train_model


class UnigramTokenizer(SentencePieceTokenizer):
    """The most probable segmentation."""

    kind = "unigram"

    def scores(self) -> list[float]:
        """The model's log-probabilities; 0 for the end of a document, which no pre-token spells."""
        found = [0.0] * self.vocab_size
        for place, token in enumerate(self._ids):
            if token >= 0:
                found[token] = self._processor.get_score(place)
        return found


def train(counts: PretokenCounts, sizes: Sequence[int], settings: Settings) -> dict[int, UnigramTokenizer]:
    """Train a unigram model for each size; raises the same errors as `train_model`."""
    return {size: UnigramTokenizer(train_model(counts, size, "unigram", settings.max_token_bytes), size) for size in sizes}
