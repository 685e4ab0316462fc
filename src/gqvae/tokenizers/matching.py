"""Matched compression: the vocabulary size whose compression on the validation split is nearest to another tokenizer's.

Works for every tokenizer made from counts. Bytes per token grow with the vocabulary size, so bisection finds the size.
Each size is trained separately, and every size tried is recorded.
"""

from __future__ import annotations

import logging
from typing import NamedTuple

from gqvae.config import RESERVED_IDS
from gqvae.corpus.pretokens import PretokenCounts
from gqvae.errors import VocabularyTooLargeError
from gqvae.tokenizers.base import Tokenizer
from gqvae.tokenizers.counted import Trainer

logger = logging.getLogger("gqvae")


def bytes_per_token(tokenizer: Tokenizer, counts: PretokenCounts) -> float:
    """Compression on a split, from its distinct pre-tokens: UTF-8 bytes ÷ tokens."""
    segmented = tokenizer.segment(counts.pretokens)
    tokens = sum(count * len(ids) for ids, count in zip(segmented, counts.counts.tolist(), strict=True))
    return counts.total_bytes / tokens


class Match(NamedTuple):
    """The nearest tokenizer, and how near it is."""

    tokenizer: Tokenizer
    target_bytes_per_token: float
    bytes_per_token: float
    relative_difference: float  # of the match to the target
    within_tolerance: bool
    tried: list[tuple[int, float]]  # every vocabulary size and its bytes per token


def match_compression(
    target: Tokenizer,
    train: Trainer,
    tolerance: float,
    counts: PretokenCounts,
    valid: PretokenCounts,
    seen: PretokenCounts | None = None,
) -> Match:
    """Search for the vocabulary size that compresses `valid` as `target` does.

    `train` makes a tokenizer of a size from the `counts` of the training split. A relative difference in bytes per token of up to
    `tolerance` counts as matched. `seen` is the same text cut as `target` sees it (None: as `valid`).
    """
    wanted = bytes_per_token(target, seen or valid)
    tried: dict[int, tuple[float, Tokenizer]] = {}

    def reached(size: int) -> float:
        if size not in tried:
            tokenizer = train(counts, [size])[size]
            tried[size] = (bytes_per_token(tokenizer, valid), tokenizer)
            logger.info("%s of %d tokens: %.4f bytes per token (target %.4f)", tokenizer.kind, size, tried[size][0], wanted)
        return tried[size][0]

    low, high = RESERVED_IDS + 1, max(target.vocab_size, RESERVED_IDS + 2)
    limit: int | None = None  # largest size that the corpus supports, once known
    while True:  # low … high must contain the answer
        try:
            if reached(high) >= wanted or high == limit or tried[high][1].vocab_size < high:
                break
            low, high = high, 2 * high if limit is None else min(2 * high, limit)
        except VocabularyTooLargeError as error:
            high = limit = error.largest
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if reached(middle) < wanted else (low, middle)
    reached(low)
    size = min(sorted(tried), key=lambda size: abs(tried[size][0] - wanted))
    found, tokenizer = tried[size]
    difference = found / wanted - 1
    near = abs(difference) <= tolerance
    if not near:
        message = "the nearest %s differs by %.2f %% in bytes per token: the corpus does not allow a nearer one"
        logger.warning(message, tokenizer.kind, 100 * difference)
    return Match(tokenizer, wanted, found, difference, near, [(size, tried[size][0]) for size in sorted(tried)])
