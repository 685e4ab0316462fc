"""Figure: how far the text decides where tokens end, against compression."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gqvae.figures.labels import names_high
from gqvae.figures.legend import name_beside
from gqvae.figures.registry import Plot
from gqvae.figures.rows import Row, draw_rows, rows_high
from gqvae.figures.style import CorpusFacts, arm_style, arms_in, describe_points, new_figure, write_heading
from gqvae.study.tables import read_table

PLOT = Plot(
    title="Does the text decide where tokens end?",
    section="2. Tokenizers",
    shows="entropy of cuts against bytes per token",
    caption="Entropy of where a pre-token is cut, given its length, against bytes per token, on the test split. At 0 all pre-tokens of one length are "
    "cut alike, so the tokenizer counts bytes and ignores the text. A line joins the vocabulary sizes of an arm; if every arm has one "
    "size, each has a row. Networks are cut at their gates, before fallback. Small points: seeds; large ones: their mean.",
    tables=("compression",),
)
AXES = {"bytes_per_token": "compression (bytes per token)", "cut_entropy": "entropy of cuts (bits per pre-token)"}
COLUMNS = ["arm", "variant", "series", "seed", "bytes_per_token", "cut_entropy"]


def points(tables: Path) -> pd.DataFrame:
    """Tokenizers with gates are cut at them. `series` is "seed" (one tokenizer) or "mean" (over seeds)."""
    table = read_table(tables, "compression")
    table = table[(table["split"] == "test") & (table["encoder"] != "distilled")].dropna(subset=["cut_entropy"])
    rows = []
    for (arm, variant), group in table.groupby(["arm", "variant"], sort=False):
        values = group[["seed", "bytes_per_token", "cut_entropy"]]
        rows += [(arm, variant, "seed", *row) for row in values.itertuples(index=False)]
        rows.append((arm, variant, "mean", pd.NA, values["bytes_per_token"].mean(), values["cut_entropy"].mean()))
    return pd.DataFrame(rows, columns=COLUMNS).astype({"seed": "Int64", "bytes_per_token": float, "cut_entropy": float})


def draw(data: pd.DataFrame, corpus: CorpusFacts) -> Figure:
    """A line of means for each arm, by compression, or rows if no arm has several sizes."""
    arms, note = arms_in(data), f"test split · {describe_points(data)}"
    if not (data.groupby("arm")["variant"].nunique() > 1).any():
        return _draw_rows(data, corpus, note)
    height = max(3.7, names_high(len(arms)) + 0.9)
    figure = new_figure(6.4, height)
    figure.subplots_adjust(left=0.09, bottom=0.48 / height)
    write_heading(figure, PLOT.title, corpus, note)
    name_beside(figure, arms)
    axes = figure.add_subplot()
    for arm in arms:
        _draw_arm(axes, arm, data[data["arm"] == arm])
    axes.margins(x=0.08, y=0.08)
    axes.set_xlabel(AXES["bytes_per_token"])
    axes.set_ylabel(AXES["cut_entropy"])
    return figure


def _draw_rows(data: pd.DataFrame, corpus: CorpusFacts, note: str) -> Figure:
    """Two columns of dots: compression, by which arms are sorted, and entropy."""
    means = data[data["series"] == "mean"].sort_values("bytes_per_token", ascending=False, kind="stable")
    figure = new_figure(6.4, rows_high(len(means)))
    figure.subplots_adjust(left=0.02)
    write_heading(figure, PLOT.title, corpus, note)
    found: Any = means.to_dict("records")
    draw_rows(figure, {label: [_row(data, mean, column) for mean in found] for column, label in AXES.items()})
    return figure


def _row(data: pd.DataFrame, mean: dict[str, Any], column: str) -> Row:
    seeds = data[(data["arm"] == mean["arm"]) & (data["series"] == "seed") & data["seed"].notna()]
    style = arm_style(mean["arm"])
    return Row(label=mean["arm"], name=style.name, style=style, seeds=seeds[column].tolist(), mean=mean[column])


def _draw_arm(axes: Axes, arm: str, rows: pd.DataFrame) -> None:
    style, mean = arm_style(arm), rows[rows["series"] == "mean"].sort_values("bytes_per_token")
    axes.plot(
        mean["bytes_per_token"], mean["cut_entropy"], color=style.color, marker=style.marker, linewidth=1.2, markersize=3.8,
        label=arm, zorder=3,
    )  # fmt: skip
    seeds = rows[rows["series"] == "seed"]
    if seeds["seed"].nunique() > 1:
        axes.plot(seeds["bytes_per_token"], seeds["cut_entropy"], ".", color=style.color, markersize=2.5, alpha=0.5, zorder=2)
