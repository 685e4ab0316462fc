"""Bits are only shared out: nothing is lost, and each share is that of a count by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gqvae.config import END_OF_DOCUMENT
from gqvae.corpus.pretokenizers.gpt2 import PRETOKENIZER
from gqvae.corpus.pretokens import count_pretokens
from gqvae.measures.losses import END, TokenCosts, breakdown, by_document, places_in_pretokens
from gqvae.study.claims import bootstrap_ratio
from gqvae.tokenizers.bpe import train_bpe

TEXTS = ["The old fox walked and walked.", "A fox, a fox, a kingdom for a fox! Naïve fox.", "the walking fox walked"]
BPE = train_bpe(count_pretokens([text.encode() for text in TEXTS * 3]), 275)
LENGTHS = np.array([len(string) for string in BPE.token_bytes])


def costs_of(targets: np.ndarray, bits: np.ndarray, counts: np.ndarray, documents: list[bytes]) -> TokenCosts:
    return TokenCosts(targets, bits, float(bits.sum()), sum(map(len, documents)), LENGTHS, counts, documents, "gpt2")


def targets_of(documents: list[bytes]) -> np.ndarray:
    return np.concatenate([np.append(ids, END_OF_DOCUMENT) for ids in BPE.encode_documents(documents)]).astype(np.int64)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30), min_size=1, max_size=5))
def test_every_share_adds_up(texts: list[str]) -> None:
    documents = [text.encode() for text in texts]
    targets = targets_of(documents)
    bits = np.random.default_rng(0).uniform(0, 9, len(targets))
    costs = costs_of(targets, bits, np.bincount(targets, minlength=len(LENGTHS)), documents)
    found = by_document(costs)
    assert found["bytes"].tolist() == [len(document) for document in documents]
    assert found["tokens"].sum() == len(targets) and found["bits"].sum() == pytest.approx(bits.sum())
    parts = breakdown(costs)
    for _, part in parts.groupby("kind"):
        assert part["tokens"].sum() == len(targets) and part["bytes"].sum() == sum(map(len, documents))
        assert part["bits"].sum() == pytest.approx(bits.sum())
        assert int(part.loc[part["bin"] == END, "tokens"].sum()) == len(documents)


def test_places_are_those_within_each_pretoken() -> None:
    documents = [text.encode() for text in TEXTS]
    targets = targets_of(documents)
    expected: list[int] = []
    for text in TEXTS:
        for pretoken in BPE.segment([pretoken.encode() for pretoken in PRETOKENIZER.split(text)]):
            expected += range(1, len(pretoken) + 1)
        expected.append(0)
    assert places_in_pretokens(targets, LENGTHS[targets], documents, "gpt2").tolist() == expected
    assert max(expected) > 2


def test_frequency_is_that_of_the_training_text() -> None:
    targets = np.array([97, 98, 99, END_OF_DOCUMENT])
    counts = np.zeros(len(LENGTHS), dtype=np.int64)
    counts[97], counts[98] = 5, 1
    counts[100:110] = 3  # b is twelfth
    parts = breakdown(costs_of(targets, np.array([1.0, 2.0, 4.0, 8.0]), counts, [b"abc"])).query("kind == 'frequency'")
    assert dict(zip(parts["bin"], parts["bits"], strict=True)) == {
        "rank 1 to 10": 1.0, "rank 11 to 100": 2.0, "never in training": 4.0, END: 8.0,
    }  # fmt: skip


def test_bootstrap_covers_the_truth_as_often_as_it_says() -> None:
    """Documents of random size and cost; the truth is a ratio of expectations."""
    random, repetitions, covered = np.random.default_rng(3), 300, 0
    for _ in range(repetitions):
        sizes = random.gamma(4, 250, 150)
        costs = sizes * random.normal([[[1.9]], [[2.0]]], 0.2, (2, 3, 150))  # arms, seeds, documents
        sums = np.stack([costs, np.broadcast_to(sizes, costs.shape)], -1)
        low, high = bootstrap_ratio(sums, more_is_better=False, resamples=400)
        covered += low < 1 - 1.9 / 2.0 < high
    assert covered / repetitions == pytest.approx(0.95, abs=0.04)


def test_documents_that_both_arms_share_cancel() -> None:
    sizes = np.random.default_rng(4).gamma(4, 250, 100)
    hard = np.random.default_rng(5).uniform(1, 3, 100)  # some documents are hard for both
    sums = np.stack([np.stack([sizes * hard * factor, sizes], -1)[None] for factor in (0.98, 1.0)])
    low, high = bootstrap_ratio(sums, more_is_better=False)
    assert low == pytest.approx(0.02, abs=1e-9) and high == pytest.approx(0.02, abs=1e-9)
