"""Compression of a tokenizer on a split, from the split's distinct pre-tokens and their counts.

Compression rate = UTF-8 bytes of the raw text ÷ tokens, fallback tokens included; end-of-document tokens are counted elsewhere,
equally for all arms. For networks also: exact-token accuracy (share of gated spans whose code decodes to the span) and fallback
rate (share of gated spans encoded anew from the vocabulary), both weighted by frequency.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gqvae.corpus.pretokens import PretokenCounts
from gqvae.errors import UserError
from gqvae.tokenizers.base import Tokenizer
from gqvae.tokenizers.learned import LearnedTokenizer

COLUMNS = (
    "arm", "seed", "variant", "vocab_size_requested", "vocab_size", "encoder", "used_downstream", "split", "bytes", "tokens",
    "bytes_per_token", "fallback_rate", "exact_token_accuracy",
)  # fmt: skip


def count_tokens(tokenizer: Tokenizer, counts: PretokenCounts) -> int:
    """Tokens of the split; checks that each pre-token's token bytes spell it exactly."""
    segmented = tokenizer.segment([pretoken.decode("utf-8") for pretoken in counts.pretokens])
    tokens = 0
    for pretoken, ids, count in zip(counts.pretokens, segmented, counts.counts.tolist(), strict=True):
        if tokenizer.decode_bytes(ids) != pretoken:
            raise UserError(f"the {tokenizer.kind} tokenizer does not give {pretoken!r} back: it is broken, train it again.")
        tokens += count * len(ids)
    return tokens


def gate_quality(tokenizer: LearnedTokenizer, counts: PretokenCounts) -> tuple[float, float]:
    """Fallback rate and exact-token accuracy of the neural encoder."""
    spans = tokenizer.spans(counts.pretokens)
    known = set(tokenizer.strings) | {bytes([value]) for value in range(256)}
    emitted = exact = kept = 0
    for pretoken, count in zip(counts.pretokens, counts.counts.tolist(), strict=True):
        for text, code in tokenizer.pretoken_spans(pretoken, spans):
            right = tokenizer.codes[code] == text
            emitted += count
            exact += count * right
            kept += count * (right and text in known)
    return 1 - kept / emitted, exact / emitted


def measure(tokenizer: Tokenizer, splits: dict[str, PretokenCounts]) -> Iterator[dict[str, Any]]:
    """Rows for each split, and for networks each encoder (columns of `COLUMNS` but arm, seed and variant)."""
    encoders = (
        [tokenizer.with_encoder(name) for name in ("neural", "distilled")]
        if isinstance(tokenizer, LearnedTokenizer)
        else [tokenizer]
    )
    for one in encoders:
        for split, counts in splits.items():
            fallback: float | str = ""
            exact: float | str = ""
            if isinstance(one, LearnedTokenizer) and one.encoder == "neural":
                fallback, exact = gate_quality(one, counts)
            tokens = count_tokens(one, counts)
            yield {
                "vocab_size_requested": tokenizer.requested_size,
                "vocab_size": tokenizer.vocab_size,
                "encoder": one.encoder if isinstance(one, LearnedTokenizer) else "",
                "used_downstream": not isinstance(one, LearnedTokenizer) or one.encoder == tokenizer.encoder,  # type: ignore[attr-defined]
                "split": split,
                "bytes": counts.total_bytes,
                "tokens": tokens,
                "bytes_per_token": counts.total_bytes / tokens,
                "fallback_rate": fallback,
                "exact_token_accuracy": exact,
            }
