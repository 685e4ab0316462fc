"""p values are scipy's, their correction is that of closed testing, and words go no further than both."""

from __future__ import annotations

from itertools import chain, combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from gqvae.study.verdicts import holm, p_value, sign, verdict


def closed_testing(p_values: list[float]) -> list[float]:
    """By brute force: a hypothesis is rejected if every intersection that holds it is, each by Bonferroni's rule."""
    places = range(len(p_values))
    subsets = list(chain.from_iterable(combinations(places, size) for size in range(1, len(p_values) + 1)))
    return [
        max(min(1.0, len(subset) * min(p_values[other] for other in subset)) for subset in subsets if place in subset)
        for place in places
    ]


@settings(deadline=None)
@given(st.lists(st.sampled_from([0.0, 0.004, 0.01, 0.02, 0.3]) | st.floats(0, 1), max_size=6))
def test_holm_is_closed_testing(p_values: list[float]) -> None:
    assert holm(p_values) == pytest.approx(closed_testing(p_values), abs=1e-12)


@settings(deadline=None)
@given(st.lists(st.floats(-1, 1).map(lambda value: round(value, 4)), min_size=2, max_size=6), st.sampled_from([0.0, -0.05, 0.3]))
def test_p_is_that_of_scipys_test(values: list[float], null: float) -> None:
    if len(set(values)) > 1:
        assert p_value(values, null) == pytest.approx(stats.ttest_1samp(values, null).pvalue, rel=1e-6, abs=1e-12)
    else:
        assert p_value(values, null) == (1 if values[0] == null else 0)


def test_equal_values_have_no_variance_however_they_round() -> None:
    assert np.std([0.1] * 3) > 0  # so that a variance of zero is no test for it
    assert (p_value([0.1] * 3, 0.1), p_value([0.1] * 3, 0.0)) == (1, 0)


@pytest.mark.parametrize(
    ("effect", "margin", "p", "said"),
    [
        (0.02, 0.0, 0.04, "supported"),
        (0.02, 0.0, 0.05, "not supported"),
        (-0.02, 0.0, 0.04, "contradicted"),
        (-0.02, 0.05, 0.04, "supported"),  # behind, but by less than counts
        (-0.08, 0.05, 0.04, "contradicted"),
        (-0.08, 0.05, 0.2, "not supported"),
        (0.02, 0.0, None, "not supported"),  # one pair
    ],
)
def test_verdicts(effect: float, margin: float, p: float | None, said: str) -> None:
    assert verdict(effect, margin, p) == said


@pytest.mark.parametrize(
    ("effect", "p", "said"),
    [(0.02, 0.04, "better"), (-0.02, 0.04, "worse"), (-0.02, 0.05, "undecided"), (0.02, None, "undecided")],
)
def test_signs(effect: float, p: float | None, said: str) -> None:
    assert sign(effect, p) == said


def test_a_study_without_effects_rarely_claims_one() -> None:
    """Ten true hypotheses of three pairs each: at least one is rejected in 5 % of studies, where uncorrected it would be 40 %."""
    random, studies = np.random.default_rng(0), 600
    found = uncorrected = 0
    for _ in range(studies):
        p_values = [p_value(values) for values in random.normal(0, 1, (10, 3))]
        found += min(holm(p_values)) < 0.05
        uncorrected += min(p_values) < 0.05
    assert found / studies == pytest.approx(0.05, abs=0.02) and uncorrected / studies == pytest.approx(0.40, abs=0.06)
