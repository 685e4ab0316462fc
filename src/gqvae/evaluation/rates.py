"""Rates of a network: what its gates do for what they are asked, and how near a tokenizer comes to a compression that is asked for.

Settings are found on the training split (`tokenizers/rates.py`) and measured on the validation split.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gqvae.corpus.pretokens import PretokenCounts
from gqvae.evaluation.compression import count_tokens
from gqvae.tokenizers.base import Tokenizer
from gqvae.tokenizers.learned import LearnedTokenizer
from gqvae.tokenizers.rates import RateDial
from gqvae.tokenizers.spans import served_rates

COLUMNS = (
    "arm", "seed", "vocab_size", "request", "gate_rate", "gate_mean", "target_bytes_per_token", "bytes_per_token", "relative_error",
    "fallback_rate", "exact_token_accuracy",
)  # fmt: skip
REQUESTS = 9  # over the range that the network serves
TARGETS = 7
LOWEST_TARGET = 1.8  # bytes per token
HIGHEST_TARGET = 0.9  # of what BPE reaches with the same vocabulary


def measure_rates(
    tokenizer: LearnedTokenizer, bpe: Tokenizer, train: PretokenCounts, valid: PretokenCounts
) -> Iterator[dict[str, Any]]:
    """Rows of `COLUMNS` but arm and seed: first plain requests over the whole range, then targets of compression."""
    for request in served_rates(tokenizer.network, REQUESTS):
        yield _row(tokenizer.at_rate(request), valid, None)
    dial = RateDial(tokenizer.network, tokenizer.codes, train)
    highest = HIGHEST_TARGET * valid.total_bytes / count_tokens(bpe, valid)
    for target in np.linspace(LOWEST_TARGET, highest, TARGETS).tolist():
        wanted = train.total_bytes / train.total / target
        yield _row(tokenizer.at_rate(dial.nearest(tokenizer.strings, wanted).rate), valid, target)


def _row(tokenizer: LearnedTokenizer, valid: PretokenCounts, target: float | None) -> dict[str, Any]:
    neural = tokenizer.with_encoder("neural")
    pretokens = list(zip(valid.pretokens, valid.counts.tolist(), strict=True))
    spans = neural.spans(pretoken for pretoken, _ in pretokens)
    gates = sum(count * sum(1 for _ in neural.pretoken_spans(pretoken, spans)) for pretoken, count in pretokens)
    fallback, exact = neural.gate_quality(pretokens) or (None, None)
    reached = valid.total_bytes / count_tokens(neural, valid)
    return {
        "vocab_size": neural.vocab_size,
        "request": neural.rate,
        "gate_rate": gates / valid.total,
        "gate_mean": gates / valid.total_bytes,
        "target_bytes_per_token": target,
        "bytes_per_token": reached,
        "relative_error": None if target is None else reached / target - 1,
        "fallback_rate": fallback,
        "exact_token_accuracy": exact,
    }
