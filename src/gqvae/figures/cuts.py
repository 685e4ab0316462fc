"""Figure: how far the text decides where tokens end, against compression."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gqvae.figures.labels import Word, text_color, write_beside
from gqvae.figures.registry import Plot
from gqvae.figures.style import CorpusFacts, arm_style, arms_in, describe_seeds, new_figure, write_heading
from gqvae.study.tables import read_table

PLOT = Plot(
    title="Does the text decide where tokens end?",
    section="2. Tokenizers",
    shows="entropy of cuts against bytes per token",
    caption="Entropy of where a pre-token is cut, given its length, against bytes per token, on the test split. At 0 all pre-tokens of one length are "
    "cut alike, so the tokenizer counts bytes and ignores the text. A line joins the vocabulary sizes of an arm; networks are cut at "
    "their gates, before fallback. Small points: seeds.",
    tables=("compression",),
)
NAME_SIZE = 6.5
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
    """A line of means for each arm, by compression."""
    figure = new_figure(5.4, 3.7)
    figure.subplots_adjust(left=0.10, right=0.97, bottom=0.13)
    write_heading(figure, PLOT.title, corpus, f"test split · {describe_seeds(data)}")
    axes = figure.add_subplot()
    lines = {arm: _draw_arm(axes, arm, data[data["arm"] == arm]) for arm in arms_in(data)}
    axes.margins(x=0.08, y=0.2)
    axes.set_xlabel("compression (bytes per token)")
    axes.set_ylabel("entropy of cuts (bits per pre-token)")
    words = [
        Word(float(line[-1, 0]), float(line[-1, 1]), arm_style(arm).name, text_color(arm_style(arm).color))
        for arm, line in lines.items()
    ]
    write_beside(axes, words, np.concatenate(list(lines.values())), list(lines.values()), NAME_SIZE)
    return figure


def _draw_arm(axes: Axes, arm: str, rows: pd.DataFrame) -> np.ndarray:
    """Draws the line of means, and returns its points (variants, 2)."""
    style, mean = arm_style(arm), rows[rows["series"] == "mean"].sort_values("bytes_per_token")
    axes.plot(
        mean["bytes_per_token"], mean["cut_entropy"], color=style.color, marker=style.marker, linewidth=1.2, markersize=3.8,
        label=arm, zorder=3,
    )  # fmt: skip
    seeds = rows[rows["series"] == "seed"]
    if seeds["seed"].nunique() > 1:
        axes.plot(seeds["bytes_per_token"], seeds["cut_entropy"], ".", color=style.color, markersize=2.5, alpha=0.5, zorder=2)
    return mean[["bytes_per_token", "cut_entropy"]].to_numpy()
