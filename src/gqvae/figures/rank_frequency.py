"""Figure: share of all training tokens against the rank of the token, on logarithmic axes."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from gqvae.figures.labels import names_high
from gqvae.figures.legend import name_beside
from gqvae.figures.registry import Plot
from gqvae.figures.style import CorpusFacts, arm_style, arms_in, describe_seeds, new_figure, write_heading
from gqvae.study.tables import read_table

PLOT = Plot(
    title="Rank and frequency of tokens",
    section="2. Tokenizers",
    shows="token counts by rank",
    caption="Share of all training tokens against rank. One line per tokenizer.",
    tables=("rank_frequency",),
)


def points(tables: Path) -> pd.DataFrame:
    """Log-spaced ranks with the count and share of the token of that rank, by arm and seed."""
    return read_table(tables, "rank_frequency")


def draw(data: pd.DataFrame, corpus: CorpusFacts) -> Figure:
    """Draw a line per tokenizer, with a few markers to tell arms apart without colour."""
    arms = arms_in(data)
    height = max(3.9, names_high(len(arms)) + 0.9)
    figure = new_figure(6.2, height)
    figure.subplots_adjust(left=0.1, bottom=0.49 / height)
    axes = figure.add_subplot()
    write_heading(figure, "Token frequency by rank", corpus, f"tokens of the training split · {describe_seeds(data)}")
    name_beside(figure, arms)
    axes.set_xscale("log")
    axes.set_yscale("log")
    for place, arm in enumerate(arms):
        style = arm_style(arm)
        rows = data[data["arm"] == arm]
        seeds = rows["seed"].astype("string").fillna("")  # empty: the same tokenizer at every seed
        for seed, curve in rows.groupby(seeds, sort=False):
            name = f"{arm} seed {seed}" if seed else arm
            start = (0.02 + 0.16 * place / max(len(arms), 1), 0.17)  # markers of different arms at different places
            axes.plot(
                curve["rank"], curve["share"], color=style.color, linewidth=1.1, alpha=0.85, label=name,
                marker=style.marker, markevery=start, markersize=4,
            )  # fmt: skip
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.set_xlabel("rank of the token (1 = most frequent)")
    axes.set_ylabel("share of all tokens")
    return figure
