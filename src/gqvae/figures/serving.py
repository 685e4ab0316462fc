"""Figure: test bits per byte against the operations that a language model takes to read one byte of text."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from gqvae.figures.amounts import NOTE_ROW, draw_means, hollow_note, note_below, with_mean
from gqvae.figures.labels import label_line_ends, leave_room_for_names, names_high
from gqvae.figures.registry import Plot
from gqvae.figures.style import CorpusFacts, arm_style, arms_in, describe_points, new_figure, write_heading
from gqvae.study.tables import read_table
from gqvae.units import format_count

PLOT = Plot(
    title="Loss against the cost of inference",
    section="3. Language models",
    shows="bits per byte against operations of inference per byte",
    caption="Test bits per byte after the most training text, against floating-point operations of inference per byte of text "
    "(head and attention included): per token, times tokens per byte. A point for each size of the language model, joined by a "
    "line. Lower and further left is better. Small points: seeds; bars (three seeds or more): 95 % t-interval. Hollow: too few "
    "optimiser steps to decide anything.",
    tables=("serving",),
    needs="language models",
)
COLUMNS = ["arm", "size", "series", "seed", "amount", "test_bpb", "low", "high", "fewest_steps", "most_steps"]
SIZES = (3.5, 4.5, 0.9, 2)  # of dots, markers, bars and their caps


def points(tables: Path) -> pd.DataFrame:
    """`series` "seed": every run; "mean": over seeds, with its 95 % t-interval from three seeds on. `amount`: FLOPs per byte."""
    rows = []
    for (arm, size), group in read_table(tables, "serving").groupby(["arm", "size"], sort=False):
        runs = zip(group["seed"], group["test_bpb"], group["steps"], group["steps"], strict=True)
        found = with_mean({"arm": arm, "size": size}, "test_bpb", runs)
        amounts = [*group["flops_per_byte"], group["flops_per_byte"].mean()]
        rows += [row | {"amount": amount} for row, amount in zip(found, amounts, strict=True)]
    whole = dict.fromkeys(("seed", "fewest_steps", "most_steps"), "Int64")
    return pd.DataFrame(rows, columns=COLUMNS).astype(whole | {"low": float, "high": float})


def draw(data: pd.DataFrame, corpus: CorpusFacts) -> Figure:
    """A line of means for each arm, from the smallest model to the largest, with every run as a small point."""
    below = hollow_note(data)
    bottom = 0.5 + NOTE_ROW * len(below)  # inches
    height = max(2.55, names_high(len(arms_in(data)))) + 0.6 + bottom
    figure = new_figure(5.6, height)
    figure.subplots_adjust(left=0.12, bottom=bottom / height)
    leave_room_for_names(figure, (arm_style(arm).name for arm in arms_in(data)))
    intervals = " · bars: 95 % t-interval" if data["low"].notna().any() else ""
    write_heading(figure, PLOT.title, corpus, f"test split · {describe_points(data)}{intervals}")
    note_below(figure, below)
    axes = figure.add_subplot()
    axes.set_xscale("log")
    ends = [draw_means(axes, arm, data[data["arm"] == arm], "test_bpb", SIZES) for arm in arms_in(data)]
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(lambda value, _: format_count(value))
    axes.margins(x=0.08, y=0.07)
    axes.set_xlabel("inference (floating-point operations per byte of text)")
    axes.set_ylabel("test loss (bits per byte) ↓")
    label_line_ends(axes, ends)
    return figure
