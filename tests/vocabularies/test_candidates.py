from __future__ import annotations

from collections import Counter
from itertools import pairwise, product

import numpy as np
import pytest

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
