"""Statistics of claims: p values, their correction for the number of hypotheses, verdict and sign.

A study tests many hypotheses, some of which would be rejected by chance. Holm's step-down correction bounds the probability that
even one true hypothesis of the study is rejected, whatever their dependence (Holm 1979).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import special

SIGNIFICANCE = 0.05


def p_value(values: Sequence[float], null: float = 0.0) -> float:
    """p value of the two-sided one-sample t test; the hypothesis: two or more independent `values` have the mean `null`.

    Equal values have no variance: p is 0 if they differ from `null`, else 1.
    """
    sample = np.asarray(values, dtype=np.float64)
    if np.ptp(sample) == 0:
        return float(sample[0] == null)
    error = float(sample.std(ddof=1)) / math.sqrt(sample.size)
    return float(2 * special.stdtr(sample.size - 1, -abs(float(sample.mean()) - null) / error))


def holm(p_values: Sequence[float]) -> list[float]:
    """The p values corrected by Holm's step-down procedure, in the same order, to be compared with the significance level."""
    corrected, largest = [0.0] * len(p_values), 0.0
    ascending = sorted(range(len(p_values)), key=lambda place: p_values[place])
    for smaller, place in enumerate(ascending):
        largest = max(largest, min(1.0, (len(p_values) - smaller) * p_values[place]))
        corrected[place] = largest
    return corrected


def verdict(effect: float, margin: float, p: float | None) -> str:
    """The verdict on a claim.

    Args:
        effect: relative advantage of the first arm.
        margin: how far behind the first arm may be.
        p: corrected p value of the hypothesis that the effect is −margin; None if nothing was tested.
    """
    if p is None or p >= SIGNIFICANCE:
        return "not supported"
    return "supported" if effect > -margin else "contradicted"


def sign(effect: float, p: float | None) -> str:
    """Whether the first arm is better or worse, whatever the margin; `p` is the corrected p value of a zero effect."""
    if p is None or p >= SIGNIFICANCE:
        return "undecided"
    return "better" if effect > 0 else "worse"
