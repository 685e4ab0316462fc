"""Figure: validation bits per byte while the language models train, against bytes, tokens, FLOPs and steps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from gqvae.figures.amounts import DECISIVE, written_range
from gqvae.figures.labels import LineEnd, label_line_ends, leave_room_for_names, names_high
from gqvae.figures.registry import Plot
from gqvae.figures.style import CorpusFacts, arm_style, arms_in, describe_seeds, new_figure, write_heading
from gqvae.study.tables import read_table
from gqvae.units import format_bytes, format_count

PLOT = Plot(
    title="Convergence",
    section="3. Language models",
    shows="validation bits per byte while the language models train",
    caption="Validation bits per byte during the training of the language models with the most text, against bytes of text, "
    "tokens, floating-point operations and optimiser steps (the first steep steps are cut off). Thin: seeds; thick: their mean; "
    "band: lowest to highest. The line under the title gives the number of optimiser steps of whole runs.",
    tables=("convergence",),
    needs="language models",
)
HIGHEST = 1.8  # top of the axis, as a multiple of the highest final loss; the CSV file includes the points above
GAP = 0.27  # between rows of panels, as a share of their height
PANELS = {
    "bytes": "training text (bytes)",
    "tokens": "training tokens",
    "flops": "training compute (floating-point operations)",
    "step": "optimiser steps",
}  # by rows of two
POINT_COLUMNS = ["panel", "arm", "series", "seed", "x", "y", "low", "high"]


def points(tables: Path) -> pd.DataFrame:
    """Curves of the runs with the most training text, by panel, arm and seed, with their means."""
    table = read_table(tables, "convergence")
    table = table[table["train_bytes"] == table["train_bytes"].max()]
    frames = []
    for panel in PANELS:
        for arm in arms_in(table):
            rows = table.loc[table["arm"] == arm, ["seed", panel, "valid_bpb"]].set_axis(["seed", "x", "y"], axis=1)
            curves = {int(seed): curve[["x", "y"]].astype(float) for seed, curve in rows.groupby("seed")}
            frames.append(seed_curves(arm, panel, curves))
    filled = [frame for frame in frames if len(frame)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=POINT_COLUMNS)


def seed_curves(arm: str, panel: str, curves: dict[int, pd.DataFrame]) -> pd.DataFrame:
    """Tidy points (`POINT_COLUMNS`) of one arm in one panel: `series` "seed" (the measurements), then "mean" (with the band).

    `curves` holds, by seed, a table with the columns x and y. Seeds are measured at slightly different amounts (tokens differ in
    length), so the mean is interpolated over log x at the first seed's points inside the range that all seeds share. Points at
    x ≤ 0 are dropped: the axis is logarithmic.
    """
    known = {seed: curve[(curve["x"] > 0) & curve["y"].notna()].sort_values("x") for seed, curve in sorted(curves.items())}
    usable = {seed: (curve["x"].to_numpy(float), curve["y"].to_numpy(float)) for seed, curve in known.items() if len(curve)}
    rows = [
        {"panel": panel, "arm": arm, "series": "seed", "seed": seed, "x": float(x), "y": float(y)}
        for seed, curve in usable.items()
        for x, y in zip(*curve, strict=True)
    ]
    if len(usable) > 1:
        low, high = max(x[0] for x, _ in usable.values()), min(x[-1] for x, _ in usable.values())
        first, _ = next(iter(usable.values()))
        grid = np.unique(np.concatenate([[low], first[(first > low) & (first < high)], [high]])) if low <= high else first[:0]
        values = np.stack([np.interp(np.log(grid), np.log(x), y) for x, y in usable.values()])  # (seeds, points)
        for x, column in zip(grid, values.T, strict=True):
            band = {"y": float(column.mean()), "low": float(column.min()), "high": float(column.max())}
            rows.append({"panel": panel, "arm": arm, "series": "mean", "seed": pd.NA, "x": float(x)} | band)
    return pd.DataFrame(rows, columns=POINT_COLUMNS).astype({"seed": "Int64", "low": float, "high": float})


def draw(data: pd.DataFrame, corpus: CorpusFacts) -> Figure:
    """Draw four panels with one vertical axis, and names at the right of each row."""
    row = max(2.2, names_high(len(arms_in(data))))  # inches
    height = (2 + GAP) * row + 1.2
    figure = new_figure(7.2, height)
    figure.subplots_adjust(left=0.075, bottom=0.47 / height, wspace=0.1, hspace=GAP)
    leave_room_for_names(figure, (arm_style(arm).name for arm in arms_in(data)))
    note = f"validation split · {describe_seeds(data)} · {_steps(data)}"
    write_heading(figure, "Convergence of the language models", corpus, note)
    panels = dict(zip(PANELS, figure.subplots(2, 2, sharey=True).flat, strict=True))
    ends: dict[str, list[LineEnd]] = {}
    for panel, axes in panels.items():
        _set_axes(axes, panel)
        of_panel = data[data["panel"] == panel]
        ends[panel] = [_draw_curves(axes, arm, of_panel[of_panel["arm"] == arm]) for arm in arms_in(of_panel)]
    _set_limits(panels, data)
    for place, (panel, axes) in enumerate(panels.items()):
        if place % 2:
            label_line_ends(axes, ends[panel])
        else:
            axes.set_ylabel("validation loss (bits per byte) ↓")
    return figure


def _steps(data: pd.DataFrame) -> str:
    """The optimiser steps of the runs, and whether they are too few."""
    totals = data[(data["panel"] == "step") & (data["series"] == "seed")].groupby(["arm", "seed"])["x"].max()
    few = f" (fewer than {DECISIVE} decide nothing)" if totals.min() < DECISIVE else ""
    return f"{written_range(totals.min(), totals.max())} optimiser steps{few}"


def _draw_curves(axes: Axes, arm: str, rows: pd.DataFrame) -> LineEnd:
    """Thin lines by seed, a line for their mean, a band from lowest to highest; returns the end of the strongest line."""
    style = arm_style(arm)
    seeds, mean = rows[rows["series"] == "seed"], rows[rows["series"] == "mean"]
    width, alpha = (1.6, 1.0) if mean.empty else (0.6, 0.55)
    for seed, curve in seeds.groupby("seed"):
        axes.plot(curve["x"], curve["y"], color=style.color, linewidth=width, alpha=alpha, label=f"{arm} seed {seed}")
    if not mean.empty:
        axes.fill_between(mean["x"], mean["low"], mean["high"], color=style.color, alpha=0.15, linewidth=0)
        axes.plot(mean["x"], mean["y"], color=style.color, label=f"{arm} mean")
    x, y = (seeds if mean.empty else mean)[["x", "y"]].iloc[-1]
    axes.plot([x], [y], style.marker, color=style.color, zorder=4)
    return LineEnd(x, y, style.name, style.color)


def _set_axes(axes: Axes, panel: str) -> None:
    axes.set_xscale("log")
    axes.xaxis.set_minor_locator(NullLocator())
    write = format_bytes if panel == "bytes" else format_count
    axes.xaxis.set_major_formatter(lambda value, _: write(value))
    axes.set_xlabel(PANELS[panel])


def _set_limits(panels: dict[str, Axes], data: pd.DataFrame) -> None:
    """Cut off the first steps, where the loss falls steeply: they would flatten the rest."""
    finals = data.groupby(["panel", "arm", "seed"])["y"].last()
    low, top = float(data["y"].min()), HIGHEST * float(finals.max())
    for panel, axes in panels.items():
        shown = data[(data["panel"] == panel) & (data["y"] <= top)]["x"]
        axes.set_xlim(float(shown.min()) / 1.1, float(shown.max()) * 1.25)
        few = shown.max() / shown.min() < 1e3
        axes.xaxis.set_major_locator(LogLocator(base=10, subs=(1.0, 3.0) if few else (1.0,), numticks=12))
        axes.set_ylim(low - 0.05 * (top - low), top)
