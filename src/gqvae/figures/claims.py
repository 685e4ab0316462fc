"""Figure: every claim of the study with its effect, its interval and the verdict that follows from them (a forest plot)."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from gqvae.evaluation.tables import read_table
from gqvae.figures.style import CorpusFacts, arm_style, new_figure, write_heading

TABLES = ("claims",)
LOOKS = {"supported": ("#117733", "o"), "not supported": ("#6B6B6B", "D"), "contradicted": ("#AA3377", "X")}
ROW = 0.46  # inches
WRAP = 58  # characters of a claim on a line
COLUMNS = ["claim", "text", "first", "second", "seeds", "effect", "low", "high", "margin", "verdict"]


def points(tables: Path) -> pd.DataFrame:
    """The claims with what decides them."""
    return read_table(tables, "claims")[COLUMNS]


def draw(data: pd.DataFrame, corpus: CorpusFacts) -> Figure:
    """One row per claim: text, effect in per cent with its 95 % interval, the bar it must clear, verdict."""
    height = ROW * len(data) + 1.35
    figure = new_figure(8.6, height)
    figure.subplots_adjust(left=0.44, right=0.84, bottom=0.55 / height)
    axes = figure.add_subplot()
    note = f"{_seeds(data)} · bars: 95 % t-interval over seeds" if data["low"].notna().any() else f"{_seeds(data)}: no interval"
    write_heading(figure, "What was claimed, and what was found", corpus, note)
    axes.axvline(0, color="#888888", linewidth=0.8, zorder=1)
    rows: Any = data.itertuples()
    for place, row in enumerate(rows):
        color, marker = LOOKS[row.verdict]
        if pd.notna(row.low):
            axes.plot([100 * row.low, 100 * row.high], [place, place], color=color, linewidth=1.4, zorder=2)
        axes.plot(100 * row.effect, place, marker, color=color, markersize=5, zorder=3)
        if row.margin:
            axes.plot(
                [-100 * row.margin] * 2, [place - 0.32, place + 0.32], color="#000000", linewidth=1, linestyle=(0, (2, 1.5))
            )
        lines = textwrap.wrap(f"{row.claim}: {row.text}", WRAP)
        lines.append(f"{arm_style(row.first).name} against {arm_style(row.second).name}")
        axes.text(-0.02, place, "\n".join(lines), transform=axes.get_yaxis_transform(), fontsize=6.5, ha="right", va="center")
        found = f"{100 * row.effect:+.2f} %\n{row.verdict}"
        axes.text(1.02, place, found, transform=axes.get_yaxis_transform(), fontsize=7, ha="left", va="center", color=color)
    axes.set_ylim(len(data) - 0.5, -0.5)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.margins(x=0.06)
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:+g} %" if value else "0"))
    axes.set_xlabel("relative advantage of the first → (dashed: how far behind still counts)")
    return figure


def _seeds(data: pd.DataFrame) -> str:
    most, least = int(data["seeds"].max()), int(data["seeds"].min())
    count = str(most) if most == least else f"{least} to {most}"
    return f"{count} seed" + ("" if most == 1 else "s")
