"""Figure: how the networks of the learned arms train: rate, reconstruction, codebook use, exact tokens."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from gqvae.figures.labels import LEADER, NAME_SIZE, leave_room_for_names, text_color
from gqvae.figures.registry import Plot
from gqvae.figures.style import CorpusFacts, arm_style, arms_in, describe_seeds, new_figure, write_heading
from gqvae.study.tables import read_table

PLOT = Plot(
    title="Training of the networks",
    section="2. Tokenizers",
    shows="rate, reconstruction and codebook use while the networks train",
    caption="The tokenizer networks while they train, measured on the most frequent validation pre-tokens: rate of the hard gates "
    "(solid) and of the soft ones (dashed), reconstruction, share of codes in use, share of exact tokens. A row per arm, a line "
    "per seed; grey: the other arms. Codes in use begin where quantization does.",
    tables=("training",),
    needs="networks",
)
PANELS = {  # column(s) of the history: solid first, dashed second; title
    "rate": (("hard_rate", "soft_rate"), "tokens per pre-token ↓"),
    "reconstruction": (("reconstruction",), "reconstruction (nats/byte) ↓"),
    "codes_used": (("codes_used",), "codes in use (share) ↑"),
    "exact_token_accuracy": (("exact_token_accuracy",), "exact tokens (share) ↑"),
}
DASHES = ("-", "--")
TALL, LOW, FEW = 1.15, 0.62, 3  # inches of a row for up to `FEW` arms, and for more
GAP = 0.25  # between rows, as a share of their height


def points(tables: Path) -> pd.DataFrame:
    """One row per panel, measure, arm, seed and step; values that were not measured are left out.

    No codes in use means that the network did not quantize yet: once it does, some code is the nearest.
    """
    table = read_table(tables, "training")
    table["codes_used"] = table["codes_used"].where(table["codes_used"] > 0)
    frames = []
    for panel, (measures, _) in PANELS.items():
        for measure in measures:
            rows = table[["arm", "seed", "step", measure]].rename(columns={measure: "value"}).dropna(subset=["value"])
            rows.insert(0, "panel", panel)
            rows.insert(1, "measure", measure)
            frames.append(rows)
    return pd.concat(frames, ignore_index=True)


def draw(data: pd.DataFrame, corpus: CorpusFacts) -> Figure:
    """A row of panels for each arm: a line per seed, above those of the other arms in grey."""
    arms, left = arms_in(data), 0.35
    row = TALL if len(arms) <= FEW else LOW
    height = (1 + GAP) * row * len(arms) + 1.15
    figure = new_figure(8.0, height)
    figure.subplots_adjust(left=left / 8.0, bottom=0.42 / height, wspace=0.28, hspace=GAP)
    leave_room_for_names(figure, (arm_style(arm).name for arm in arms))
    others = " · grey: the other arms" if len(arms) > 1 else ""
    note = f"validation split · a line per seed · {describe_seeds(data)} · dashed: soft gates{others}"
    write_heading(figure, "Training of the tokenizer networks", corpus, note)
    figure.subplots_adjust(top=figure.subplotpars.top - 0.2 / height)  # room for the titles of the columns
    panels = figure.subplots(len(arms), len(PANELS), sharex=True, sharey="col", squeeze=False)
    for column, (panel, (measures, label)) in zip(panels.T, PANELS.items(), strict=True):
        column[0].set_title(label, fontsize=7.5, fontweight="normal")
        _draw_column(column, arms, data[data["panel"] == panel], measures)
        if "(share)" in label:
            column[0].set_ylim(-0.05, 1.05)
    for axes in panels[-1]:
        axes.set_xlabel("optimiser step", fontsize=7)
    for axes, arm in zip(panels[:, -1], arms, strict=True):
        style = arm_style(arm)
        look: dict[str, Any] = {"color": text_color(style.color), "fontsize": NAME_SIZE, "va": "center"}
        figure.text(figure.subplotpars.right + LEADER / 8.0, _middle(axes), style.name, **look)
    return figure


def _draw_column(column: Sequence[Axes], arms: list[str], of_panel: pd.DataFrame, measures: tuple[str, ...]) -> None:
    """The panels of one measure, from top to bottom."""
    for axes, arm in zip(column, arms, strict=True):
        color = arm_style(arm).color
        for measure, dashes in zip(measures, DASHES, strict=False):
            of_measure = of_panel[of_panel["measure"] == measure]
            others = of_measure[of_measure["arm"] != arm].groupby(["arm", "seed"])[["step", "value"]]
            curves = [curve.to_numpy(float) for _, curve in others]
            axes.add_collection(LineCollection(curves, colors="#cccccc", linewidths=0.5, linestyles=dashes, zorder=1))
            for seed, curve in of_measure[of_measure["arm"] == arm].groupby("seed"):
                name = f"{arm} seed {seed} {measure}"
                axes.plot(curve["step"], curve["value"], dashes, linewidth=1.0, color=color, alpha=0.85, label=name)
        axes.set_xlim(left=0)
        axes.tick_params(labelsize=6.5)
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        axes.yaxis.set_major_locator(MaxNLocator(3))
    column[0].margins(y=0.08)


def _middle(axes: Axes) -> float:
    """Height of the middle of the axes, as a share of the figure."""
    place = axes.get_position()
    return float((place.y0 + place.y1) / 2)
