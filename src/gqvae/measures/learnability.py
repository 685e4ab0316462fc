"""Test bits per byte over several amounts of training text, as one number."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gqvae.config import Measure

MEASURE = Measure(
    level="amounts",
    more_is_better=False,
    text="geometric mean of test bits per byte over the amounts of text whose runs have at least `decisive_steps`",
)


def of(losses: Sequence[float]) -> float:
    """Geometric mean of the bits per byte (one for each amount)."""
    return float(np.exp(np.mean(np.log(losses))))
