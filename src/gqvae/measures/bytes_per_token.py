"""Compression of a tokenizer on a split, from the split's distinct pre-tokens (external tokenizers: documents) and their counts.

Compression = UTF-8 bytes of the raw text ÷ tokens, fallback tokens included, without the ends of documents. Networks also have an
exact-token accuracy (share of gated spans whose code decodes to the span) and a fallback rate (share of gated spans that are
encoded again from the vocabulary), both weighted by frequency. `cut_entropy` says whether the text decides where tokens end.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from gqvae.config import Measure
from gqvae.corpus.pretokenizers import require_same
from gqvae.corpus.pretokens import PretokenCounts
from gqvae.errors import UserError
from gqvae.measures.cut_entropy import cut_entropy
from gqvae.tokenizers.base import Tokenizer

MEASURE = Measure(level="compression", more_is_better=True, text="UTF-8 bytes per token on the test split, fallback included")
COLUMNS = (
    "arm", "seed", "variant", "vocab_size_requested", "vocab_size", "encoder", "used_downstream", "split", "bytes", "tokens",
    "bytes_per_token", "fallback_rate", "exact_token_accuracy", "cut_entropy",
)  # fmt: skip


def segment(tokenizer: Tokenizer, counts: PretokenCounts) -> Iterator[Sequence[int]]:
    """Token ids of each distinct pre-token, which are checked if they must give the text back."""
    require_same(f"the {tokenizer.kind} tokenizer", tokenizer.pretokenizer, "the table of counts", counts.pretokenizer)
    for pretoken, ids in zip(counts.pretokens, tokenizer.segment(counts.pretokens), strict=True):
        if tokenizer.lossless and tokenizer.decode_bytes(ids) != pretoken:
            raise UserError(f"The {tokenizer.kind} tokenizer does not reproduce {pretoken!r}: it is broken; train it again.")
        yield ids


def count_tokens(tokenizer: Tokenizer, counts: PretokenCounts) -> int:
    """Count the tokens of the split; checks as `segment`."""
    return _total(segment(tokenizer, counts), counts)


def _total(segmented: Iterable[Sequence[int]], counts: PretokenCounts) -> int:
    return sum(count * len(ids) for ids, count in zip(segmented, counts.counts.tolist(), strict=True))


def measure(tokenizer: Tokenizer, splits: dict[str, PretokenCounts]) -> Iterator[dict[str, Any]]:
    """Rows for each encoder and split: all `COLUMNS` except arm, seed and variant."""
    for one in tokenizer.encoders():
        for split, counts in splits.items():
            fallback, exact = one.gate_quality(counts.pairs()) or ("", "")
            segmented = list(segment(one, counts))
            tokens = _total(segmented, counts)
            entropy = cut_entropy(zip(one.cuts(counts.pretokens, segmented), counts.counts.tolist(), strict=True))
            yield {
                "vocab_size_requested": tokenizer.requested_size,
                "vocab_size": tokenizer.vocab_size,
                "encoder": one.encoder,
                "used_downstream": one.encoder == tokenizer.encoder,
                "split": split,
                "bytes": counts.total_bytes,
                "tokens": tokens,
                "bytes_per_token": counts.total_bytes / tokens,
                "fallback_rate": fallback,
                "exact_token_accuracy": exact,
                "cut_entropy": "" if math.isnan(entropy) else entropy,
            }
