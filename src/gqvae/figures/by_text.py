"""Figure: how far language models on one arm are ahead of those on another in several studies, by amount of training text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from gqvae.evaluation.across import FinishedStudy, advantages_by_text
from gqvae.figures.style import CorpusFacts, arm_style, format_bytes, format_count, new_figure, series_style, write_heading

HIGHEST = 0.06  # the axis reaches no farther; intervals that do are cut there
DODGE = 1.06  # between studies at one amount, a factor
LEGEND_ROW = 0.17  # inches


def points(studies: Sequence[FinishedStudy]) -> pd.DataFrame:
    """Advantages in test bits per byte, by seed and over seeds."""
    return advantages_by_text(studies)


def draw(data: pd.DataFrame, corpus: CorpusFacts) -> Figure:
    """A panel for each pair of arms, a line for each study."""
    pairs = list(dict.fromkeys(zip(data["first"], data["second"], strict=True)))
    studies = list(dict.fromkeys(data["study"]))
    under = 0.62 + LEGEND_ROW * ((len(studies) + 1) // 2)
    height = 2.6 + under
    figure = new_figure(max(2.9 * len(pairs), 5.8) + 0.4, height)
    figure.subplots_adjust(left=0.075, right=0.985, bottom=under / height, wspace=0.12)
    write_heading(
        figure,
        "How far language models are ahead, by training text",
        corpus,
        "test split, 95 % t-intervals over seeds, cut where long",
    )
    figure.subplots_adjust(top=figure.subplotpars.top - 0.24 / height)
    panels = figure.subplots(1, len(pairs), sharex=True, sharey=True, squeeze=False)[0]
    for axes, (first, second) in zip(panels, pairs, strict=True):
        axes.set_title(f"{arm_style(first).name} over {arm_style(second).name}", fontsize=8)
        _draw_panel(axes, data[(data["first"] == first) & (data["second"] == second)], studies)
    reach = min(HIGHEST, 1.15 * max(data[column].abs().max() for column in ("advantage", "low", "high")))
    panels[0].set_ylim(-reach, reach)
    panels[0].yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:+g} %" if value else "0"))
    panels[0].set_ylabel("bits per byte saved ↑ better")
    lines = {str(line.get_label()): line for axes in panels for line in axes.lines}
    figure.legend(
        [lines[study] for study in studies], [_name(data[data["study"] == study]) for study in studies],
        loc="lower center", ncols=2, fontsize=7, frameon=False, bbox_to_anchor=(0.5, 0.0), borderaxespad=0.2,
    )  # fmt: skip
    return figure


def _name(rows: pd.DataFrame) -> str:
    """A study, its vocabulary size, its language models (parameters beside the vocabulary's) and seeds."""
    first: Any = next(rows.itertuples())
    seeds = rows.loc[rows["series"] == "seed", "seed"].nunique()
    return f"{first.study}: V = {first.vocab_size:,}, {format_count(first.parameters_non_embedding)} parameters, {seeds} seeds"


def _draw_panel(axes: Axes, rows: pd.DataFrame, studies: list[str]) -> None:
    axes.set_xscale("log")
    axes.axhline(0, color="#888888", linewidth=0.8, zorder=1)
    for place, study in enumerate(studies):
        own = rows[rows["study"] == study]
        if own.empty:
            continue
        color, marker = series_style(place)
        beside = DODGE ** (place - (len(studies) - 1) / 2)
        seeds, means = own[own["series"] == "seed"], own[own["series"] == "mean"]
        axes.plot(seeds["train_bytes"] * beside, seeds["advantage"], ".", color=color, markersize=2.5, alpha=0.4, zorder=2)
        axes.plot(means["train_bytes"] * beside, means["advantage"], color=color, marker=marker, label=study, zorder=4)
        known = means.dropna(subset=["low"])
        axes.vlines(known["train_bytes"] * beside, known["low"], known["high"], color=color, linewidth=1.1, zorder=3)
    axes.set_xlabel("training text (log)")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 3)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: format_bytes(value)))
    axes.xaxis.set_minor_formatter(NullFormatter())
