"""Dot plots: a row for each arm, where lines would have one point each. The mean is a large marker, each seed a small one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gqvae.figures.amounts import NOTE_ROW, mark_cut, note_below
from gqvae.figures.labels import NAME_SIZE, text_color, widest
from gqvae.figures.style import ArmStyle

ROW = 0.19  # inches
AROUND = 1.25  # inches above and below the rows: heading, ticks and label of the axis
SMALL = 6.5  # font size of what is written at the right of a row


class Row(NamedTuple):
    """What is drawn in a row of one panel."""

    label: str  # of its line: the arm, and its encoder if it has several
    name: str
    style: ArmStyle
    seeds: Sequence[float]
    mean: float
    low: float | None = None  # of the interval
    high: float | None = None
    filled: bool = True
    written: str = ""  # at the right of the row
    scaled: bool = True  # False: the axis need not reach it


def rows_high(count: int, below: Sequence[str] = ()) -> float:
    """Height in inches of a figure with this many rows, and lines below them."""
    return ROW * count + AROUND + NOTE_ROW * len(below)


def draw_rows(figure: Figure, panels: dict[str, Sequence[Row]], beside: str = "", below: Sequence[str] = ()) -> None:
    """A panel for each label of an axis, with the same rows in each; names at the left of the first.

    The margins are set here, so that names, what is `written` and the lines `below` fit; the heading is written before. `beside` is
    the heading of what is written.
    """
    first = next(iter(panels.values()))
    wide = figure.get_figwidth()
    left = widest(figure, (row.name for row in first), NAME_SIZE) + 0.2
    right = widest(figure, [beside, *(row.written for rows in panels.values() for row in rows)], SMALL) + 0.2
    figure.subplots_adjust(
        left=left / wide, right=1 - right / wide, bottom=(0.5 + NOTE_ROW * len(below)) / figure.get_figheight(), wspace=0.1
    )
    note_below(figure, below)
    found = figure.subplots(1, len(panels), squeeze=False)[0]
    for axes, (label, rows) in zip(found, panels.items(), strict=True):
        _draw_panel(axes, rows)
        axes.set_xlabel(label)
    for place, row in enumerate(first):
        color = text_color(row.style.color)
        found[0].text(
            -0.08 / _inches(found[0]), place, row.name, transform=found[0].get_yaxis_transform(), fontsize=NAME_SIZE, color=color, ha="right", va="center"
        )  # fmt: skip
    last = found[-1]
    at = 1 + 0.1 / _inches(last)
    for place, row in enumerate(panels[next(reversed(panels))]):
        if row.written:
            last.text(at, place, row.written, transform=last.get_yaxis_transform(), fontsize=SMALL, ha="left", va="center")
    if beside:
        last.text(at, 1, beside, transform=last.transAxes, fontsize=SMALL, color="#444444", ha="left", va="bottom")


def _inches(axes: Axes) -> float:
    return float(axes.get_window_extent().width / axes.figure.dpi)


def _draw_panel(axes: Axes, rows: Sequence[Row]) -> None:
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    for place, row in enumerate(rows):
        color = row.style.color
        axes.axhline(place, color="#e6e6e6", linewidth=0.6, zorder=0)
        if len(row.seeds) > 1:
            axes.plot(row.seeds, [place] * len(row.seeds), ".", color=color, markersize=3.5, alpha=0.6, zorder=2)
        if row.low is not None and row.high is not None:
            axes.plot([row.low, row.high], [place, place], color=color, linewidth=1.0, zorder=2)
        face = color if row.filled else "white"
        axes.plot(
            [row.mean], [place], row.style.marker, color=color, markerfacecolor=face, markersize=4.5, label=row.label, zorder=3
        )
    reached = [value for row in rows if row.scaled for value in _values(row)] or [value for row in rows for value in _values(row)]
    low, high = min(reached), max(reached)
    room = 0.06 * (high - low) or 0.05 * abs(high) or 1.0
    axes.set_xlim(low - room, high + room)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    for place, row in enumerate(rows):
        values = np.array(_values(row))
        mark_cut(axes, values, np.full(len(values), place), row.style.color, sideways=True)


def _values(row: Row) -> list[float]:
    return [row.mean, *row.seeds, *(end for end in (row.low, row.high) if end is not None)]
