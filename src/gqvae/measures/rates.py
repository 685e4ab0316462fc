"""How closely a network's gates follow a requested rate, and how closely a tokenizer reaches a target compression.

Rates are searched on the training split (`distillation/rates.py`) and measured on the validation split.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gqvae.corpus.pretokens import PretokenCounts
from gqvae.distillation.rates import MeasuredRate, RateDial
from gqvae.measures.bytes_per_token import count_tokens
from gqvae.measures.cut_entropy import cut_entropy
from gqvae.tokenizers.base import Tokenizer
from gqvae.tokenizers.learned import LearnedTokenizer
from gqvae.tokenizers.spans import served_rates

REQUESTS = 9  # over the range that the network serves
TARGETS = 7
LOWEST_TARGET = 1.8  # bytes per token
HIGHEST_TARGET = 0.9  # share of the compression of BPE with the same vocabulary size


def measure_rates(
    tokenizer: LearnedTokenizer, bpe: Tokenizer, train: PretokenCounts, valid: PretokenCounts
) -> Iterator[dict[str, Any]]:
    """Rows of the table `rates` without arm and seed: requested rates over the whole range, then target compressions."""
    train_dial, valid_dial = (RateDial(tokenizer.network, tokenizer.codes, split) for split in (train, valid))
    for request in served_rates(tokenizer.network, REQUESTS):
        yield _row(tokenizer, valid_dial.at(tokenizer.strings, request), valid, None)
    highest = HIGHEST_TARGET * valid.total_bytes / count_tokens(bpe, valid)
    for target in np.linspace(LOWEST_TARGET, highest, TARGETS).tolist():
        found = train_dial.nearest(tokenizer.strings, train.total_bytes / train.total / target)
        yield _row(tokenizer, valid_dial.at(tokenizer.strings, found.rate), valid, target)


def _row(tokenizer: LearnedTokenizer, reached: MeasuredRate, valid: PretokenCounts, target: float | None) -> dict[str, Any]:
    gates = tokenizer.with_encoder("neural").at_rate(reached.rate)
    length = valid.total_bytes / valid.total
    bytes_per_token = length / reached.tokens_per_pretoken
    return {
        "vocab_size": tokenizer.vocab_size,
        "request": reached.rate,
        "gate_rate": reached.gates_per_pretoken,
        "gate_mean": reached.gates_per_pretoken / length,
        "target_bytes_per_token": target,
        "bytes_per_token": bytes_per_token,
        "relative_error": None if target is None else bytes_per_token / target - 1,
        "fallback_rate": reached.fallback_rate,
        "exact_token_accuracy": reached.exact_token_accuracy,
        "cut_entropy": cut_entropy(zip(gates.cuts(valid.pretokens), valid.counts.tolist(), strict=True)),
    }
