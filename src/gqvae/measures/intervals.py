"""Means over seeds with Student's t-intervals, and paired differences by seed.

A study has few seeds (1 to 5), so the quantile of t, not of the normal distribution, sets the width: with two seeds the interval
extends 12.7 standard errors to each side. One seed has no interval.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy import special

from gqvae.errors import UserError

LEVEL = 0.95
POWER = 0.8


class Interval(NamedTuple):
    """A mean over `n` seeds and the ends of its confidence interval (None for one seed)."""

    mean: float
    low: float | None
    high: float | None
    n: int


def t_interval(values: Sequence[float], level: float = LEVEL) -> Interval:
    """Mean of independent `values` and its t-interval: mean ± t((1 + level)/2, n − 1) · s/√n.

    Raises:
        UserError: there are no values, or one is not finite (a diverged run must be seen, not averaged).
    """
    sample = np.asarray(values, dtype=np.float64)
    if sample.size == 0:
        raise UserError("There are no values to average: run at least one seed.")
    if not np.isfinite(sample).all():
        raise UserError(f"A value to average is not finite ({sample.tolist()}): a run diverged; lower its learning rate.")
    mean = float(sample.mean())
    if sample.size == 1:
        return Interval(mean, None, None, 1)
    error = float(sample.std(ddof=1)) / math.sqrt(sample.size)
    # The quantile of Student's t; scipy.stats, which has it too, takes a second to import.
    half = float(special.stdtrit(sample.size - 1, (1 + level) / 2)) * error
    return Interval(mean, mean - half, mean + half, int(sample.size))


def spread_of(interval: Interval, level: float = LEVEL) -> float:
    """Standard deviation of the values whose t-interval this is, one of two seeds or more."""
    assert interval.low is not None and interval.high is not None
    half = (interval.high - interval.low) / 2
    return half * math.sqrt(interval.n) / float(special.stdtrit(interval.n - 1, (1 + level) / 2))


def pairs_needed(spread: float, effect: float, level: float = LEVEL, power: float = POWER) -> int:
    """Fewest pairs with which a two-sided paired t-test finds a true mean difference `effect` with probability `power`.

    The differences have standard deviation `spread` > 0, in the units of the effect. The power of n pairs is
    P(|t| > t((1 + level)/2, n − 1)), where t has n − 1 degrees of freedom and noncentrality √n · effect / spread.
    """

    def enough(pairs: int) -> bool:
        bound = float(special.stdtrit(pairs - 1, (1 + level) / 2))
        shift = math.sqrt(pairs) * abs(effect) / spread
        return bool(special.nctdtr(pairs - 1, shift, bound) - special.nctdtr(pairs - 1, shift, -bound) <= 1 - power)

    pairs = 2
    while not enough(pairs):
        pairs += 1
    return pairs


def paired_difference(first: Mapping[int, float], second: Mapping[int, float], level: float = LEVEL) -> Interval:
    """t-interval of first − second, paired by seed so that effects of the seed cancel.

    Raises:
        UserError: a seed is in only one of them.
    """
    if sorted(first) != sorted(second):
        alone = sorted(set(first) ^ set(second))
        raise UserError(f"Seeds {alone} have a run in only one of two paired arms: run the missing ones.")
    return t_interval([first[seed] - second[seed] for seed in sorted(first)], level)
