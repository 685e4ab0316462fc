"""Figure: validation bits per byte against the peak learning rate, by arm; the chosen rate is circled."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from gqvae.figures.amounts import set_ticks
from gqvae.figures.labels import LineEnd, label_line_ends, leave_room_for_names, names_high
from gqvae.figures.registry import Plot
from gqvae.figures.style import CorpusFacts, arm_style, arms_in, describe_points, new_figure, write_heading
from gqvae.study.tables import read_table

PLOT = Plot(
    title="Learning rates",
    section="3. Language models",
    shows="validation bits per byte against learning rate",
    caption="Validation bits per byte after the largest amount of training text against the peak learning rate: seeds (dots) and "
    "their mean. Circled: the rate that this arm's language models are trained with; the grid is the same for all arms.",
    tables=("tuning",),
    needs="learning rates",
)


def points(tables: Path) -> pd.DataFrame:
    """Every rate that was tried."""
    return read_table(tables, "tuning")


def draw(data: pd.DataFrame, corpus: CorpusFacts) -> Figure:
    """A line for each arm: means over seeds."""
    height = max(2.6, names_high(len(arms_in(data)))) + 1.25
    figure = new_figure(5.4, height)
    figure.subplots_adjust(left=0.14, bottom=0.47 / height)
    leave_room_for_names(figure, (arm_style(arm).name for arm in arms_in(data)))
    axes = figure.add_subplot()
    note = f"validation split · {describe_points(data)} · circled: chosen"
    write_heading(figure, "Learning rates: the same grid for every arm", corpus, note)
    axes.set_xscale("log")
    ends = []
    for arm in arms_in(data):
        style = arm_style(arm)
        runs = data[data["arm"] == arm]
        axes.plot(runs["learning_rate"], runs["valid_bpb"], ".", color=style.color, markersize=3, alpha=0.5, zorder=2)
        diverged = runs.loc[runs["valid_bpb"].isna(), "learning_rate"]  # with any seed: such a rate is never chosen
        kept = runs[~runs["learning_rate"].isin(diverged)]
        rows = kept.groupby(["learning_rate", "chosen"], as_index=False)["valid_bpb"].mean()
        chosen = rows[rows["chosen"]]
        axes.plot(rows["learning_rate"], rows["valid_bpb"], color=style.color, marker=style.marker, label=arm, zorder=3)
        axes.plot(chosen["learning_rate"], chosen["valid_bpb"], "o", color=style.color, markersize=10, fillstyle="none", zorder=4)
        x, y = rows[["learning_rate", "valid_bpb"]].iloc[-1]
        ends.append(LineEnd(x, y, style.name, style.color))
    set_ticks(axes, set(data["learning_rate"]), "{:g}".format)
    axes.set_xlabel("peak learning rate")
    axes.set_ylabel("validation loss (bits per byte) ↓")
    axes.margins(x=0.08, y=0.07)
    label_line_ends(axes, ends)
    return figure
