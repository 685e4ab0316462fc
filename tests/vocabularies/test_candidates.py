from __future__ import annotations

from collections import Counter
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gqvae.corpus.pretokens import PretokenCounts
from gqvae.vocabularies.candidates import chunks, random_gates, substrings

PROBABILITIES = (0.05, 0.3, 0.6)


def counted(**pretokens: int) -> PretokenCounts:
    return PretokenCounts([name.encode() for name in pretokens], np.array(list(pretokens.values()), dtype=np.int64))


def expected_spans(counts: PretokenCounts, longest: int) -> Counter[bytes]:
    """By the definition: every pattern of open gates, weighted by its probability."""
    expected: Counter[bytes] = Counter()
    for probability in PROBABILITIES:
        for pretoken, count in zip(counts.pretokens, counts.counts.tolist(), strict=True):
            for gates in product((False, True), repeat=len(pretoken) - 1):
                weight = np.prod([probability if gate else 1 - probability for gate in gates])
                ends = [place + 1 for place, gate in enumerate(gates) if gate] + [len(pretoken)]
                for start, end in zip([0, *ends], ends, strict=False):
                    if 2 <= end - start <= longest:
                        expected[pretoken[start:end]] += weight * count  # type: ignore[assignment]
    return expected


@pytest.mark.parametrize("longest", [2, 4, 7])
def test_random_gates_are_ordered_by_the_expected_number_of_spans(longest: int) -> None:
    counts = counted(banana=7, bandana=3, an=5, nab=2, a=90, anan=1)
    expected = expected_spans(counts, longest)
    found = random_gates(counts, 10_000, longest, PROBABILITIES)
    assert sorted(found) == sorted(expected)
    values = [expected[string] for string in found]
    assert all(before >= after - 1e-9 for before, after in pairwise(values))
    assert random_gates(counts, 3, longest, PROBABILITIES) == found[:3]


def test_equal_scores_are_ordered_by_bytes_whatever_the_order_of_the_text() -> None:
    one, two = counted(cd=1, ab=1, ef=1), counted(ef=1, cd=1, ab=1)
    for find in (lambda counts: random_gates(counts, 9, 4, (0.5,)), lambda counts: substrings(counts, 9, 4)):
        assert find(one) == find(two) == [b"ab", b"cd", b"ef"]


def test_substrings_are_half_whole_pretokens_and_repeat_none() -> None:
    counts = counted(abcd=9, bc=8, xyz=1)
    found = substrings(counts, 4, 4)
    assert found[:2] == [b"abcd", b"bc"]  # the most frequent pre-tokens
    assert found[2:] == [b"ab", b"abc"]  # then the most frequent others, 9 times each; bc is in already
    assert len(set(substrings(counts, 99, 4))) == len(substrings(counts, 99, 4))


def test_chunks_are_cut_from_the_start_of_a_pretoken() -> None:
    assert chunks(counted(abcde=5, abcxyz=2, q=9), 9, 3) == [b"abc", b"de", b"xyz"]


def scored_spans(counts: PretokenCounts, longest: int, probabilities: tuple[float, ...] | None) -> dict[bytes, float]:
    """In plain Python, with the same order of additions; without probabilities, every span counts once."""
    scores: dict[bytes, float] = {}
    for pretoken, count in counts.pairs():
        for start in range(len(pretoken) - 1):
            for end in range(start + 2, min(start + longest, len(pretoken)) + 1):
                first, last = start == 0, end == len(pretoken)
                weight = sum(
                    (1.0 if first else p) * (1 - p) ** (end - start - 1) * (1.0 if last else p)
                    for p in ((1.0,) if probabilities is None else probabilities)
                )
                score = count if probabilities is None else weight * count
                scores[pretoken[start:end]] = scores.get(pretoken[start:end], 0.0) + score
    return scores


def best(scores: dict[bytes, float], number: int) -> list[bytes]:
    return sorted(scores, key=lambda string: (-scores[string], string))[:number]


TEXTS = st.sampled_from([b"ab", b"abcd", b"\x00\x80\xff"]).flatmap(
    lambda letters: st.dictionaries(
        st.lists(st.sampled_from(letters), min_size=1, max_size=14).map(bytes), st.integers(1, 10**12), max_size=30
    )
)


@given(TEXTS, st.integers(1, 60), st.integers(2, 16))
def test_candidates_are_those_of_plain_python_to_the_last_digit(texts: dict[bytes, int], number: int, longest: int) -> None:
    counts = PretokenCounts(list(texts), np.array(list(texts.values()), dtype=np.int64))
    assert random_gates(counts, number, longest, PROBABILITIES) == best(scored_spans(counts, longest, PROBABILITIES), number)
    whole = best({text: count for text, count in texts.items() if 2 <= len(text) <= longest}, number // 2)
    others = {text: score for text, score in scored_spans(counts, longest, None).items() if text not in whole}
    assert substrings(counts, number, longest) == whole + best(others, number - len(whole))


def test_a_string_that_no_gates_cut_may_still_be_a_candidate() -> None:
    counts = counted(**{"a" * 400: 1})
    assert len(random_gates(counts, 1000, 400, (0.999,))) == 399  # most of the probabilities are below the smallest number
