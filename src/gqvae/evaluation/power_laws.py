"""Power laws of the learnability curve: bits per byte ≈ c · (bytes of training text)^(−b), a straight line in logarithms.

Fitted by least squares to each seed's runs; the interval of the exponent is Student's over seeds. No constant is left over for an
irreducible loss: a handful of amounts of text cannot tell it from the exponent.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from gqvae import layout
from gqvae.config import Study
from gqvae.evaluation.intervals import t_interval

FEWEST_AMOUNTS = 3


def fit(amounts: npt.NDArray[np.floating], losses: npt.NDArray[np.floating]) -> tuple[float, float]:
    """Exponent b and constant c of losses ≈ c · amounts^(−b), least squares in logarithms."""
    slope, intercept = np.polynomial.polynomial.polyfit(np.log(amounts), np.log(losses), 1)[::-1]
    return float(-slope), float(np.exp(intercept))


def power_laws_table(study: Study, learnability: pd.DataFrame) -> pd.DataFrame:
    """One row per arm with language models; none where there are too few amounts of text for a line to be wrong."""
    if len(study.language_model.train_bytes) < FEWEST_AMOUNTS:
        return pd.DataFrame()
    rows = []
    for arm in [arm for arm in layout.arm_names(study) if study.arms[arm].language_model]:
        runs = learnability[learnability["arm"] == arm]
        fits = [
            fit(own["train_bytes_used"].to_numpy(float), own["test_bpb"].to_numpy(float))
            for _, own in runs.groupby("seed", sort=True)
        ]
        exponent = t_interval([found for found, _ in fits])
        constant = float(np.exp(np.mean([np.log(found) for _, found in fits])))
        row = {"arm": arm, "seeds": exponent.n, "exponent": exponent.mean, "low": exponent.low, "high": exponent.high}
        rows.append(row | {"constant": constant})
    return pd.DataFrame(rows)
