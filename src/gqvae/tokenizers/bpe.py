"""Byte-level BPE by sentencepiece.

With all 256 bytes in the alphabet, the result equals Hugging Face's byte-level BPE, as a test checks.
Deviation: the paper's baseline is trained by another library with the same regex and token length ≤ 16.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from gqvae.corpus.pretokens import PretokenCounts
from gqvae.kernels.packing import Packed
from gqvae.tokenizers.sentencepieces import LONGEST_PIECE, SentencePieceTokenizer, Settings, train_model
from gqvae.vocabularies.merges import Merges


class BPETokenizer(SentencePieceTokenizer):
    """Byte-pair encoding: pairs are merged in the order of training."""

    kind = "bpe"
    segmentation = "merges"

    def segment_packed(self, pretokens: Packed) -> Packed:
        """Merge by a kernel."""
        return self._merges.segment(pretokens)

    @cached_property
    def _merges(self) -> Merges:
        return Merges(self.strings)


def train_bpe(counts: PretokenCounts, vocab_size: int, max_token_bytes: int = LONGEST_PIECE) -> BPETokenizer:
    """Train byte-level BPE of a total vocabulary size (256 bytes and the end of a document included).

    Raises:
        VocabularyTooLargeError: the corpus does not support the size.
        UserError: the size leaves no room for merges.
    """
    return BPETokenizer(train_model(counts, vocab_size, "bpe", max_token_bytes), vocab_size)


def train(counts: PretokenCounts, sizes: Sequence[int], settings: Settings) -> dict[int, BPETokenizer]:
    """`train_bpe` for each size."""
    return {size: train_bpe(counts, size, settings.max_token_bytes) for size in sizes}
