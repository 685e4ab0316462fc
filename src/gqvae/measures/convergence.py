"""Mean validation bits per byte during the training of a language model."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gqvae.config import Measure

MEASURE = Measure(
    level="curve", more_is_better=False, text="mean validation bits per byte over the bytes read in training on the most text"
)

Floats = npt.NDArray[np.float64]


def of(x: Floats, y: Floats, start: float, end: float) -> float:
    """Mean of the piecewise linear curve through points (x ascending, y) from `start` to `end`."""
    inside = x[(x > start) & (x < end)]
    places = np.concatenate([[start], inside, [end]])
    heights = np.interp(places, x, y)
    return float(((heights[1:] + heights[:-1]) / 2 * np.diff(places)).sum() / (end - start))
