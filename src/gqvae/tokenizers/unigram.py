"""A unigram language model over strings (Kudo, arXiv 1804.10959), trained and decoded by sentencepiece on the pre-tokens of every arm."""

from __future__ import annotations

from gqvae.config import Block, setting
from gqvae.corpus.pretokens import PretokenCounts
from gqvae.tokenizers.sentencepieces import SentencePieceTokenizer, train_model


class Settings(Block):
    """Settings of the arm."""

    max_token_bytes: int = setting(16, "Longest piece.", "bytes", ge=1, le=512)


class UnigramTokenizer(SentencePieceTokenizer):
    """The most probable segmentation."""

    kind = "unigram"


def train(counts: PretokenCounts, vocab_size: int, settings: Settings) -> UnigramTokenizer:
    """Train a unigram model; errors as `train_model`."""
    return UnigramTokenizer(train_model(counts, vocab_size, "unigram", settings.max_token_bytes), vocab_size)
