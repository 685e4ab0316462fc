"""Figure: bytes per token on the test split against vocabulary size, with matched pairs joined.

Where every arm has one size, lines would be points on top of each other: each arm has a row instead.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gqvae.config import RESERVED_IDS
from gqvae.figures.amounts import NOTE_ROW, note_below, set_ticks, wrapped
from gqvae.figures.labels import LineEnd, label_line_ends, leave_room_for_names, names_high
from gqvae.figures.registry import Plot
from gqvae.figures.rows import Row, draw_rows, rows_high
from gqvae.figures.style import CorpusFacts, arm_style, describe_points, new_figure, write_heading
from gqvae.study.tables import read_table

PLOT = Plot(
    title="Compression against vocabulary size",
    section="2. Tokenizers",
    shows="bytes per token against vocabulary size",
    caption="Bytes per token on the test split against the vocabulary size V that was reached; a row for each arm if every arm has one size. Learned arms: "
    "filled markers and solid lines for text split at the gates, with fallback (neural); open markers and dashed lines for the "
    "fewest tokens (distilled). Small points: seeds; large ones: their mean. A dotted line joins the rings of each matched pair.",
    tables=("compression", "matching"),
)
COLUMNS = ["arm", "encoder", "variant", "series", "seed", "vocab_size", "bytes_per_token", "used_downstream", "matched_to"]
WIDE = 5.4  # inches
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
    """Lines over sizes, or rows if no arm has several."""
    means = data[data["series"] == "mean"]
    several = (means.groupby(["arm", "encoder"]).size() > 1).any()
    return _draw_lines(data, means, corpus) if several else _draw_rows(data, means, corpus)


def _draw_rows(data: pd.DataFrame, means: pd.DataFrame, corpus: CorpusFacts) -> Figure:
    """The arm that compresses best at the top; mean and vocabulary size at the right."""
    rows = []
    found: Any = means.sort_values("bytes_per_token", ascending=False, kind="stable").itertuples()
    for mean in found:
        own = data[(data["arm"] == mean.arm) & (data["encoder"] == mean.encoder) & (data["series"] == "seed")]
        to = f" to {arm_style(mean.matched_to).name}" if mean.matched_to else ""
        rows.append(
            Row(
                label=f"{mean.arm} {mean.encoder}".strip(),
                name=_name(data, mean.arm, mean.encoder) + to,
                style=arm_style(mean.arm),
                seeds=own.loc[own["seed"].notna(), "bytes_per_token"].tolist(),
                mean=mean.bytes_per_token,
                filled=mean.encoder != "distilled",
                written=f"{mean.bytes_per_token:.3f} · {mean.vocab_size:,.0f}",
                scaled=mean.vocab_size > RESERVED_IDS,  # single bytes are always 1
            )
        )
    figure = new_figure(WIDE, rows_high(len(rows)))
    figure.subplots_adjust(left=0.02)
    write_heading(figure, "Compression", corpus, f"test split · {describe_points(data)} · V: vocabulary size")
    draw_rows(figure, {"compression (bytes per token) → better": rows}, "mean · V")
    return figure


def _draw_lines(data: pd.DataFrame, means: pd.DataFrame, corpus: CorpusFacts) -> Figure:
    """Solid lines for the neural encoder and for arms without a network, dashed lines for the distilled encoder."""
    targets = means[means["used_downstream"]].groupby("arm").first()
    named = means[means["matched_to"] == ""]  # matched arms are named in the note on their pair
    pairs = [(matched, targets.loc[matched["matched_to"]]) for _, matched in means.drop(index=named.index).iterrows()]
    below = wrapped(
        [f"Rings: compression matched on the validation split: {'; '.join(_said(*pair) for pair in pairs)}."] * bool(pairs), WIDE
    )
    names = {(arm, encoder): _name(data, arm, encoder) for arm, encoder in zip(named["arm"], named["encoder"], strict=True)}
    bottom = 0.48 + NOTE_ROW * len(below)
    height = max(2.7, names_high(len(names))) + 0.7 + bottom
    figure = new_figure(WIDE, height)
    figure.subplots_adjust(left=0.10, bottom=bottom / height)
    leave_room_for_names(figure, names.values())
    write_heading(figure, PLOT.title, corpus, f"test split · {describe_points(data)}")
    note_below(figure, below)
    axes = figure.add_subplot()
    _set_axes(axes, data)
    ends = []
    for (arm, encoder), mean in means.sort_values("vocab_size").groupby(["arm", "encoder"], sort=False):
        _draw_arm(axes, str(arm), str(encoder), data, mean)
        if (arm, encoder) in names:
            x, y = mean[["vocab_size", "bytes_per_token"]].iloc[-1]
            ends.append(LineEnd(x, y, names[arm, encoder], arm_style(str(arm)).color))
    for matched, target in pairs:
        _join_pair(axes, matched, target)
    label_line_ends(axes, ends)
    return figure


def _name(data: pd.DataFrame, arm: str, encoder: str) -> str:
    """The arm, and its encoder where it is drawn with several."""
    several = data.loc[data["arm"] == arm, "encoder"].nunique() > 1
    return arm_style(arm).name + (f" ({encoder})" if several else "")


def _draw_arm(axes: Axes, arm: str, encoder: str, data: pd.DataFrame, mean: pd.DataFrame) -> None:
    style = arm_style(arm)
    face = "white" if encoder == "distilled" else style.color
    axes.plot(
        mean["vocab_size"], mean["bytes_per_token"], DASHES.get(encoder, "-"), color=style.color, marker=style.marker,
        markerfacecolor=face, linewidth=1.2, markersize=3.8, label=f"{arm} {encoder}".strip(), zorder=3,
    )  # fmt: skip
    seeds = data[(data["arm"] == arm) & (data["encoder"] == encoder) & (data["series"] == "seed") & data["seed"].notna()]
    if seeds["seed"].nunique() > 1:
        axes.plot(seeds["vocab_size"], seeds["bytes_per_token"], ".", color=style.color, markersize=2.5, alpha=0.6, zorder=2)


def _said(matched: pd.Series[Any], target: pd.Series[Any]) -> str:
    """A pair of equal compression in words."""
    pair = ((matched["arm"], matched), (matched["matched_to"], target))
    return " and ".join(f"{arm_style(arm).name} at V = {row['vocab_size']:,.0f}" for arm, row in pair)


def _join_pair(axes: Axes, matched: pd.Series[Any], target: pd.Series[Any]) -> None:
    """A dotted line between two tokenizers of equal compression, and a ring around each."""
    x, y = ([float(row[column]) for row in (matched, target)] for column in ("vocab_size", "bytes_per_token"))
    label = f"{matched['arm']} matched to {matched['matched_to']}"
    axes.plot(x, y, ":", color="#222222", linewidth=1.2, label=label, zorder=5)
    axes.plot(x, y, "o", markersize=8, markerfacecolor="none", markeredgecolor="#222222", markeredgewidth=0.8, zorder=5)


def _set_axes(axes: Axes, data: pd.DataFrame) -> None:
    low, high = float(data["vocab_size"].min()), float(data["vocab_size"].max())
    axes.set_xscale("log", base=2)
    axes.set_xlim(low / 1.12, high * 1.12)
    set_ticks(axes, (2.0**power for power in range(1, 31) if low / 1.12 <= 2.0**power <= high * 1.12), "{:,.0f}".format)
    axes.set_xlabel("vocabulary size V, bytes included (tokens)")
    axes.set_ylabel("compression (bytes per token) ↑")
    axes.margins(y=0.07)
