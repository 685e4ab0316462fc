"""How fast the language models with the most training text learn: when a validation curve first reaches a level, and its mean.

The levels are the largest final loss of all runs and 1.1 and 1.25 times that, so that every run reaches them. Curves are measured
at log-spaced steps and interpolated linearly in the logarithm of the amount. Means are over the bytes read, from the first amount
by which every run has been measured, and interpolated linearly in the bytes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from gqvae.measures import convergence as mean_of_curve
from gqvae.measures.intervals import t_interval

FACTORS = (1.0, 1.1, 1.25)
AMOUNTS = {"bytes": "bytes", "tokens": "tokens", "flops": "flops", "steps": "step"}  # column here: column of a curve

Floats = npt.NDArray[np.float64]


def milestones_table(convergence: pd.DataFrame) -> pd.DataFrame:
    """One row per arm, seed and level (bits per byte): bytes, tokens, FLOPs and steps to reach it, and the mean of the curve.

    Of all curves, only those with the most training text are used.
    """
    if convergence.empty:
        return pd.DataFrame()
    curves = convergence[convergence["train_bytes"] == convergence["train_bytes"].max()]
    runs = {key: own.sort_values("step") for key, own in curves.groupby(["arm", "seed"], sort=False)}
    worst_final = max(float(own["valid_bpb"].iloc[-1]) for own in runs.values())
    start = max(float(own["bytes"].iloc[0]) for own in runs.values())
    end = min(float(own["bytes"].iloc[-1]) for own in runs.values())
    rows = []
    for (arm, seed), own in runs.items():
        losses = own["valid_bpb"].to_numpy(float)
        mean = mean_of_curve.of(own["bytes"].to_numpy(float), losses, start, end)
        for level in (factor * worst_final for factor in FACTORS):
            reached = {name: first_reach(own[column].to_numpy(float), losses, level) for name, column in AMOUNTS.items()}
            rows.append({"arm": arm, "seed": seed, "level": level, **reached, "mean_bpb": mean})
    table = pd.DataFrame(rows)
    whole = ["bytes", "tokens", "steps"]
    table[whole] = table[whole].round().astype("Int64")
    return table


def milestone_means_table(milestones: pd.DataFrame, reference: str) -> pd.DataFrame:
    """One row per arm and level: bytes to reach it and their ratio to `reference` paired by seed, with t-intervals over seeds."""
    rows = []
    for (arm, level), own in milestones.groupby(["arm", "level"], sort=False) if len(milestones) else ():
        needed = t_interval(own["bytes"].astype(float).tolist())
        row: dict[str, Any] = {"arm": arm, "seeds": needed.n, "level": level, "mean_bpb": float(own["mean_bpb"].mean())}
        row |= {"bytes": needed.mean, "low": needed.low, "high": needed.high}
        theirs = milestones[(milestones["arm"] == reference) & (milestones["level"] == level)].set_index("seed")["bytes"]
        if arm != reference and len(theirs):
            ratio = t_interval((own.set_index("seed")["bytes"] / theirs).astype(float).tolist())
            row |= {"ratio": ratio.mean, "ratio_low": ratio.low, "ratio_high": ratio.high}
        rows.append(row)
    return pd.DataFrame(rows)


def first_reach(x: Floats, y: Floats, level: float) -> float:
    """The first x at which the curve through points (x ascending, positive; y) is at or below a level; NaN if it never is.

    The curve is interpolated linearly in log x; one that begins at or below the level reaches it at its first point.
    """
    below = np.flatnonzero(y <= level)
    if not below.size:
        return float("nan")
    place = int(below[0])
    if place == 0:
        return float(x[0])
    passed = (y[place - 1] - level) / (y[place - 1] - y[place])
    return float(x[place - 1] * (x[place] / x[place - 1]) ** passed)
