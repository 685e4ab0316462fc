from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from gqvae.measures.cut_entropy import cut_entropy

CUTS = st.lists(st.tuples(st.lists(st.integers(1, 3), min_size=1, max_size=4).map(tuple), st.integers(1, 50)), min_size=1)


def test_a_cut_that_the_length_decides_has_none() -> None:
    assert cut_entropy([((2, 2), 5), ((2, 2, 1), 3), ((2, 2), 4), ((1,), 7)]) == 0.0


def test_two_equally_frequent_cuts_of_one_length_take_a_bit() -> None:
    assert cut_entropy([((4,), 3), ((2, 2), 1), ((2, 2), 2)]) == pytest.approx(1.0)
    assert cut_entropy([((4,), 3), ((2, 2), 3), ((1,), 6)]) == pytest.approx(0.5)  # half of the pre-tokens have one byte


def test_long_pretokens_do_not_count() -> None:
    assert math.isnan(cut_entropy([((17,), 3), ((16, 1), 3)]))
    assert cut_entropy([((17,), 3), ((16, 1), 9), ((4,), 3), ((2, 2), 3)]) == pytest.approx(1.0)


@given(CUTS)
def test_it_is_the_conditional_entropy_of_scipy(cuts: list[tuple[tuple[int, ...], int]]) -> None:
    lengths = sorted({sum(cut) for cut, _ in cuts})
    total = sum(count for _, count in cuts)
    expected = 0.0
    for length in lengths:
        kinds = sorted({cut for cut, _ in cuts if sum(cut) == length})
        counts = np.array([sum(count for cut, count in cuts if cut == kind) for kind in kinds], dtype=float)
        expected += counts.sum() / total * stats.entropy(counts, base=2)
    assert cut_entropy(cuts) == pytest.approx(expected, abs=1e-9)
