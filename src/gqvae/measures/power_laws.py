"""Power laws of learnability: bits per byte ≈ c · amount^(−b), a straight line in logarithms.

The amount is bytes of training text, or parameters without those of the vocabulary, so that arms share the same amounts. Each
seed's runs are fitted by least squares, and the exponent has a t-interval over seeds. There is no constant for an irreducible
loss: a handful of amounts cannot tell it from the exponent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from gqvae.measures.intervals import t_interval

FEWEST_AMOUNTS = 3
# Kind of amount: table of the runs, column of the amount.
AMOUNTS = {"training text": ("learnability", "train_bytes_used"), "parameters": ("model_sizes", "parameters_non_embedding")}


def fit(amounts: npt.NDArray[np.floating], losses: npt.NDArray[np.floating]) -> tuple[float, float]:
    """Exponent b and constant c of losses ≈ c · amounts^(−b), least squares in logarithms."""
    slope, intercept = np.polynomial.polynomial.polyfit(np.log(amounts), np.log(losses), 1)[::-1]
    return float(-slope), float(np.exp(intercept))


def power_laws_table(arms: Sequence[str], tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """One row per kind of amount and arm, in this order; none for arms with fewer than `FEWEST_AMOUNTS` amounts."""
    rows = []
    for against, (name, column) in AMOUNTS.items():
        table = tables[name]
        for arm in arms:
            runs = table[table["arm"] == arm]
            if runs[column].nunique() < FEWEST_AMOUNTS:
                continue
            fits = [
                fit(own[column].to_numpy(float), own["test_bpb"].to_numpy(float)) for _, own in runs.groupby("seed", sort=True)
            ]
            exponent = t_interval([found for found, _ in fits])
            constant = float(np.exp(np.mean([np.log(found) for _, found in fits])))
            row = {"arm": arm, "against": against, "seeds": exponent.n, "exponent": exponent.mean}
            rows.append(row | {"low": exponent.low, "high": exponent.high, "constant": constant})
    return pd.DataFrame(rows)
