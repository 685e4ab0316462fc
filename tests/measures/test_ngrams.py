"""Entropies and held-out costs of pairs of tokens against dense models, scipy's entropies, and sums that must be 1."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from gqvae.errors import UserError
from gqvae.measures import bigram_bpb, unigram_bpb
from gqvae.measures.encoded_text import EncodedText
from gqvae.measures.ngrams import Pairs, WittenBell, bigram_entropy, count_pairs, unigram_entropy
from gqvae.tokenizers.token_files import TokenFile
from gqvae.training.windows import join_documents

END = 256
V = 261
# Few different ids, so that pairs repeat; documents may be empty.
DOCUMENTS = st.lists(st.lists(st.sampled_from([0, 7, 97, 255, 257, 260]), max_size=12), min_size=1, max_size=8).filter(any)


def encoded(documents: list[list[int]], dtype: Any = np.uint16, size: int = V) -> TokenFile:
    ids = np.array([token for document in documents for token in document], dtype=dtype)
    return TokenFile(ids, np.cumsum([0, *map(len, documents)]), size, 3 * len(ids))


def counted(tokens: TokenFile) -> Pairs:
    return count_pairs(tokens, "test.bin")


class Splits(EncodedText):
    """Two splits in memory."""

    def __init__(self, train: list[list[int]], test: list[list[int]], size: int = V) -> None:
        self.training, self.held_out = (counted(encoded(documents, size=size)) for documents in (train, test))


def stream(documents: list[list[int]]) -> list[int]:
    return [END, *(token for document in documents for token in (*document, END))]


def dense(documents: list[list[int]]) -> np.ndarray:
    """(V, V) counts of pairs, by a loop."""
    counts, ids = np.zeros((V, V)), stream(documents)
    for history, token in itertools.pairwise(ids):
        counts[history, token] += 1
    return counts


def dense_model(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(V,) and (V, V) probabilities, by the definition with λ."""
    occurrences = counts.sum(0)
    unigram = (occurrences + 1) / (occurrences.sum() + V)
    bigram = np.empty((V, V))
    for history in range(V):
        total, different = counts[history].sum(), np.count_nonzero(counts[history])
        if total == 0:
            bigram[history] = unigram
            continue
        weight = different / (different + total)
        bigram[history] = (1 - weight) * counts[history] / total + weight * unigram
    return unigram, bigram


@given(DOCUMENTS, st.sampled_from([1, 3, 1000]), st.sampled_from([np.uint16, np.uint32]))
def test_pairs_are_those_of_the_stream(documents: list[list[int]], chunk: int, dtype: Any) -> None:
    pairs, counts = count_pairs(encoded(documents, dtype), "x", chunk), dense(documents)
    assert pairs.keys.tolist() == np.flatnonzero(counts).tolist()
    assert pairs.counts.tolist() == counts[counts > 0].tolist()
    assert join_documents(encoded(documents, dtype), range(len(documents))).tolist() == stream(documents)


@given(DOCUMENTS)
def test_entropies_are_those_of_scipy(documents: list[list[int]]) -> None:
    counts, size = dense(documents), 3 * sum(map(len, documents))
    pairs = counted(encoded(documents))
    scale = counts.sum() / size  # tokens, ends of documents included, over bytes
    assert unigram_entropy(pairs) == pytest.approx(stats.entropy(counts.sum(0), base=2) * scale, abs=1e-9)
    histories = counts.sum(1)
    rows = [stats.entropy(counts[h], base=2) * histories[h] / counts.sum() for h in np.flatnonzero(histories)]
    assert bigram_entropy(pairs) == pytest.approx(sum(rows) * scale, abs=1e-9)
    # The chain rule: what a pair says beyond its history.
    joint = stats.entropy(counts.ravel(), base=2) - stats.entropy(histories, base=2)
    assert bigram_entropy(pairs) == pytest.approx(joint * scale, abs=1e-9)


@given(DOCUMENTS, DOCUMENTS)
def test_held_out_costs_are_those_of_a_dense_model(train: list[list[int]], test: list[list[int]]) -> None:
    unigram, bigram = dense_model(dense(train))
    ids, size = stream(test), 3 * sum(map(len, test))
    found = Splits(train, test)
    assert unigram_bpb.of(found) == pytest.approx(-np.log2(unigram[ids[1:]]).sum() / size)
    assert bigram_bpb.of(found) == pytest.approx(-np.log2(bigram[ids[:-1], ids[1:]]).sum() / size)


@given(DOCUMENTS, st.sampled_from([END, 97, 257, 3, 258]))  # 3 and 258 never occur
def test_probabilities_after_any_history_sum_to_one(documents: list[list[int]], history: int) -> None:
    model = WittenBell(counted(encoded(documents)))
    after = model.bigram(np.full(V, history), np.arange(V))
    assert after.sum() == pytest.approx(1, abs=1e-12) and after.min() > 0
    assert model.unigram.sum() == pytest.approx(1, abs=1e-12)


def test_a_text_by_hand() -> None:
    """Training: EOD a a b EOD. p(a|a) = (1 + 2 p(a)) / (2 + 2) with p(a) = 3 / (4 + 258)."""
    model = WittenBell(counted(encoded([[97, 97, 98]], size=258)))
    found = model.bigram(np.array([97, 98, 5]), np.array([97, END, 97]))
    expected = [(1 + 2 * 3 / 262) / 4, (1 + 2 / 262) / 2, 3 / 262]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_what_alternates_costs_nothing_given_its_history() -> None:
    found = counted(encoded([[97, 98] * 5000]))
    assert bigram_entropy(found) == pytest.approx(0, abs=1e-3) and unigram_entropy(found) == pytest.approx(1 / 3, abs=1e-3)
    costs = Splits([[97, 98] * 5000], [[97, 98] * 500])
    assert bigram_bpb.of(costs) < 0.02 < 0.3 < unigram_bpb.of(costs)


def test_a_larger_vocabulary_pays_for_its_unused_ids() -> None:
    """The same tokens cost more where probability is kept for ids that never come: a proper distribution over all V."""
    text = [[97, 98, 99, 98] * 20]
    small, large = (Splits(text, text, size=size) for size in (V, 10 * V))
    assert bigram_bpb.of(large) > bigram_bpb.of(small)
    assert bigram_entropy(large.training) == bigram_entropy(small.training)


def test_what_cannot_be_counted_is_refused() -> None:
    with pytest.raises(UserError, match=r"test\.bin holds no text"):
        counted(encoded([[]]))
    with pytest.raises(UserError, match="id 300, outside its vocabulary of 261"):
        counted(encoded([[1, 300]]))


def test_only_pairs_that_occur_are_kept() -> None:
    """V² would be 2.5 · 10⁹ cells here: more than fits."""
    ids = np.random.default_rng(0).integers(257, 50_000, 100_000).astype(np.uint16)
    pairs = count_pairs(TokenFile(ids, np.array([0, len(ids)]), 50_000, 3 * len(ids)), "x", chunk=30_000)
    assert isinstance(pairs, Pairs) and len(pairs.keys) <= len(ids) + 1 and pairs.counts.sum() == len(ids) + 1
