"""Figures over amounts of text or parameters: ticks with optimiser steps, means over seeds, hollow points of short runs.

A short run measures the warm-up. Claims leave such runs out, and figures show that they decide nothing.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from gqvae.config import LanguageModel
from gqvae.figures.labels import LineEnd
from gqvae.figures.style import arm_style
from gqvae.measures.intervals import t_interval

DECISIVE = LanguageModel().decisive_steps  # for figures that cannot read their study's setting
HOLLOW = f"Hollow points decide nothing: a run behind them has fewer than {DECISIVE} optimiser steps."
NOTE_ROW = 0.14  # inches per line of a note
NOTE_CHARACTERS = 15  # per inch of a note
# With two seeds the t-interval is far wider than their distance: the two points are more informative than a bar.
SEEDS_FOR_BARS = 3


def hollow_note(rows: pd.DataFrame) -> list[str]:
    """The note on hollow points, if there are any."""
    return [HOLLOW] if (rows["fewest_steps"] < DECISIVE).any() else []


def written_range(fewest: float, most: float) -> str:
    """ "301–364", or "312" where both are the same."""
    return f"{fewest:,.0f}" if fewest == most else f"{fewest:,.0f}–{most:,.0f}"


def range_of(rows: pd.DataFrame) -> str:
    """The range of rows with the columns `fewest_steps` and `most_steps`."""
    return written_range(float(rows["fewest_steps"].min()), float(rows["most_steps"].max()))


def set_ticks(axes: Axes, places: Iterable[float], written: Callable[[float], str]) -> None:
    """The only ticks of a horizontal axis, and their labels."""
    axes.xaxis.set_major_locator(FixedLocator(sorted(places)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(lambda value, _: written(value))


def mark_amounts(axes: Axes, amounts: Iterable[float], written: Callable[[float], str]) -> None:
    """Put the ticks of a logarithmic axis at these amounts; a single amount is centred."""
    places = {float(amount) for amount in amounts}
    if len(places) == 1:
        axes.set_xlim(min(places) / 2, min(places) * 2)
    set_ticks(axes, places, written)


def under_amounts(rows: pd.DataFrame, column: str, written: Callable[[float], str]) -> Callable[[float], str]:
    """Tick labels for the amounts in a column: the amount as `written`, and below it the steps of its runs."""
    ranges = {float(amount): range_of(rows[rows[column] == amount]) for amount in rows[column].unique()}

    def label(value: float) -> str:
        nearest = min(ranges, key=lambda amount: abs(amount - value))
        return f"{written(value)}\n{ranges[nearest]}"

    return label


def with_mean(
    shared: dict[str, Any], name: str, runs: Iterable[tuple[int, float, int, int]], seeds_for_bars: int = SEEDS_FOR_BARS
) -> list[dict[str, Any]]:
    """Points of an arm: `series` "seed" for each run, then "mean" with its 95 % t-interval.

    Args:
        shared: the columns that all rows share.
        name: of the column of values.
        runs: seed, value, and the fewest and most optimiser steps behind the value.
        seeds_for_bars: fewest seeds of an interval.
    """
    keys = ("series", "seed", name, "fewest_steps", "most_steps")
    rows = [shared | dict(zip(keys, ("seed", *run), strict=True)) for run in runs]
    interval = t_interval([row[name] for row in rows])
    steps = (min(row["fewest_steps"] for row in rows), max(row["most_steps"] for row in rows))
    mean = shared | dict(zip(keys, ("mean", pd.NA, interval.mean, *steps), strict=True))
    return [*rows, mean | ({"low": interval.low, "high": interval.high} if interval.n >= seeds_for_bars else {})]


def draw_means(axes: Axes, arm: str, rows: pd.DataFrame, column: str, sizes: tuple[float, float, float, float]) -> LineEnd:
    """A line of an arm's means with their intervals, and a dot for each seed; returns the end of the line.

    Args:
        rows: with `series` ("seed" or "mean"), `seed`, `amount`, `column`, and `low`, `high`, `fewest_steps` of the means.
        sizes: of dots, markers, bars and their caps, in points.
    """
    dot, marker, bar, cap = sizes
    style = arm_style(arm)
    seeds, mean = rows[rows["series"] == "seed"], rows[rows["series"] == "mean"].sort_values("amount")
    if seeds["seed"].nunique() > 1:
        axes.plot(seeds["amount"], seeds[column], ".", color=style.color, markersize=dot, alpha=0.6, zorder=2)
    axes.plot(mean["amount"], mean[column], color=style.color, marker=style.marker, markersize=marker, label=arm, zorder=3)
    draw_hollow(axes, mean["amount"], mean[column], mean["fewest_steps"] >= DECISIVE, style.color, style.marker)
    known = mean[mean["low"].notna()]
    if len(known):
        reach = known[["low", "high"]].sub(known[column], axis=0).abs().to_numpy().T
        place = (known["amount"], known[column])
        axes.errorbar(*place, yerr=reach, fmt="none", ecolor=style.color, elinewidth=bar, capsize=cap)
    x, y = mean[["amount", column]].iloc[-1]
    return LineEnd(x, y, style.name, style.color)


def draw_hollow(axes: Axes, x: pd.Series[float], y: pd.Series[float], decides: pd.Series[bool], color: str, marker: str) -> None:
    """White markers over points that decide nothing, in the size of the last line."""
    size = axes.lines[-1].get_markersize()
    axes.plot(x[~decides], y[~decides], marker, color=color, markerfacecolor="white", markersize=size, zorder=4)


def mark_cut(axes: Axes, x: Iterable[float], y: Iterable[float], color: str, sideways: bool = False) -> None:
    """Arrows at the upper and lower edges of the axes in the place of points and ends of bars beyond them.

    Call it when the limits are set. `sideways`: at the left and right edges.
    """
    places, axis = np.column_stack([list(x), list(y)]).astype(float), 0 if sideways else 1
    low, high = sorted(axes.get_xlim() if sideways else axes.get_ylim())
    for beyond, edge, arrow in ((places[:, axis] < low, low, "v<"[sideways]), (places[:, axis] > high, high, "^>"[sideways])):
        at = places[beyond]
        at[:, axis] = edge
        if len(at):
            axes.plot(at[:, 0], at[:, 1], arrow, color=color, markersize=3.5, clip_on=False, zorder=5)


def wrapped(sentences: Iterable[str], width: float) -> list[str]:
    """Sentences as lines of `note_below` for a figure of this width in inches."""
    return [line for sentence in sentences for line in textwrap.wrap(sentence, int(NOTE_CHARACTERS * width))]


def note_below(figure: Figure, lines: Sequence[str]) -> None:
    """Small lines, if any, in the bottom left corner; the figure must leave room for them."""
    place = (figure.subplotpars.left, 0.05 / figure.get_figheight())
    if lines:
        figure.text(*place, "\n".join(lines), fontsize=7, color="#444444", ha="left", va="bottom", linespacing=1.3)
