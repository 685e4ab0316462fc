"""Figure: tokenizers on text that they were not trained on, and native ones: compression, fallback, bits per byte."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from gqvae.figures.style import CorpusFacts, arm_style, new_figure, text_color, write_heading
from gqvae.study.across import FinishedStudy, away_from_home

PANELS = {
    "bytes_per_token": "compression (bytes per token)\n→ better",
    "fallback_rate": "fallback (share of gated spans)\n← better",
    "test_bpb": "test loss (bits per byte)\n← better",
}
ROW = 0.34  # inches per kind of tokenizer
APART = {"native": -0.14, "borrowed": 0.14, "home": 0.0}  # rows between a tokenizer and the middle of its row
GAP = 0.6  # rows between texts


def points(studies: Sequence[FinishedStudy]) -> pd.DataFrame:
    """Native, borrowed and lent tokenizers with their measures."""
    return away_from_home(studies)


def draw(data: pd.DataFrame, corpus: CorpusFacts) -> Figure:
    """A row for each text and kind of tokenizer: filled if it was trained on the text, open if it is borrowed."""
    places = _places(data)
    rows_high = max(places.values()) + 1
    height = ROW * rows_high + 1.4
    figure = new_figure(7.2, height)
    figure.subplots_adjust(left=0.01, right=0.985, bottom=0.62 / height, wspace=0.12)
    origins = ", ".join(dict.fromkeys(data["origin"]))
    note = f"test split, 95 % t-intervals over seeds · filled: made of this text · open: taken from {origins}"
    write_heading(figure, "Tokenizers away from home", corpus, note)
    figure.subplots_adjust(left=0.255)  # the heading is aligned with the names of texts
    panels = figure.subplots(1, len(PANELS), sharey=True)
    for axes, (measure, label) in zip(panels, PANELS.items(), strict=True):
        axes.set_ylim(rows_high - 0.4, -0.6)
        axes.set_xlabel(label)
        _draw_panel(axes, data[data["measure"] == measure], places)
    _label_rows(panels[0], places)
    return figure


def _places(data: pd.DataFrame) -> dict[tuple[str, str], float]:
    """The vertical position of each text and lent arm."""
    places: dict[tuple[str, str], float] = {}
    y = 0.0
    for study in dict.fromkeys(data["study"]):
        for lender in dict.fromkeys(data.loc[data["study"] == study, "lender"]):
            places[study, lender] = y
            y += 1
        y += GAP
    return places


def _draw_panel(axes: Axes, rows: pd.DataFrame, places: dict[tuple[str, str], float]) -> None:
    for (study, lender), y in places.items():
        own = rows[(rows["study"] == study) & (rows["lender"] == lender)]
        style = arm_style(lender)
        if own.empty:
            axes.text(
                0.5, y, "has none", transform=axes.get_yaxis_transform(), fontsize=6.5, color="#888888", ha="center", va="center"
            )
            continue
        heights = [y + APART[place] for place in own["place"]]
        axes.plot(own["mean"], heights, color=style.color, linewidth=0.9, alpha=0.5, zorder=2, label=f"{study} {lender}")
        found: Any = own.itertuples()
        for row, height in zip(found, heights, strict=True):
            face = "white" if row.place == "borrowed" else style.color
            if pd.notna(row.low):
                axes.plot([row.low, row.high], [height] * 2, color=style.color, linewidth=1.3, zorder=3)
            axes.plot(row.mean, height, "o", color=style.color, markerfacecolor=face, markersize=4.5, zorder=4)
    axes.margins(x=0.08)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.grid(axis="y", visible=False)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)


def _label_rows(axes: Axes, places: dict[tuple[str, str], float]) -> None:
    """The kind of tokenizer beside its row, the text beside the rows of its tokenizers."""
    axes.set_yticks([])
    place = axes.get_yaxis_transform()
    for study in dict.fromkeys(study for study, _ in places):
        own = {lender: y for (of, lender), y in places.items() if of == study}
        axes.text(
            -0.87, sum(own.values()) / len(own), study, transform=place, fontsize=7, fontweight="bold", ha="left", va="center"
        )
        for lender, y in own.items():
            style = arm_style(lender)
            axes.text(-0.03, y, style.name, transform=place, fontsize=7, color=text_color(style.color), ha="right", va="center")
