"""Figure: every claim in every study, its effect and its interval, so that one sees where an advantage holds (a forest plot)."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from gqvae.evaluation.across import FinishedStudy, claims_across
from gqvae.figures.claims import LOOKS
from gqvae.figures.style import CorpusFacts, arm_style, new_figure, write_heading

ROW = 0.165  # inches of one study
GAP = 0.9  # rows between two claims
WRAP = 42  # characters of a claim on a line
REACH = 1.6  # the axis ends at this multiple of the largest effect; longer intervals are cut there, and written out beside


def points(studies: Sequence[FinishedStudy]) -> pd.DataFrame:
    """The claims of all studies."""
    return claims_across(studies)


def draw(data: pd.DataFrame, corpus: CorpusFacts) -> Figure:
    """A block of rows for each claim, a row for each study; colour and marker say the verdict, as in the figure of one study."""
    blocks = [rows for _, rows in data.groupby(["claim", "text"], sort=False)]
    rows_high = len(data) + GAP * len(blocks)
    height = ROW * rows_high + 1.35
    figure = new_figure(7.2, height)
    figure.subplots_adjust(left=0.01, right=0.79, bottom=0.62 / height)
    note = "95 % t-intervals over seeds, cut where long · green: supported · grey: not supported · pink: contradicted"
    write_heading(figure, "Where the claims hold", corpus, note)
    figure.subplots_adjust(left=0.50)  # only now: the heading begins where the claims do
    axes = figure.add_subplot()
    reach = REACH * 100 * float(max(data["effect"].abs().max(), data["margin"].max(), 1e-3))
    axes.set_xlim(-reach, reach)
    axes.set_ylim(rows_high - 0.5, -0.5 - GAP / 2)
    axes.axvline(0, color="#888888", linewidth=0.8, zorder=1)
    start = 0.0
    for block in blocks:
        _draw_block(axes, block, start, reach)
        start += len(block) + GAP
        axes.axhline(start - 0.5 - GAP / 2, color="#e6e6e6", linewidth=0.6, zorder=0)
    axes.set_yticks([])
    axes.grid(axis="y", visible=False)
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:+g} %" if value else "0"))
    axes.set_xlabel("relative advantage of the first → better\n(dashed: how far behind still counts)")
    return figure


def _draw_block(axes: Axes, block: pd.DataFrame, start: float, reach: float) -> None:
    """One claim: its text at the left, then a row for each study with its name, the effect and the interval in figures."""
    place = axes.get_yaxis_transform()
    first: Any = block.iloc[0]
    middle = start + (len(block) - 1) / 2
    lines = textwrap.wrap(f"{first.claim}: {first.text}", WRAP)
    axes.text(-1.70, middle, "\n".join(lines), transform=place, fontsize=6.5, ha="left", va="center", linespacing=1.15)
    several = block["second"].nunique() > 1 or block["first"].nunique() > 1
    found: Any = block.itertuples()
    for number, row in enumerate(found):
        y = start + number
        color, marker = LOOKS[row.verdict]
        if pd.notna(row.low):
            low, high = 100 * row.low, 100 * row.high
            axes.plot(
                [max(low, -reach), min(high, reach)],
                [y, y],
                color=color,
                linewidth=1.3,
                zorder=2,
                label=f"{row.study} {row.claim}",
            )
            for cut, end, mark in ((low < -reach, -reach, "<"), (high > reach, reach, ">")):
                if cut:
                    axes.plot(end, y, mark, color=color, markersize=3.5, clip_on=False, zorder=3)
        axes.plot(100 * row.effect, y, marker, color=color, markersize=4.5, zorder=4)
        if row.margin:
            axes.plot([-100 * row.margin] * 2, [y - 0.4, y + 0.4], color="#000000", linewidth=0.9, linestyle=(0, (2, 1.5)))
        name = f"{row.study}, {arm_style(row.second).name}" if several else row.study
        axes.text(-0.03, y, name, transform=place, fontsize=6.5, ha="right", va="center")
        interval = f"  [{100 * row.low:+.1f}, {100 * row.high:+.1f}]" if pd.notna(row.low) else "  no interval"
        axes.text(
            1.03, y, f"{100 * row.effect:+.1f} %{interval}", transform=place, fontsize=6.5, ha="left", va="center", color=color
        )
