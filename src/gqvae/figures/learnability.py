"""Figure: final test bits per byte against the amount of training text."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from gqvae.evaluation.intervals import t_interval
from gqvae.evaluation.tables import read_table
from gqvae.figures.style import (
    CorpusFacts,
    LineEnd,
    arm_style,
    arms_in,
    describe_seeds,
    format_bytes,
    label_line_ends,
    new_figure,
    write_heading,
)  # fmt: skip

TABLES = ("learnability",)
# At two seeds the t-interval is 18 times as wide as their distance from the mean: the two points say more than the bar would.
SEEDS_FOR_BARS = 3


def points(tables: Path) -> pd.DataFrame:
    """`series` "seed": every run; "mean": over seeds, with its 95 % t-interval where there are enough seeds to draw one."""
    table = read_table(tables, "learnability")
    rows = []
    for (arm, size), group in table.groupby(["arm", "train_bytes"], sort=False):
        for seed, bpb in zip(group["seed"], group["test_bpb"], strict=True):
            rows.append({"arm": arm, "series": "seed", "seed": seed, "train_bytes": size, "test_bpb": bpb})
        interval = t_interval(group["test_bpb"].tolist())
        row = {"arm": arm, "series": "mean", "seed": pd.NA, "train_bytes": size, "test_bpb": interval.mean}
        rows.append(row | ({"low": interval.low, "high": interval.high} if interval.n >= SEEDS_FOR_BARS else {}))
    columns = ["arm", "series", "seed", "train_bytes", "test_bpb", "low", "high"]
    return pd.DataFrame(rows, columns=columns).astype({"seed": "Int64", "low": float, "high": float})


def draw(data: pd.DataFrame, corpus: CorpusFacts) -> Figure:
    """Draw a line of means by arm, with intervals, and every seed as a small point."""
    figure = new_figure(5.4, 3.6)
    figure.subplots_adjust(left=0.10, right=0.76, bottom=0.13)
    axes = figure.add_subplot()
    bars = data["low"].notna().any()
    note = f"test split · {describe_seeds(data)}" + (" · bars: 95 % t-interval" if bars else " · points: seeds")
    write_heading(figure, "Learnability: bits per byte by amount of training text", corpus, note)
    axes.set_xscale("log")
    ends = []
    for arm in arms_in(data):
        style = arm_style(arm)
        rows = data[data["arm"] == arm]
        seeds = rows[rows["series"] == "seed"]
        mean = rows[rows["series"] == "mean"].sort_values("train_bytes")
        axes.plot(mean["train_bytes"], mean["test_bpb"], color=style.color, marker=style.marker, label=arm, zorder=3)
        if seeds["seed"].nunique() > 1:
            axes.plot(seeds["train_bytes"], seeds["test_bpb"], ".", color=style.color, markersize=3.5, alpha=0.6, zorder=2)
        known = mean[mean["low"].notna()]
        if len(known):
            reach = [known["test_bpb"] - known["low"], known["high"] - known["test_bpb"]]
            axes.errorbar(
                known["train_bytes"], known["test_bpb"], yerr=reach, fmt="none", ecolor=style.color, elinewidth=0.9, capsize=2
            )  # fmt: skip
        last = mean.iloc[-1]
        ends.append(LineEnd(float(last["train_bytes"]), float(last["test_bpb"]), style.name, style.color))
    axes.xaxis.set_major_locator(FixedLocator(sorted({float(size) for size in data["train_bytes"]})))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: format_bytes(value)))
    axes.set_xlabel("training text (bytes)")
    axes.set_ylabel("test loss (bits per byte) ↓")
    axes.margins(x=0.06, y=0.07)
    label_line_ends(axes, ends)
    return figure
