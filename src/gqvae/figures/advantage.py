"""Figure: advantage of language models over those of BPE at equal compression: during training, by amount of text, by size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator

from gqvae.figures.amounts import (
    NOTE_ROW,
    draw_means,
    hollow_note,
    mark_amounts,
    mark_cut,
    note_below,
    range_of,
    under_amounts,
    with_mean,
    wrapped,
)  # fmt: skip
from gqvae.figures.labels import (
    NAME_SIZE,
    LineEnd,
    label_line_ends,
    leave_room_for_names,
    names_high,
    widest,
)  # fmt: skip
from gqvae.figures.registry import Plot
from gqvae.figures.style import CorpusFacts, arm_style, arms_in, describe_points, new_figure, write_heading
from gqvae.study.amounts import amounts_read
from gqvae.study.layout import REFERENCE
from gqvae.study.tables import read_table
from gqvae.units import format_bytes, format_count

PLOT = Plot(
    title="Advantage over matched BPE",
    section="3. Language models",
    shows="bits per byte saved over BPE at equal compression",
    caption="Bits per byte saved relative to BPE at equal compression, paired by seed; an arm above zero is better. Left: "
    "validation split during training on the most text; middle and right: test split after training, by amount of text and by "
    "model size. Small points: seeds; line: mean; bars (three seeds or more): 95 % t-interval of the paired difference. Arms at "
    "one amount are drawn side by side. Arrows mark values beyond the axis; arms that end far from zero are named, not drawn. "
    "Under each amount of text: the optimiser steps of its runs. Hollow: too few steps to decide anything. BPE is shown as it was "
    "trained, within the tolerance of the match: claims interpolate it to equal compression where possible.",
    tables=("convergence", "learnability", "model_sizes"),
    needs="matched BPE",
)
WHILE, TEXT, SIZE = "while training", "training text", "model size"
# Panel: table; columns of amount, loss and steps; label of the axis; format of its ticks.
PANELS = {
    WHILE: ("convergence", "bytes", "valid_bpb", "step", "training text so far (bytes)", format_bytes),
    TEXT: ("learnability", "amount", "test_bpb", "steps", "training text (bytes) / steps", format_bytes),
    SIZE: ("model_sizes", "parameters_non_embedding", "test_bpb", "steps", "non-embedding parameters", format_count),
}
COLUMNS = ["panel", "arm", "series", "seed", "amount", "advantage", "low", "high", "fewest_steps", "most_steps"]
FROM_BYTES = 10_000  # training text, in bytes: before this, models have learnt little more than token frequencies
FAR = 0.05  # arms that end farther from the reference are named, not drawn: they would flatten the others
HIGHEST = 0.08  # limit of the axis
WIDE, PANELS_WIDE = 7.2, 5.7  # inches of the figure, at least, and of what is left of the names
DODGE = 1.05  # factor between neighbouring arms
Curves = dict[int, tuple[np.ndarray, np.ndarray]]  # x and y, by seed
SIZES = (2.5, 4, 0.7, 1.5)  # of dots, markers, bars and their caps


def points(tables: Path) -> pd.DataFrame:
    """`series` "seed": 1 − loss ÷ loss of `REFERENCE` at the same seed and amount; "mean": over seeds, with its 95 % t-interval.

    Intervals need three seeds. Curves are measured at slightly different amounts of text (tokens differ in length), so
    they are interpolated over the logarithm of the amount at the points of the reference's first seed. The columns of steps are
    the fewest and the most optimiser steps of the whole runs behind a point.
    """
    rows = []
    for panel, (name, column, loss, step, _, _) in PANELS.items():
        table = read_table(tables, name)
        if panel == TEXT:
            table = table.assign(amount=amounts_read(table))
        if panel == WHILE:
            table = table[(table["train_bytes"] == table["train_bytes"].max()) & (table["bytes"] > 0)]
        theirs = _curves(table[table["arm"] == REFERENCE], column, loss)
        for arm in arms_in(table) if theirs else ():
            ours = _curves(table[table["arm"] == arm], column, loss)
            amounts = _common_amounts(theirs, ours, panel == WHILE)
            seeds = sorted(set(ours) & set(theirs))
            if arm == REFERENCE or not len(amounts) or not seeds:
                continue
            by_seed = {seed: 1 - _at(amounts, *ours[seed]) / _at(amounts, *theirs[seed]) for seed in seeds}
            compared = table[table["arm"].isin([arm, REFERENCE]) & table["seed"].isin(seeds)]
            keys = [] if panel == WHILE else [column]
            whole_runs = compared.groupby([*keys, "seed", "arm"])[step].max()
            steps = whole_runs.groupby([*keys, "seed"]).agg(["min", "max"]).T.to_dict("list")
            for place, amount in enumerate(amounts):
                of_seed = {seed: steps[seed if panel == WHILE else (amount, seed)] for seed in seeds}
                runs = ((seed, float(by_seed[seed][place]), *of_seed[seed]) for seed in seeds)
                rows += with_mean({"panel": panel, "arm": arm, "amount": amount}, "advantage", runs)
    whole = dict.fromkeys(("seed", "fewest_steps", "most_steps"), "Int64")
    return pd.DataFrame(rows, columns=COLUMNS).astype(whole | {"low": float, "high": float})


def _curves(table: pd.DataFrame, column: str, loss: str) -> Curves:
    """Ascending amounts and their losses, by seed."""
    by_seed: Any = table.groupby("seed")
    curves = {int(seed): curve.sort_values(column) for seed, curve in by_seed}
    return {seed: (curve[column].to_numpy(float), curve[loss].to_numpy(float)) for seed, curve in curves.items()}


def _common_amounts(theirs: Curves, ours: Curves, cut: bool) -> np.ndarray:
    """Amounts of the reference's first seed that lie inside every curve; with `cut`, from `FROM_BYTES`, plus the common end."""
    grid = theirs[min(theirs)][0]
    low = max(x[0] for curves in (theirs, ours) for x, _ in curves.values())
    high = min(x[-1] for curves in (theirs, ours) for x, _ in curves.values())
    if not cut:
        return grid[(grid >= low) & (grid <= high)]
    low = max(low, float(FROM_BYTES))
    return np.concatenate([grid[(grid >= low) & (grid < high)], [high]]) if low <= high else grid[:0]


def _at(amounts: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.interp(np.log(amounts), np.log(x), y)


def draw(data: pd.DataFrame, corpus: CorpusFacts) -> Figure:
    """A panel for each kind of amount on one vertical axis, with the reference at zero; far arms are named below."""
    shown = [panel for panel in PANELS if (data["panel"] == panel).any()]
    means = data[data["series"] == "mean"]
    ends = means.groupby(["arm", "panel"], sort=False)["advantage"].last()
    near = [arm for arm in arms_in(means) if ends[arm].abs().max() <= FAR]
    far = [_farthest(arm, ends[arm]) for arm in arms_in(means) if arm not in near]
    below = wrapped([f"Too far away to be drawn: {'; '.join(far)}."] if far else [], WIDE)
    below += hollow_note(data[data["arm"].isin(near)])
    bottom = 0.7 + NOTE_ROW * len(below)  # inches
    height = max(2.3, names_high(len(near) + 1)) + 0.7 + bottom
    names = [arm_style(arm).name for arm in [*near, REFERENCE]]
    figure = new_figure(max(WIDE, PANELS_WIDE + widest(new_figure(1, 1), names, NAME_SIZE)), height)
    figure.subplots_adjust(left=0.72 / figure.get_figwidth(), bottom=bottom / height, wspace=0.1)
    leave_room_for_names(figure, names)
    intervals = " · bars: 95 % t-interval, paired by seed" if data["low"].notna().any() else ""
    note = f"{describe_points(data)}{intervals} · arrows: beyond the axis"
    write_heading(figure, f"Advantage over {arm_style(REFERENCE).name}", corpus, note)
    note_below(figure, below)
    panels = figure.subplots(1, len(shown), sharey=True, squeeze=False)[0]
    placed = data[data["arm"].isin(near)].assign(amount=lambda rows: rows["amount"] * rows["arm"].map(_aside(near)))
    reach = min(HIGHEST, 1.2 * float(means.loc[means["arm"].isin(near), "advantage"].abs().max())) if near else HIGHEST
    panels[0].set_ylim(-reach, reach)
    for axes, panel in zip(panels, shown, strict=True):
        lines = _draw_panel(
            axes, panel, data[(data["panel"] == panel) & data["arm"].isin(near)], placed[placed["panel"] == panel]
        )
    panels[0].yaxis.set_major_locator(MaxNLocator(8, steps=[1, 2, 5, 10]))  # quarters would need wider labels
    panels[0].yaxis.set_major_formatter(lambda value, _: f"{100 * value:+g} %" if abs(value) > 1e-9 else "0")
    panels[0].set_ylabel("loss saved (share of bits per byte) ↑")
    label_line_ends(axes, [*lines, LineEnd(axes.get_xlim()[1], 0.0, arm_style(REFERENCE).name, arm_style(REFERENCE).color)])
    return figure


def _farthest(arm: str, ends: pd.Series[float]) -> str:
    """The name of an arm and its farthest end (`ends` is by panel)."""
    panel = str(ends.abs().idxmax())
    return f"{arm_style(arm).name} {100 * float(ends[panel]):+.0f} % ({panel})"


def _aside(arms: list[str]) -> dict[str, float]:
    """A factor for each arm, which keeps bars at one amount apart."""
    return {arm: DODGE ** (place - (len(arms) - 1) / 2) for place, arm in enumerate(arms)}


def _draw_panel(axes: Axes, panel: str, data: pd.DataFrame, placed: pd.DataFrame) -> list[LineEnd]:
    """`placed`: the same points side by side."""
    *_, name, written = PANELS[panel]
    name += "\nvalidation split" if panel == WHILE else "\ntest split"
    axes.set_xscale("log")
    axes.axhline(0, color=arm_style(REFERENCE).color, linewidth=1.6, zorder=1)
    lines = [draw_means(axes, str(arm), rows, "advantage", SIZES) for arm, rows in placed.groupby("arm", sort=False)]
    mark_amounts(axes, data["amount"], under_amounts(data, "amount", written) if panel == TEXT and len(data) else written)
    if panel == WHILE:  # one tick per measurement would be too many
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 3.0)))
    axes.tick_params(axis="x", labelsize=6.5)
    axes.set_xlabel(f"{name}, {range_of(data)} steps each" if panel == SIZE and len(data) else name)
    axes.margins(x=0.07)
    for arm, rows in placed.groupby("arm", sort=False):
        drawn = rows.melt("amount", ["advantage", "low", "high"]).dropna()
        mark_cut(axes, drawn["amount"], drawn["value"], arm_style(str(arm)).color)
    return lines
