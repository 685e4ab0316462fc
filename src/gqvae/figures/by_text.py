"""Figure: advantage of language models on one arm over those on another in several studies, by amount of training text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gqvae.figures.amounts import draw_hollow, mark_amounts, mark_cut, note_below, under_amounts, with_mean
from gqvae.figures.style import CorpusFacts, arm_style, new_figure, series_style, write_heading
from gqvae.study.across import FinishedStudy
from gqvae.study.amounts import amounts_read
from gqvae.study.tables import read_table
from gqvae.units import format_bytes, format_count

COLUMNS = (
    "study", "first", "second", "vocab_size", "size", "parameters_non_embedding", "train_bytes", "series", "seed", "advantage", "low",
    "high", "fewest_steps", "most_steps", "decides",
)  # fmt: skip
HIGHEST = 0.06  # limit of the axis; longer intervals are cut
APART = 1.2  # factor between an amount and the outermost marker drawn at it
ABREAST = 2  # panels side by side, at most
WIDE, HIGH = 3.9, 2.65  # inches per panel, labels included
LEGEND_ROW, NOTE_ROW = 0.17, 0.17  # inches
AS_TRAINED = "Matched arms are shown as trained; claims interpolate them to equal compression where possible."
HOLLOW = "Hollow points decide nothing: a run behind them has fewer optimiser steps than its study asks for."


def points(studies: Sequence[FinishedStudy]) -> pd.DataFrame:
    """Columns `COLUMNS`: 1 − test bits per byte of the first arm ÷ those of the second, by amount of training text.

    The pairs are those of the claims about `test_bpb` and `learnability`, except comparisons of one BPE with another. `series` is
    "seed" (paired by seed) or "mean" (over seeds, with its 95 % t-interval). `vocab_size` is the requested size. The columns of
    steps are the fewest and most of the runs behind a point, which decides if the fewest reach the study's `decisive_steps`.
    """
    rows: list[dict[str, Any]] = []
    for study in studies:
        claims = study.table("claims", ("measure", "first", "second"))
        claims = claims[claims["measure"].isin(["test_bpb", "learnability"])]
        runs = read_table(study.tables, "learnability")
        runs = runs.assign(train_bytes=amounts_read(runs))
        for first, second in dict.fromkeys(zip(claims["first"], claims["second"], strict=True)):
            if study.arms[first]["kind"] != "bpe":
                shared = {"study": study.name, "first": first, "second": second, "vocab_size": study.vocab_size}
                for row in _advantages(runs[runs["arm"] == first], runs[runs["arm"] == second]):
                    rows.append(shared | row | {"decides": row["fewest_steps"] >= study.decisive_steps})
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"seed": "Int64", "decides": bool})


def _advantages(ours: pd.DataFrame, theirs: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Rows of one pair of arms in one study."""
    keys = ["size", "train_bytes"]
    both = ours.merge(theirs[[*keys, "seed", "test_bpb", "steps"]], on=[*keys, "seed"], suffixes=("", "_second"))
    both["advantage"] = 1 - both["test_bpb"] / both["test_bpb_second"]
    both["fewest"], both["most"] = both[["steps", "steps_second"]].min(axis=1), both[["steps", "steps_second"]].max(axis=1)
    for _, rows in both.groupby(keys, sort=False):
        facts = rows.iloc[0]
        shared = {key: facts[key] for key in ("size", "parameters_non_embedding", "train_bytes")}
        values = zip(rows["seed"], rows["advantage"], rows["fewest"], rows["most"], strict=True)
        yield from with_mean(shared, "advantage", values, seeds_for_bars=1)


def draw(data: pd.DataFrame, corpus: CorpusFacts) -> Figure:
    """A panel for each pair of arms, a line for each study."""
    pairs = list(dict.fromkeys(zip(data["first"], data["second"], strict=True)))
    studies = list(dict.fromkeys(data["study"]))
    columns = min(ABREAST, len(pairs))
    rows = -(-len(pairs) // columns)
    notes = [AS_TRAINED] * any("matched" in arm for arm in data["second"]) + [HOLLOW] * (not data["decides"].all())
    room = NOTE_ROW * len(notes)
    bottom = 0.72 + LEGEND_ROW * ((len(studies) + 1) // 2) + room
    height = HIGH * rows + bottom
    width = max(WIDE * columns, 6.4) + 0.4
    figure = new_figure(width, height)
    figure.subplots_adjust(left=0.66 / width, right=0.985, bottom=bottom / height, wspace=0.1, hspace=0.45)
    title = "What language models save with GQ-VAE, by amount of training text"
    write_heading(
        figure, title, corpus, "test split · small points: seeds · bars: 95 % t-intervals over seeds · arrows: beyond the axis"
    )
    figure.subplots_adjust(top=figure.subplotpars.top - 0.24 / height)
    placed = data.assign(x=data["train_bytes"] * data["study"].map(_aside(studies)))
    reach = min(HIGHEST, 1.15 * max(data[column].abs().max() for column in ("advantage", "low", "high")))
    panels = [figure.add_subplot(rows, columns, place + 1) for place in range(len(pairs))]
    for place, (axes, (first, second)) in enumerate(zip(panels, pairs, strict=True)):
        axes.set_title(f"{arm_style(first).name} over {arm_style(second).name}", fontsize=8)
        own = placed[(placed["first"] == first) & (placed["second"] == second)]
        axes.set_ylim(-reach, reach)
        _draw_panel(axes, own, studies)
        axes.tick_params(labelleft=place % columns == 0)
        axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:+g} %" if value else "0")
        mark_amounts(axes, own["train_bytes"], under_amounts(own, "train_bytes", format_bytes))
        axes.set_xlim(0.7 * data["train_bytes"].min(), 1.43 * data["train_bytes"].max())
        axes.tick_params(axis="x", labelsize=6.5)
        axes.set_xlabel("training text / optimiser steps")
        if place % columns == 0:
            axes.set_ylabel("bits per byte saved ↑ better")
    lines = {str(line.get_label()): line for axes in panels for line in axes.lines}
    figure.legend(
        [lines[study] for study in studies], [_name(data[data["study"] == study]) for study in studies],
        loc="lower center", ncols=2, fontsize=7, bbox_to_anchor=(0.5, room / height), borderaxespad=0.2,
    )  # fmt: skip
    note_below(figure, notes)
    return figure


def _name(rows: pd.DataFrame) -> str:
    """A study, its vocabulary size, the non-embedding parameters of its language models, and seeds."""
    first: Any = next(rows.itertuples())
    seeds = rows.loc[rows["series"] == "seed", "seed"].nunique()
    return f"{first.study}: V = {first.vocab_size:,}, {format_count(first.parameters_non_embedding)} parameters, {seeds} seeds"


def _aside(studies: list[str]) -> dict[str, float]:
    """A factor for each study, which keeps bars at one amount apart."""
    middle = (len(studies) - 1) / 2
    return {study: APART ** ((place - middle) / max(middle, 1)) for place, study in enumerate(studies)}


def _draw_panel(axes: Axes, rows: pd.DataFrame, studies: list[str]) -> None:
    axes.set_xscale("log")
    axes.axhline(0, color="#888888", linewidth=0.8, zorder=1)
    for place, study in enumerate(studies):
        of_study = rows[rows["study"] == study]
        if of_study.empty:
            continue
        color, marker = series_style(place)
        seeds, means = (of_study[of_study["series"] == series] for series in ("seed", "mean"))
        axes.plot(seeds["x"], seeds["advantage"], ".", color=color, markersize=2.5, alpha=0.4, zorder=2)
        axes.plot(means["x"], means["advantage"], color=color, marker=marker, label=study, zorder=4)
        draw_hollow(axes, means["x"], means["advantage"], means["decides"], color, marker)
        known = means.dropna(subset=["low"])
        axes.vlines(known["x"], known["low"], known["high"], color=color, linewidth=1.1, zorder=3)
        drawn = of_study.melt("x", ["advantage", "low", "high"]).dropna()
        mark_cut(axes, drawn["x"], drawn["value"], color)
