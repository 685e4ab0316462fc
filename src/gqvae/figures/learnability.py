"""Figure: final test bits per byte against the amount of training text and against the size of the model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from gqvae.figures.amounts import DECISIVE, draw_means, hollow_note, mark_amounts, note_below, range_of, under_amounts, with_mean
from gqvae.figures.labels import LineEnd, label_line_ends, leave_room_for_names, names_high
from gqvae.figures.registry import Plot
from gqvae.figures.rows import Row, draw_rows, rows_high
from gqvae.figures.style import CorpusFacts, arm_style, arms_in, describe_points, new_figure, write_heading
from gqvae.study.amounts import amounts_read
from gqvae.study.tables import read_table
from gqvae.units import format_bytes, format_count

PLOT = Plot(
    title="Learnability",
    section="3. Language models",
    shows="final bits per byte against the amount of training text and the size of the model",
    caption="Test bits per byte after training, against the amount of training text and, after the most text, against "
    "non-embedding parameters. Small points: seeds; line: mean; bars (three seeds or more): 95 % t-interval. Under each amount "
    "of text: the optimiser steps of its runs. With one amount and one size, a row for each arm. Hollow: too few steps to decide anything. "
    "Matched arms are shown as trained; claims interpolate them to equal compression where possible.",
    tables=("learnability", "model_sizes"),
    needs="language models",
)
TEXT = "training text"
# Panel: table, column of the amount, label of the axis, format of its ticks.
PANELS = {
    TEXT: ("learnability", "amount", "training text (bytes) / optimiser steps", format_bytes),
    "model size": ("model_sizes", "parameters_non_embedding", "non-embedding parameters", format_count),
}
COLUMNS = ["panel", "arm", "series", "seed", "amount", "test_bpb", "low", "high", "fewest_steps", "most_steps"]
SIZES = (3.5, 4.5, 0.9, 2)  # of dots, markers, bars and their caps


def points(tables: Path) -> pd.DataFrame:
    """`series` "seed": every run; "mean": over seeds, with its 95 % t-interval from three seeds on.

    The columns of steps are the fewest and the most optimiser steps of the runs behind a point.
    """
    rows = []
    for panel, (name, column, _, _) in PANELS.items():
        table = read_table(tables, name)
        table = table.assign(amount=amounts_read(table))
        for (arm, amount), group in table.groupby(["arm", column], sort=False):
            runs = zip(group["seed"], group["test_bpb"], group["steps"], group["steps"], strict=True)
            rows += with_mean({"panel": panel, "arm": arm, "amount": amount}, "test_bpb", runs)
    whole = dict.fromkeys(("seed", "fewest_steps", "most_steps"), "Int64")
    return pd.DataFrame(rows, columns=COLUMNS).astype(whole | {"low": float, "high": float})


def draw(data: pd.DataFrame, corpus: CorpusFacts) -> Figure:
    """A panel for each kind of amount: a line of means by arm, with intervals, and every seed as a small point."""
    shown = [panel for panel in PANELS if (data["panel"] == panel).any()]
    bars = " · bars: 95 % t-interval" if data["low"].notna().any() else ""
    note = f"test split · {describe_points(data)}{bars}"
    hollow = hollow_note(data)
    if len(shown) == 1 and data["amount"].nunique() == 1:
        return _draw_rows(data, corpus, note, hollow)
    bottom = 0.88 if hollow else 0.68
    height = max(2.7, names_high(len(arms_in(data)))) + 0.7 + bottom
    figure = new_figure(5.4 if len(shown) == 1 else 7.2, height)
    figure.subplots_adjust(left=0.115 if len(shown) == 1 else 0.075, bottom=bottom / height, wspace=0.14)
    leave_room_for_names(figure, (arm_style(arm).name for arm in arms_in(data)))
    write_heading(
        figure, "Learnability: bits per byte by amount of text" + (" and size of model" if len(shown) > 1 else ""), corpus, note
    )
    panels = figure.subplots(1, len(shown), sharey=True, squeeze=False)[0]
    for axes, panel in zip(panels, shown, strict=True):
        ends = _draw_panel(axes, panel, data[data["panel"] == panel])
    note_below(figure, hollow)
    # No ticks at quarters: their extra digits would push the label off the figure.
    panels[0].yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    panels[0].set_ylabel("test loss (bits per byte) ↓")
    label_line_ends(axes, ends)
    return figure


def _draw_rows(data: pd.DataFrame, corpus: CorpusFacts, note: str, hollow: list[str]) -> Figure:
    """A row for each arm, the lowest loss at the top, with the mean at the right."""
    panel, (_, _, _, written) = next((name, facts) for name, facts in PANELS.items() if name in set(data["panel"]))
    rows = []
    found: Any = data[data["series"] == "mean"].sort_values("test_bpb", kind="stable").itertuples()
    for mean in found:
        style, own = arm_style(mean.arm), data[(data["arm"] == mean.arm) & (data["series"] == "seed")]
        bar = (None, None) if pd.isna(mean.low) else (mean.low, mean.high)
        look: dict[str, Any] = {"filled": mean.fewest_steps >= DECISIVE, "written": f"{mean.test_bpb:.4f}"}
        rows.append(Row(mean.arm, style.name, style, own["test_bpb"].tolist(), mean.test_bpb, *bar, **look))
    figure = new_figure(5.4, rows_high(len(rows), hollow))
    figure.subplots_adjust(left=0.02)
    amount = f"{panel}: {written(float(data['amount'].iloc[0]))}, {range_of(data)} optimiser steps".replace(
        " ", "\N{NO-BREAK SPACE}"
    )
    write_heading(figure, "Learnability: bits per byte", corpus, f"{note} · {amount}")
    draw_rows(figure, {"better ← test loss (bits per byte)": rows}, "mean", hollow)
    return figure


def _draw_panel(axes: Axes, panel: str, data: pd.DataFrame) -> list[LineEnd]:
    _, _, name, written = PANELS[panel]
    axes.set_xscale("log")
    ends = [draw_means(axes, arm, data[data["arm"] == arm], "test_bpb", SIZES) for arm in arms_in(data)]
    if panel == TEXT:
        mark_amounts(axes, data["amount"], under_amounts(data, "amount", written))
        axes.set_xlabel(name)
    else:
        mark_amounts(axes, data["amount"], written)
        axes.set_xlabel(f"{name}\n{range_of(data)} optimiser steps each")
    axes.margins(x=0.06, y=0.07)
    return ends
