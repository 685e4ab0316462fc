"""Compression counts every token, fallback included, and tells what the gates do well."""

from __future__ import annotations

import pytest

from gqvae.corpus.pretokens import PretokenCounts
from gqvae.errors import UserError
from gqvae.evaluation.compression import COLUMNS, count_tokens, measure
from gqvae.tokenizers.base import Tokenizer
from gqvae.tokenizers.learned import LearnedTokenizer


@pytest.mark.parametrize("arm", ["bytes", "bpe", "neural", "distilled"])
def test_tokens_equal_those_of_the_stream(tokenizers: dict[str, Tokenizer], counts: PretokenCounts, arm: str) -> None:
    stream = "".join(pretoken.decode() * count for pretoken, count in zip(counts.pretokens, counts.counts.tolist(), strict=True))
    # Repeated pre-tokens may merge into others when they are written one after another: encode them one by one.
    tokens = sum(
        count * len(tokenizers[arm].encode(pretoken.decode()))
        for pretoken, count in zip(counts.pretokens, counts.counts.tolist(), strict=True)
        if len(pretoken) > 0
    )
    assert count_tokens(tokenizers[arm], counts) == tokens
    assert counts.total_bytes == len(stream.encode())


def test_rows_have_every_column_and_each_encoder(tokenizers: dict[str, Tokenizer], counts: PretokenCounts) -> None:
    rows = list(measure(tokenizers["neural"], {"valid": counts, "test": counts}))
    assert [(row["encoder"], row["split"]) for row in rows] == [
        ("neural", "valid"), ("neural", "test"), ("distilled", "valid"), ("distilled", "test"),
    ]  # fmt: skip
    assert all(set(row) == set(COLUMNS) - {"arm", "seed", "variant"} for row in rows)
    assert [row["used_downstream"] for row in rows] == [True, True, False, False]
    assert rows[2]["fallback_rate"] == "" and rows[2]["tokens"] <= rows[0]["tokens"]
    (row, *_) = measure(tokenizers["bpe"], {"valid": counts})
    assert row["encoder"] == "" and row["used_downstream"]


def test_gate_quality_equals_a_count_by_hand(tokenizers: dict[str, Tokenizer], counts: PretokenCounts) -> None:
    neural = tokenizers["neural"]
    assert isinstance(neural, LearnedTokenizer)
    pairs = list(zip(counts.pretokens, counts.counts.tolist(), strict=True))
    quality = neural.gate_quality(pairs)
    assert quality is not None
    spans = [
        span
        for pretoken, count in pairs
        for _ in range(count)
        for span in neural.pretoken_spans(pretoken, neural.spans([pretoken]))
    ]
    exact = [neural.codes[code] == text for text, code in spans]
    kept = [len(neural.span_ids(span)) == 1 and right for span, right in zip(spans, exact, strict=True)]
    assert quality[1] == pytest.approx(sum(exact) / len(spans))
    assert 1 - quality[0] == pytest.approx(sum(kept) / len(spans))
    assert neural.with_encoder("distilled").gate_quality(pairs) is None


def test_a_lossy_tokenizer_is_refused(
    tokenizers: dict[str, Tokenizer], counts: PretokenCounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokenizers["bytes"], "segment", lambda pretokens: [b"x" for _ in pretokens], raising=True)
    with pytest.raises(UserError, match="does not give"):
        count_tokens(tokenizers["bytes"], counts)
