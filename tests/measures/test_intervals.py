"""Intervals agree with scipy's own, and refuse what must not be averaged."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from gqvae.errors import UserError
from gqvae.measures.intervals import paired_difference, pairs_needed, spread_of, t_interval

VALUES = st.lists(st.floats(-100, 100), min_size=2, max_size=5)


@settings(deadline=None)
@given(VALUES)
def test_t_interval_equals_that_of_scipy(values: list[float]) -> None:
    result = t_interval(values)
    error = stats.sem(values)
    low, high = stats.t.interval(0.95, len(values) - 1, loc=np.mean(values), scale=error) if error > 0 else (np.mean(values),) * 2
    assert result.n == len(values)
    assert [result.mean, result.low, result.high] == pytest.approx([np.mean(values), low, high], abs=1e-9)


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(-10, 10), st.floats(-10, 10)), min_size=2, max_size=5))
def test_paired_interval_equals_that_of_scipys_paired_test(pairs: list[tuple[float, float]]) -> None:
    first, second = ({seed: pair[side] for seed, pair in enumerate(pairs)} for side in (0, 1))
    result = paired_difference(first, second)
    differences = [a - b for a, b in pairs]
    if np.std(differences) < 1e-6:
        return
    oracle = stats.ttest_rel(*zip(*pairs, strict=True)).confidence_interval(0.95)
    assert [result.low, result.high] == pytest.approx([oracle.low, oracle.high], rel=1e-6, abs=1e-9)


@settings(deadline=None)
@given(VALUES)
def test_the_spread_behind_an_interval_is_that_of_its_values(values: list[float]) -> None:
    assert spread_of(t_interval(values)) == pytest.approx(np.std(values, ddof=1), abs=1e-9)


@pytest.mark.parametrize(("effect", "pairs"), [(0.2, 199), (0.5, 34), (0.8, 15)])  # Cohen's small, medium and large effects
def test_pairs_that_decide_an_effect_are_those_of_published_tables(effect: float, pairs: int) -> None:
    assert pairs_needed(1.0, effect) == pairs_needed(10.0, -10 * effect) == pairs


@pytest.mark.parametrize("effect", [0.3, 1.0, 4.0])
def test_the_fewest_pairs_find_an_effect_four_times_in_five(effect: float) -> None:
    pairs = pairs_needed(1.0, effect)
    samples = np.random.default_rng(0).normal(effect, 1, (20_000, pairs))
    found = [(stats.ttest_1samp(samples[:, :count], 0, axis=1).pvalue < 0.05).mean() for count in (pairs, pairs - 1) if count > 1]
    assert found[0] > 0.79 and all(share < 0.81 for share in found[1:])


def test_pairs_are_by_seed_not_by_order() -> None:
    result = paired_difference({1: 2.0, 0: 1.0}, {0: 0.5, 1: 1.5})
    assert (result.mean, result.low, result.high) == (0.5, 0.5, 0.5)


def test_intervals_over_tokenizers_cover_both_levels_of_chance() -> None:
    """Effects vary with the tokenizer and with each of its language models. All models alike would pass for more than they are."""
    random, rounds, tokenizers, models = np.random.default_rng(0), 4000, 5, 3
    covered = {"mean of each tokenizer": 0, "all models alike": 0}
    for _ in range(rounds):
        effects = random.normal(0, 1, (tokenizers, 1)) + random.normal(0, 1, (tokenizers, models))
        for name, values in zip(covered, (effects.mean(1), effects.ravel()), strict=True):
            found = t_interval(values.tolist())
            assert found.low is not None and found.high is not None
            covered[name] += found.low <= 0 <= found.high
    assert covered["mean of each tokenizer"] / rounds == pytest.approx(0.95, abs=0.012)
    assert covered["all models alike"] / rounds < 0.88


def test_one_seed_has_no_interval_and_shows_nothing() -> None:
    result = t_interval([1.5])
    assert (result.mean, result.low, result.high, result.n) == (1.5, None, None, 1)


def test_two_seeds_are_wide() -> None:
    result = t_interval([0.0, 2.0])
    assert result.high is not None and result.high - result.mean == pytest.approx(12.7062047364)


@pytest.mark.parametrize("values", [[], [1.0, math.nan], [math.inf, 1.0]])
def test_nothing_or_divergence_is_refused(values: list[float]) -> None:
    with pytest.raises(UserError):
        t_interval(values)


def test_a_seed_without_partner_is_named() -> None:
    with pytest.raises(UserError, match=r"\[2\]"):
        paired_difference({0: 1.0, 2: 1.0}, {0: 1.0})


@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_intervals_hold_the_true_mean_as_often_as_they_say(seeds: int) -> None:
    random, repetitions = np.random.default_rng(seeds), 2000
    held = 0
    for _ in range(repetitions):
        shared = random.normal(0, 3, seeds)  # what two arms have in common at a seed cancels
        first, second = (dict(enumerate(shared + random.normal(mean, 1, seeds))) for mean in (2.0, 1.0))
        interval = paired_difference(first, second)
        assert interval.low is not None and interval.high is not None
        held += interval.low <= 1.0 <= interval.high
    assert abs(held / repetitions - 0.95) < 3 * np.sqrt(0.95 * 0.05 / repetitions)  # three standard errors
