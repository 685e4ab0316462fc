"""Figure: bytes per token on the test split against vocabulary size, with matched pairs joined."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gqvae.figures.amounts import set_ticks
from gqvae.figures.labels import LineEnd, label_line_ends, leave_room_for_names
from gqvae.figures.registry import Plot
from gqvae.figures.style import CorpusFacts, arm_style, arms_in, describe_seeds, new_figure, write_heading
from gqvae.study.tables import read_table

PLOT = Plot(
    title="Compression against vocabulary size",
    section="2. Tokenizers",
    shows="bytes per token against vocabulary size",
    caption="Bytes per token on the test split against the vocabulary size that was reached. Learned arms: solid lines for text split at the "
    "gates, with fallback (neural); dashed lines for the fewest tokens (distilled). A dotted line joins each matched pair.",
    tables=("compression", "matching"),
)
COLUMNS = ["arm", "encoder", "variant", "series", "seed", "vocab_size", "bytes_per_token", "used_downstream", "matched_to"]
LABEL = 0.14  # inches of height for each name at the ends of lines
DASHES = {"": "-", "neural": "-", "distilled": "--"}


def points(tables: Path) -> pd.DataFrame:
    """`series` is "seed" (one tokenizer) or "mean" (over seeds); `matched_to` names the target of a matched arm."""
    table = read_table(tables, "compression")
    table = table[table["split"] == "test"]
    table = table[~table["arm"].isin(_drawn_already(table))]
    targets = read_table(tables, "matching").groupby("arm")["target"].first().to_dict()
    rows = []
    for (arm, encoder, variant), group in table.groupby(["arm", "encoder", "variant"], sort=False):
        used, target = bool(group["used_downstream"].all()), targets.get(arm, "")
        values = group[["seed", "vocab_size", "bytes_per_token"]]
        series = [("seed", *row) for row in values.itertuples(index=False)]
        series.append(("mean", pd.NA, *(values[column].mean() for column in values.columns[1:])))
        rows += [(arm, encoder, variant, *row, used, target) for row in series]
    return pd.DataFrame(rows, columns=COLUMNS).astype({"seed": "Int64", "vocab_size": float})


def _drawn_already(table: pd.DataFrame) -> set[str]:
    """Arms whose tokenizers are all drawn with an earlier arm: the same networks with their other encoder."""
    place = ["seed", "variant", "encoder", "bytes_per_token"]
    again = table.duplicated(place) & table["seed"].notna()
    return {str(arm) for arm, found in again.groupby(table["arm"]) if found.all()}


def draw(data: pd.DataFrame, corpus: CorpusFacts) -> Figure:
    """Draw solid lines for the neural encoder and for arms without a network, dashed lines for the distilled encoder."""
    names = len(data[["arm", "encoder"]].drop_duplicates())
    height = max(3.7, LABEL * names + 1.1)
    figure = new_figure(5.4, height)
    figure.subplots_adjust(left=0.10, bottom=0.48 / height)
    leave_room_for_names(figure, (_name(data, arm, encoder) for arm, encoder in zip(data["arm"], data["encoder"], strict=True)))
    axes = figure.add_subplot()
    write_heading(figure, "Compression against vocabulary size", corpus, f"test split · {describe_seeds(data)}")
    _set_axes(axes, data)
    ends = []
    for arm in arms_in(data):
        of_arm = data[data["arm"] == arm]
        for encoder in sorted(of_arm["encoder"].unique(), reverse=True):
            rows = of_arm[of_arm["encoder"] == encoder]
            mean = rows[rows["series"] == "mean"].sort_values("vocab_size")
            _draw_arm(axes, arm, encoder, rows, mean)
            last = mean.iloc[-1]
            if not last["matched_to"]:  # matched arms are named in the note on their pair
                name, color = _name(data, arm, encoder), arm_style(arm).color
                ends.append(LineEnd(last["vocab_size"], last["bytes_per_token"], name, color))
    pairs = data[(data["matched_to"] != "") & (data["series"] == "mean")]
    for place, (_, matched) in enumerate(pairs.iterrows()):
        _join_pair(axes, data, matched, place)
    label_line_ends(axes, ends)
    return figure


def _name(data: pd.DataFrame, arm: str, encoder: str) -> str:
    """The arm, and its encoder where it is drawn with several."""
    several = data.loc[data["arm"] == arm, "encoder"].nunique() > 1
    return arm_style(arm).name + (f" ({encoder})" if several else "")


def _draw_arm(axes: Axes, arm: str, encoder: str, rows: pd.DataFrame, mean: pd.DataFrame) -> None:
    style = arm_style(arm)
    axes.plot(
        mean["vocab_size"], mean["bytes_per_token"], DASHES.get(encoder, "-"), color=style.color, marker=style.marker,
        markerfacecolor="white" if encoder == "distilled" else style.color, linewidth=1.2, markersize=3.8, label=f"{arm} {encoder}".strip(), zorder=3,
    )  # fmt: skip
    seeds = rows[(rows["series"] == "seed") & rows["seed"].notna()]
    if seeds["seed"].nunique() > 1:
        axes.plot(seeds["vocab_size"], seeds["bytes_per_token"], "_", color=style.color, markersize=6, alpha=0.7, zorder=2)


def _join_pair(axes: Axes, data: pd.DataFrame, matched: pd.Series[Any], place: int) -> None:
    """A dotted line between two tokenizers of equal compression, with a note in free space: below curves or left of points."""
    target = data[(data["arm"] == matched["matched_to"]) & (data["series"] == "mean") & data["used_downstream"]]
    if target.empty:
        return
    x = [float(matched["vocab_size"]), float(target["vocab_size"].iloc[0])]
    y = [float(matched["bytes_per_token"]), float(target["bytes_per_token"].iloc[0])]
    curves = (data[data["series"] == "mean"].groupby(["arm", "encoder"]).size() > 1).any()
    corner, side, end = ((0.97, 0.06 + 0.2 * place), "right", "bottom") if curves else ((0.03, 0.94 - 0.2 * place), "left", "top")
    ours, theirs = arm_style(matched["arm"]), arm_style(matched["matched_to"])
    axes.plot(x, y, ":", color="#222222", linewidth=1.2, label=f"{matched['arm']} matched to {matched['matched_to']}", zorder=5)
    axes.plot(x, y, "o", markersize=8, markerfacecolor="none", markeredgecolor="#222222", markeredgewidth=0.8, zorder=5)
    axes.annotate(
        f"matched compression:\n{ours.name}, V = {x[0]:,.0f}\n{theirs.name}, V = {x[1]:,.0f}",
        (float(np.exp2(np.mean(np.log2(x)))), float(np.mean(y))), corner, textcoords="axes fraction",
        fontsize=7, color="#222222", ha=side, va=end, linespacing=1.25, bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
        arrowprops={"arrowstyle": "-", "color": "#222222", "linewidth": 0.6, "shrinkA": 2, "shrinkB": 5}, zorder=5,
    )  # fmt: skip


def _set_axes(axes: Axes, data: pd.DataFrame) -> None:
    low, high = float(data["vocab_size"].min()), float(data["vocab_size"].max())
    axes.set_xscale("log", base=2)
    axes.set_xlim(low / 1.12, high * 1.12)
    set_ticks(axes, (2.0**power for power in range(1, 31) if low / 1.12 <= 2.0**power <= high * 1.12), "{:,.0f}".format)
    axes.set_xlabel("vocabulary size V, bytes included (tokens)")
    axes.set_ylabel("compression (bytes per token) ↑")
    axes.margins(y=0.07)
