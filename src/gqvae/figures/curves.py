"""Curves of several seeds on one axis: each seed, their mean, and the band from the lowest to the highest."""

from __future__ import annotations

import numpy as np
import pandas as pd

POINT_COLUMNS = ["panel", "arm", "series", "seed", "x", "y", "low", "high"]


def seed_curves(arm: str, panel: str, curves: dict[int, pd.DataFrame]) -> pd.DataFrame:
    """Tidy points (`POINT_COLUMNS`) of one arm in one panel: `series` "seed" as measured, "mean" with the band.

    `curves` holds, by seed, a table with the columns x and y. Seeds are measured at slightly different amounts (tokens differ in
    length), so the mean is interpolated over log x at the first seed's points inside the range that all seeds share. Points at
    x ≤ 0 are dropped: the axis is logarithmic.
    """
    usable = {seed: curve[(curve["x"] > 0) & curve["y"].notna()].sort_values("x") for seed, curve in curves.items()}
    usable = {seed: curve for seed, curve in sorted(usable.items()) if len(curve)}
    rows = [
        {"panel": panel, "arm": arm, "series": "seed", "seed": seed, "x": float(x), "y": float(y)}
        for seed, curve in usable.items()
        for x, y in zip(curve["x"], curve["y"], strict=True)
    ]
    if len(usable) > 1:
        low = max(float(curve["x"].iloc[0]) for curve in usable.values())
        high = min(float(curve["x"].iloc[-1]) for curve in usable.values())
        first = next(iter(usable.values()))["x"].to_numpy(dtype=float)
        grid = np.unique(np.concatenate([[low], first[(first > low) & (first < high)], [high]])) if low <= high else first[:0]
        values = np.stack(
            [np.interp(np.log(grid), np.log(curve["x"].to_numpy(dtype=float)), curve["y"]) for curve in usable.values()]
        )  # (seeds, points)
        for place, x in enumerate(grid):
            column = values[:, place]
            band = {"y": float(column.mean()), "low": float(column.min()), "high": float(column.max())}
            rows.append({"panel": panel, "arm": arm, "series": "mean", "seed": pd.NA, "x": float(x)} | band)
    return pd.DataFrame(rows, columns=POINT_COLUMNS).astype({"seed": "Int64", "low": float, "high": float})
