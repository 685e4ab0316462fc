"""Optimiser steps in figures: written under the amounts of training text; runs with too few are hollow.

A short run measures the warm-up. Claims leave such runs out, and figures show that they decide nothing.
"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gqvae.config import LanguageModel

DECISIVE = LanguageModel().decisive_steps  # for figures that cannot read their study's setting
HOLLOW = f"Hollow points decide nothing: a run behind them has fewer than {DECISIVE} optimiser steps."


def written_range(fewest: float, most: float) -> str:
    """ "301–364", or "312" where both are the same."""
    return f"{fewest:,.0f}" if fewest == most else f"{fewest:,.0f}–{most:,.0f}"


def range_of(rows: pd.DataFrame) -> str:
    """The range of rows with the columns `fewest_steps` and `most_steps`."""
    return written_range(float(rows["fewest_steps"].min()), float(rows["most_steps"].max()))


def under_amounts(rows: pd.DataFrame, column: str, written: Callable[[float], str]) -> Callable[[float], str]:
    """Tick labels for the amounts in a column: the amount as `written`, and below it the steps of its runs."""
    ranges = {float(amount): range_of(rows[rows[column] == amount]) for amount in rows[column].unique()}

    def label(value: float) -> str:
        nearest = min(ranges, key=lambda amount: abs(amount - value))
        return f"{written(value)}\n{ranges[nearest]}"

    return label


def draw_hollow(axes: Axes, x: pd.Series[float], y: pd.Series[float], decides: pd.Series[bool], color: str, marker: str) -> None:
    """White markers over points that decide nothing, in the size of the last line."""
    size = axes.lines[-1].get_markersize()
    axes.plot(x[~decides], y[~decides], marker, color=color, markerfacecolor="white", markersize=size, zorder=4)


def note_below(figure: Figure, lines: list[str]) -> None:
    """Small lines in the bottom left corner; the figure must leave room for them."""
    figure.text(
        figure.subplotpars.left,
        0.05 / figure.get_figheight(),
        "\n".join(lines),
        fontsize=7,
        color="#444444",
        ha="left",
        va="bottom",
        linespacing=1.3,
    )
