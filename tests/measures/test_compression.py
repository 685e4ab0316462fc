"""Compression counts every token, fallback included, and tells what the gates do well."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from gqvae.config import Distillation, PaperObjective
from gqvae.corpus.pieces import cut
from gqvae.corpus.pretokens import PretokenCounts
from gqvae.distillation.distill import distill
from gqvae.errors import UserError
from gqvae.measures.bytes_per_token import COLUMNS, count_tokens, measure
from gqvae.measures.cut_entropy import cut_entropy
from gqvae.tokenizers.base import Tokenizer
from gqvae.tokenizers.learned import LearnedTokenizer
from gqvae.training.network import train_network
from small_network import RUN


@pytest.mark.parametrize("arm", ["bytes", "bpe", "unigram", "dictionary", "neural", "distilled"])
def test_tokens_equal_those_of_each_pretoken_times_its_count(
    tokenizers: dict[str, Tokenizer], counts: PretokenCounts, arm: str
) -> None:
    pairs = list(zip(counts.pretokens, counts.counts.tolist(), strict=True))
    tokens = sum(count * len(tokenizers[arm].encode(pretoken.decode())) for pretoken, count in pairs)
    assert count_tokens(tokenizers[arm], counts) == tokens
    assert counts.total_bytes == sum(count * len(pretoken) for pretoken, count in pairs)


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


@pytest.mark.parametrize("arm", ["bpe", "neural", "distilled"])
def test_cuts_are_those_of_tokens_or_gates(tokenizers: dict[str, Tokenizer], counts: PretokenCounts, arm: str) -> None:
    one = tokenizers[arm]
    cuts = list(one.cuts(counts.pretokens))
    assert [sum(cut) for cut in cuts] == [len(pretoken) for pretoken in counts.pretokens]
    if isinstance(one, LearnedTokenizer) and arm == "neural":
        spans = one.spans(counts.pretokens)
        assert cuts == [[len(text) for text, _ in one.pretoken_spans(pretoken, spans)] for pretoken in counts.pretokens]
    else:
        assert [len(cut) for cut in cuts] == [len(one.encode(pretoken.decode())) for pretoken in counts.pretokens]


@pytest.mark.parametrize("arm", ["bpe", "unigram", "pathpiece"])
def test_text_is_segmented_once_for_counts_and_cuts(
    tokenizers: dict[str, Tokenizer], counts: PretokenCounts, arm: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, calls = tokenizers[arm], []
    expected = cut_entropy(zip(one.cuts(counts.pretokens), counts.counts.tolist(), strict=True))
    segment = one.segment
    monkeypatch.setattr(one, "segment", lambda pretokens: calls.append(len(pretokens)) or segment(pretokens))
    (row,) = measure(one, {"valid": counts})
    assert calls == [len(counts.pretokens)] and row["cut_entropy"] == expected > 0


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
    monkeypatch.setattr(tokenizers["bytes"], "segment", lambda pretokens: [[120] for _ in pretokens], raising=True)
    with pytest.raises(UserError, match="does not reproduce"):
        count_tokens(tokenizers["bytes"], counts)


def test_a_network_of_the_paper_objective_segments_as_it_was_trained(counts: PretokenCounts, tmp_path: Path) -> None:
    """It learnt with padding as text; the tokenizer must cut as the last row of its training history says."""
    run = RUN.model_copy(
        update={
            "objective": PaperObjective(alpha=0.5),
            "training": RUN.training.model_copy(update={"steps": 40, "unquantized_steps": 5}),
        }
    )
    train_network(run, counts, counts, seed=0, label="test", out=tmp_path / "out", state=tmp_path / "state", threads=1)
    last = list(csv.DictReader((tmp_path / "out" / "history.csv").open()))[-1]
    ((_, tokenizer),) = distill(tmp_path / "out", Distillation(sizes=(300,)), counts)
    pairs = list(zip(counts.pretokens, counts.counts.tolist(), strict=True))
    spans = tokenizer.spans(counts.pretokens)
    tokens = sum(count * len(list(tokenizer.pretoken_spans(pretoken, spans))) for pretoken, count in pairs)
    pieces = sum(count * len(cut(pretoken, RUN.network.max_pretoken_bytes)) for pretoken, count in pairs)
    assert tokens / pieces == pytest.approx(float(last["hard_rate"]))
    quality = tokenizer.gate_quality(pairs)
    assert quality is not None and quality[1] == pytest.approx(float(last["exact_token_accuracy"]))
