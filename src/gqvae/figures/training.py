"""Figure: how the networks of the learned arms train: rate, reconstruction, codebook use, exact tokens."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from gqvae.figures.registry import Plot
from gqvae.figures.style import CorpusFacts, arm_style, arms_in, describe_seeds, new_figure, write_heading
from gqvae.study.tables import read_table

PLOT = Plot(
    title="Training of the networks",
    section="2. Tokenizers",
    shows="rate, reconstruction and codebook use while the networks train",
    caption="The tokenizer networks while they train, measured on the most frequent validation pre-tokens: rate of the hard gates "
    "(solid) and of the soft ones (dashed), reconstruction, share of codes in use, share of exact tokens. One line per "
    "seed.",
    tables=("training",),
    needs="networks",
)
PANELS = {  # column(s) of the history: solid first, dashed second; label of the axis
    "rate": (("hard_rate", "soft_rate"), "tokens per pre-token ↓"),
    "reconstruction": (("reconstruction",), "reconstruction (nats/byte) ↓"),
    "codes_used": (("codes_used",), "codes in use (share) ↑"),
    "exact_token_accuracy": (("exact_token_accuracy",), "exact tokens (share) ↑"),
}
DASHES = ("-", "--")
LEGEND_ROW = 0.17  # inches


def points(tables: Path) -> pd.DataFrame:
    """One row per panel, measure, arm, seed and step; values that were not measured are left out."""
    table = read_table(tables, "training")
    frames = []
    for panel, (measures, _) in PANELS.items():
        for measure in measures:
            rows = table[["arm", "seed", "step", measure]].rename(columns={measure: "value"}).dropna(subset=["value"])
            rows.insert(0, "panel", panel)
            rows.insert(1, "measure", measure)
            frames.append(rows)
    return pd.concat(frames, ignore_index=True)


def draw(data: pd.DataFrame, corpus: CorpusFacts) -> Figure:
    """Draw four panels with a line per seed, and one legend for all of them under the panels."""
    entries = len(arms_in(data)) + 2
    columns = entries if entries <= 6 else 4
    height = 5.0 + LEGEND_ROW * (math.ceil(entries / columns) - 1)
    figure = new_figure(7.2, height)
    figure.subplots_adjust(left=0.085, right=0.975, bottom=(0.775 + height - 5.0) / height, wspace=0.24, hspace=0.22)
    note = f"validation split · one line per seed · {describe_seeds(data)}"
    write_heading(figure, "Training of the tokenizer networks", corpus, note)
    for axes, (panel, (measures, label)) in zip(figure.subplots(2, 2).flat, PANELS.items(), strict=True):
        of_panel = data[data["panel"] == panel]
        for arm in arms_in(of_panel):
            for measure, dashes in zip(measures, DASHES, strict=False):
                rows = of_panel[(of_panel["arm"] == arm) & (of_panel["measure"] == measure)]
                for seed, curve in rows.groupby("seed"):
                    look = {"color": arm_style(arm).color, "alpha": 0.85, "label": f"{arm} seed {seed} {measure}"}
                    axes.plot(curve["step"], curve["value"], dashes, linewidth=1.1, **look)
        axes.set_ylabel(label)
        axes.set_xlim(0, float(data["step"].max()) * 1.02)
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        if panel in ("codes_used", "exact_token_accuracy"):
            axes.set_ylim(-0.02, 1.02)
            axes.set_xlabel("optimiser step")
    handles = [Line2D([], [], color=arm_style(arm).color, label=arm_style(arm).name) for arm in arms_in(data)]
    handles.append(Line2D([], [], color="#444444", label="hard rate"))
    handles.append(Line2D([], [], color="#444444", linestyle="--", label="soft rate"))
    figure.legend(handles=handles, loc="lower center", ncols=columns, bbox_to_anchor=(0.53, 0.0))
    return figure
