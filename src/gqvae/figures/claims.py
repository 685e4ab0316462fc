"""Figure: every claim of the study with its effect, interval, verdict and sign (a forest plot)."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from gqvae.figures.registry import Plot
from gqvae.figures.style import CorpusFacts, arm_style, new_figure, write_heading
from gqvae.study.sizes import size_in_words
from gqvae.study.tables import read_table

PLOT = Plot(
    title="Claims and verdicts",
    section="1. Claims",
    shows="every claim with its effect, interval and verdict",
    caption="Relative advantage of the first arm (right is better) for every claim, with its 95 % t-interval over seeds, not "
    "corrected. At the right: the verdict, the sign, and the p values of both after Holm's correction for the number of tests in "
    "the study. V: sizes that the two vocabularies reached, where they differ. Dashed: the margin by which the first arm may be behind. Arrows: values beyond the axis, written at the right.",
    tables=("claims",),
    needs="claims",
)
LOOKS = {
    "supported": ("#117733", "o"),
    "not supported": ("#6B6B6B", "D"),
    "contradicted": ("#AA3377", "X"),
    "too few steps": ("#8A6D00", "s"),
}
ROW = 0.46  # inches, at least
LINE = 0.125  # inches, of a claim's text
WRAP = 72  # characters per line of it
REACH = 1.6  # the axis ends at this multiple of the `MOST` quantile of effects, so that outliers leave the others readable
MOST = 0.75  # share of the effects
SMALL = 5.5  # font size of p values and steps
COLUMNS = [
    "claim", "text", "first", "second", "seeds", "effect", "low", "high", "p_holm", "margin", "verdict", "sign", "sign_p_holm", "steps",
]  # fmt: skip
SIZES = ["first_vocab_size", "second_vocab_size"]


def points(tables: Path) -> pd.DataFrame:
    """The claims with their statistics and, if they were recorded, the sizes of the vocabularies."""
    table = read_table(tables, "claims")
    return table[[*COLUMNS, *(column for column in SIZES if table[column].notna().any())]]


def draw(data: pd.DataFrame, corpus: CorpusFacts) -> Figure:
    """One row per claim: text, effect in per cent with its 95 % interval, margin, verdict, sign and corrected p."""
    rows: Any = list(data.itertuples())
    labels = [_label(row) for row in rows]
    height = max(ROW, LINE * max(len(label) for label in labels)) * len(data) + 1.35
    figure = new_figure(8.6, height)
    figure.subplots_adjust(left=0.44, right=0.81, bottom=0.55 / height)
    note = f"{_seeds(data)} · bars: 95 % t-interval over seeds" if data["low"].notna().any() else f"{_seeds(data)}: no interval"
    write_heading(figure, "What was claimed, and what was found", corpus, note)
    reach = axis_end(data)
    axes = forest_axes(figure, reach, (len(data) - 0.5, -0.5))
    for place, (row, label) in enumerate(zip(rows, labels, strict=True)):
        _draw_claim(axes, place, row, label, reach)
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.set_xlabel("relative advantage of the first arm → (dashed: margin)")
    return figure


def forest_axes(figure: Figure, reach: float, rows: tuple[float, float]) -> Axes:
    """Axes in per cent around zero, from −`reach` to `reach`, without ticks for the rows."""
    axes = figure.add_subplot(xlim=(-reach, reach), ylim=rows, yticks=[])
    axes.axvline(0, color="#888888", linewidth=0.8, zorder=1)
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:+g} %" if value else "0")
    return axes


def axis_end(data: pd.DataFrame) -> float:
    """Where the axis ends, in per cent: beyond most effects and every margin."""
    effects = data["effect"].abs()
    return 100 * max(REACH * float(effects.quantile(MOST, interpolation="nearest")), 1.2 * float(data["margin"].max()), 1e-3)


def draw_effect(axes: Axes, y: float, row: Any, reach: float, label: str | None = None) -> None:
    """Effect, interval and margin of a claim; an interval beyond the axis ends in an arrow, an effect there has no marker."""
    color, marker = LOOKS[row.verdict]
    effect = 100 * row.effect
    low, high = (100 * row.low, 100 * row.high) if pd.notna(row.low) else (effect, effect)
    axes.plot(np.clip([low, high], -reach, reach), [y, y], color=color, linewidth=1.4, zorder=2, label=label)
    for cut, end, arrow in ((low < -reach, -reach, "<"), (high > reach, reach, ">")):
        if cut:
            axes.plot(end, y, arrow, color=color, markersize=4, clip_on=False, zorder=3)
    if abs(effect) <= reach:
        axes.plot(effect, y, marker, color=color, markersize=5, zorder=4)
    if row.margin:
        axes.plot([-100 * row.margin] * 2, [y - 0.36, y + 0.36], color="#000000", linewidth=1, linestyle=(0, (2, 1.5)))


def _label(row: Any) -> list[str]:
    """The lines that say what was claimed and which arms are compared."""
    first, second = (arm_style(getattr(row, arm)).name + size_in_words(row, arm) for arm in ("first", "second"))
    compared = f"{first} against {second}".replace("V = ", "V\u00a0=\u00a0")  # no line ends within a size
    return [*textwrap.wrap(f"{row.claim}: {row.text}", WRAP), *textwrap.wrap(compared, WRAP)]


def _draw_claim(axes: Axes, place: int, row: Any, label: list[str], reach: float) -> None:
    """One row, with verdict, sign and p values at the right."""
    draw_effect(axes, place, row, reach)
    color, effect = LOOKS[row.verdict][0], 100 * row.effect
    beside = axes.get_yaxis_transform()
    axes.text(-0.03, place, "\n".join(label), transform=beside, fontsize=6.5, ha="right", va="center")
    interval = f"  [{100 * row.low:+.1f}, {100 * row.high:+.1f}]" if pd.notna(row.low) else ""
    found = f"{effect:+.2f} %{interval}\n{row.verdict}{_sign(row)}"
    axes.text(1.03, place + 0.1, found, transform=beside, fontsize=6.5, ha="left", va="bottom", color=color)
    axes.text(1.03, place + 0.15, _p_values(row), transform=beside, fontsize=SMALL, ha="left", va="top", color="#444444")


def _sign(row: Any) -> str:
    """The sign, unless it is undecided and the verdict implies that."""
    if row.sign != "undecided":
        return f", {row.sign}"
    return ", sign undecided" if row.margin and pd.notna(row.sign_p_holm) else ""


def _p_values(row: Any) -> str:
    """p value of the verdict and, if it tests another hypothesis, of the sign; or the fewest steps, if too few to test."""
    if row.verdict == "too few steps":
        return f"fewest: {row.steps:,}"
    if pd.isna(row.p_holm):
        return ""
    verdict = f"Holm p {_p(row.p_holm)}"
    return f"{verdict}, of the sign {_p(row.sign_p_holm)}" if row.margin else verdict


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.2g}"


def _seeds(data: pd.DataFrame) -> str:
    most, least = int(data["seeds"].max()), int(data["seeds"].min())
    count = str(most) if most == least else f"{least} to {most}"
    return f"{count} seed" + ("" if most == 1 else "s")
