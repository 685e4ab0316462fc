"""Figure: validation bits per byte while the language models train, against bytes, tokens, FLOPs and steps."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from gqvae.figures.curves import POINT_COLUMNS, seed_curves
from gqvae.figures.registry import Plot
from gqvae.figures.steps import DECISIVE, written_range
from gqvae.figures.style import (
    CorpusFacts,
    LineEnd,
    arm_style,
    arms_in,
    describe_seeds,
    format_bytes,
    format_count,
    label_line_ends,
    leave_room_for_names,
    new_figure,
    write_heading,
)  # fmt: skip
from gqvae.study.tables import read_table

PLOT = Plot(
    title="Convergence",
    section="3. Language models",
    shows="validation bits per byte while the language models train",
    caption="Validation bits per byte while the language models with the most training text train, against bytes of text, tokens, "
    "floating-point operations and optimiser steps (the first steep steps are cut off). Thin: seeds; thick: their mean; "
    "band: lowest to highest. The line under the title gives the number of optimiser steps of whole runs.",
    tables=("convergence",),
    needs="language models",
)
HIGHEST = 1.8  # top of the axis, as a multiple of the highest final loss; the CSV file includes the points above
PANELS = {
    "bytes": "training text (bytes)",
    "tokens": "training tokens",
    "flops": "training compute (floating-point operations)",
    "step": "optimiser steps",
}  # by rows of two


def points(tables: Path) -> pd.DataFrame:
    """Curves of the runs with the most training text, by panel, arm and seed, with their means."""
    table = read_table(tables, "convergence")
    table = table[table["train_bytes"] == table["train_bytes"].max()]
    frames = []
    for panel in PANELS:
        for arm in arms_in(table):
            of_arm = table[table["arm"] == arm]
            curves = {
                int(seed): group[[panel, "valid_bpb"]].set_axis(["x", "y"], axis=1).astype(float)
                for seed, group in of_arm.groupby("seed")
            }
            frames.append(seed_curves(arm, panel, curves))
    filled = [frame for frame in frames if len(frame)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=POINT_COLUMNS)


def draw(data: pd.DataFrame, corpus: CorpusFacts) -> Figure:
    """Draw four panels with one vertical axis, and names at the right of each row."""
    figure = new_figure(7.2, 6.2)
    figure.subplots_adjust(left=0.075, bottom=0.075, wspace=0.1, hspace=0.27)
    leave_room_for_names(figure, (arm_style(arm).name for arm in arms_in(data)))
    note = f"validation split · {describe_seeds(data)} · {_steps(data)}"
    write_heading(figure, "Convergence of the language models", corpus, note)
    panels: dict[str, Axes] = {}
    for place, panel in enumerate(PANELS, start=1):
        panels[panel] = figure.add_subplot(2, 2, place, sharey=next(iter(panels.values()), None))
    ends: dict[str, list[LineEnd]] = {}
    for panel, axes in panels.items():
        _set_axes(axes, panel)
        of_panel = data[data["panel"] == panel]
        ends[panel] = [draw_curves(axes, arm, of_panel[of_panel["arm"] == arm]) for arm in arms_in(of_panel)]
    _set_limits(panels, data)
    for place, (panel, axes) in enumerate(panels.items()):
        if place % 2:
            axes.tick_params(labelleft=False)
            label_line_ends(axes, ends[panel])
        else:
            axes.set_ylabel("validation loss (bits per byte) ↓")
    return figure


def _steps(data: pd.DataFrame) -> str:
    """The optimiser steps of the runs, and whether they are too few."""
    totals = data[(data["panel"] == "step") & (data["series"] == "seed")].groupby(["arm", "seed"])["x"].max()
    few = f" (fewer than {DECISIVE} decide nothing)" if totals.min() < DECISIVE else ""
    return f"{written_range(totals.min(), totals.max())} optimiser steps{few}"


def draw_curves(axes: Axes, arm: str, rows: pd.DataFrame, dashes: str = "-") -> LineEnd:
    """Thin lines by seed, a line for their mean, a band from lowest to highest; returns the end of the strongest line."""
    style = arm_style(arm)
    seeds, mean = rows[rows["series"] == "seed"], rows[rows["series"] == "mean"]
    alone = mean.empty
    for seed, curve in seeds.groupby("seed"):
        width, alpha = (1.6, 1.0) if alone else (0.6, 0.55)
        axes.plot(curve["x"], curve["y"], dashes, color=style.color, linewidth=width, alpha=alpha, label=f"{arm} seed {seed}")
    main = seeds if alone else mean
    if not alone:
        axes.fill_between(mean["x"], mean["low"], mean["high"], color=style.color, alpha=0.15, linewidth=0)
        axes.plot(mean["x"], mean["y"], dashes, color=style.color, label=f"{arm} mean")
    last = main.iloc[-1]
    axes.plot([last["x"]], [last["y"]], style.marker, color=style.color, zorder=4)
    return LineEnd(float(last["x"]), float(last["y"]), style.name, style.color)


def _set_axes(axes: Axes, panel: str) -> None:
    axes.set_xscale("log")
    axes.xaxis.set_minor_locator(NullLocator())
    write = format_bytes if panel == "bytes" else format_count
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: write(value)))
    axes.set_xlabel(PANELS[panel])


def _set_limits(panels: dict[str, Axes], data: pd.DataFrame) -> None:
    """Cut off the first steps, where the loss falls steeply: they would flatten the rest."""
    finals = data.groupby(["panel", "arm", "seed"])["y"].last()
    low, top = float(data["y"].min()), HIGHEST * float(finals.max())
    for panel, axes in panels.items():
        shown = data[(data["panel"] == panel) & (data["y"] <= top)]["x"]
        axes.set_xlim(float(shown.min()) / 1.1, float(shown.max()) * 1.25)
        few = shown.max() / shown.min() < 1e3
        axes.xaxis.set_major_locator(LogLocator(base=10, subs=(1.0, 3.0) if few else (1.0,), numticks=12))
        axes.set_ylim(low - 0.05 * (top - low), top)
