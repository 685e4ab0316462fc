"""Figure: final test bits per byte against the amount of training text and against the size of the model."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from gqvae.evaluation.intervals import t_interval
from gqvae.evaluation.tables import read_table
from gqvae.figures.steps import DECISIVE, HOLLOW, draw_hollow, note_below, range_of, under_amounts
from gqvae.figures.style import (
    CorpusFacts,
    LineEnd,
    arm_style,
    arms_in,
    describe_seeds,
    format_bytes,
    format_count,
    label_line_ends,
    leave_room_for_names,
    mark_amounts,
    new_figure,
    write_heading,
)  # fmt: skip

TABLES = ("learnability", "model_sizes")
TEXT = "training text"
# Panel: its table, the column of the amount, what the axis is called, how its ticks are written.
PANELS = {
    TEXT: ("learnability", "train_bytes", "training text (bytes) / optimiser steps", format_bytes),
    "model size": ("model_sizes", "parameters_non_embedding", "parameters without the vocabulary's", format_count),
}
COLUMNS = ["panel", "arm", "series", "seed", "amount", "test_bpb", "low", "high", "fewest_steps", "most_steps"]
# At two seeds the t-interval is 18 times as wide as their distance from the mean: the two points say more than the bar would.
SEEDS_FOR_BARS = 3


def points(tables: Path) -> pd.DataFrame:
    """`series` "seed": every run; "mean": over seeds, with its 95 % t-interval where there are enough seeds to draw one.

    The columns of steps hold the fewest and the most optimiser steps of the runs behind a point.
    """
    rows = []
    for panel, (name, column, _, _) in PANELS.items():
        for (arm, amount), group in read_table(tables, name).groupby(["arm", column], sort=False):
            shared = {"panel": panel, "arm": arm, "amount": amount}
            for seed, bpb, steps in zip(group["seed"], group["test_bpb"], group["steps"], strict=True):
                own = {"fewest_steps": steps, "most_steps": steps}
                rows.append(shared | {"series": "seed", "seed": seed, "test_bpb": bpb} | own)
            interval = t_interval(group["test_bpb"].tolist())
            bounds = {"low": interval.low, "high": interval.high} if interval.n >= SEEDS_FOR_BARS else {}
            bounds |= {"fewest_steps": group["steps"].min(), "most_steps": group["steps"].max()}
            rows.append(shared | {"series": "mean", "seed": pd.NA, "test_bpb": interval.mean} | bounds)
    whole = dict.fromkeys(("seed", "fewest_steps", "most_steps"), "Int64")
    return pd.DataFrame(rows, columns=COLUMNS).astype(whole | {"low": float, "high": float})


def draw(data: pd.DataFrame, corpus: CorpusFacts) -> Figure:
    """A panel for each amount that was varied: a line of means by arm, with intervals, and every seed as a small point."""
    shown = [panel for panel in PANELS if (data["panel"] == panel).any()]
    hollow = bool((data["fewest_steps"] < DECISIVE).any())
    height = 4.1 if hollow else 3.9
    figure = new_figure(5.4 if len(shown) == 1 else 7.2, height)
    figure.subplots_adjust(left=0.115 if len(shown) == 1 else 0.075, bottom=(0.88 if hollow else 0.68) / height, wspace=0.14)
    leave_room_for_names(figure, (arm_style(arm).name for arm in arms_in(data)))
    bars = data["low"].notna().any()
    note = f"test split · {describe_seeds(data)}" + (" · bars: 95 % t-interval" if bars else " · points: seeds")
    write_heading(
        figure, "Learnability: bits per byte by amount of text" + (" and size of model" if len(shown) > 1 else ""), corpus, note
    )
    first: Axes | None = None
    for place, panel in enumerate(shown):
        axes = figure.add_subplot(1, len(shown), place + 1, sharey=first)
        first = first or axes
        ends = _draw_panel(axes, panel, data[data["panel"] == panel])
        axes.tick_params(labelleft=place == 0)
    if hollow:
        note_below(figure, [HOLLOW])
    assert first is not None
    first.yaxis.set_major_locator(
        MaxNLocator(6, steps=[1, 2, 5, 10])
    )  # no quarters: their digits would push the label off the paper
    first.set_ylabel("test loss (bits per byte) ↓")
    label_line_ends(axes, ends)
    return figure


def _draw_panel(axes: Axes, panel: str, data: pd.DataFrame) -> list[LineEnd]:
    _, _, name, written = PANELS[panel]
    axes.set_xscale("log")
    ends = []
    for arm in arms_in(data):
        style = arm_style(arm)
        rows = data[data["arm"] == arm]
        seeds = rows[rows["series"] == "seed"]
        mean = rows[rows["series"] == "mean"].sort_values("amount")
        axes.plot(mean["amount"], mean["test_bpb"], color=style.color, marker=style.marker, label=arm, zorder=3)
        draw_hollow(axes, mean["amount"], mean["test_bpb"], mean["fewest_steps"] >= DECISIVE, style.color, style.marker)
        if seeds["seed"].nunique() > 1:
            axes.plot(seeds["amount"], seeds["test_bpb"], ".", color=style.color, markersize=3.5, alpha=0.6, zorder=2)
        known = mean[mean["low"].notna()]
        if len(known):
            reach = (known[["low", "high"]].sub(known["test_bpb"], axis=0).abs()).to_numpy().T
            axes.errorbar(
                known["amount"], known["test_bpb"], yerr=reach, fmt="none", ecolor=style.color, elinewidth=0.9, capsize=2
            )  # fmt: skip
        last = mean.iloc[-1]
        ends.append(LineEnd(float(last["amount"]), float(last["test_bpb"]), style.name, style.color))
    if panel == TEXT:
        mark_amounts(axes, data["amount"], under_amounts(data, "amount", written))
        axes.set_xlabel(name)
    else:
        mark_amounts(axes, data["amount"], written)
        axes.set_xlabel(f"{name}\n{range_of(data)} optimiser steps each")
    axes.margins(x=0.06, y=0.07)
    return ends
