"""Figure: where the bits of a text go, by arm: by frequency, place in the pre-token and length of tokens."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from gqvae.figures.labels import NAME_SIZE, leave_room_for_names
from gqvae.figures.registry import Plot
from gqvae.figures.style import CorpusFacts, arm_style, arms_in, describe_seeds, new_figure, write_heading
from gqvae.study.tables import read_table

PLOT = Plot(
    title="Where the bits go",
    section="3. Language models",
    shows="test bits by frequency, position and length of tokens",
    caption="The test loss split by a token's frequency rank in the training text, by its position in its pre-token and by its "
    "length: bits ÷ bytes of the whole text. The parts of a panel add up to an arm's bits per byte.",
    tables=("breakdown",),
    needs="language models",
)
PANELS = {
    "frequency": "rank of the token in the training text",
    "place": "position of the token in its pre-token",
    "length": "bytes of the token",
}
LAST = ("never in training", "own pre-tokens", "end of document")  # bins that come after the numbered ones


def points(tables: Path) -> pd.DataFrame:
    """Bits in each bin over all bytes of the text: the bins of a kind add up to the bits per byte of the model."""
    table = read_table(tables, "breakdown")
    whole = table.groupby(["arm", "seed", "kind"])["bytes"].transform("sum")
    table["bits_per_byte"] = table["bits"] / whole.astype(float)
    return table[["arm", "seed", "kind", "bin", "tokens", "bits_per_byte"]]


def draw(data: pd.DataFrame, corpus: CorpusFacts) -> Figure:
    """Means over seeds, a marker for each arm, seeds as small points."""
    figure = new_figure(9.6, 3.7)
    figure.subplots_adjust(left=0.06, bottom=0.25, wspace=0.2)
    leave_room_for_names(figure, (arm_style(arm).name for arm in arms_in(data)), before=0.55)  # with the markers of the legend
    note = f"test split, most training text · {describe_seeds(data)}"
    write_heading(figure, "Where the bits go: parts of the test loss", corpus, note)
    arms = arms_in(data)
    panels = figure.subplots(1, 3)
    for axes, (kind, title) in zip(panels, PANELS.items(), strict=True):
        rows = data[data["kind"] == kind]
        bins = sorted(rows["bin"].unique(), key=_order)
        for number, arm in enumerate(arms):
            style = arm_style(arm)
            own = rows[rows["arm"] == arm]
            shift = 0.7 * (number + 0.5) / len(arms) - 0.35
            places = {name: place + shift for place, name in enumerate(bins)}
            mean = own.groupby("bin")["bits_per_byte"].mean()
            axes.plot(own["bin"].map(places), own["bits_per_byte"], ".", color=style.color, markersize=2)
            axes.plot(mean.index.map(places), mean.to_numpy(), style.marker, color=style.color, markersize=4.5)
        for border in range(1, len(bins)):
            axes.axvline(border - 0.5, color="#DDDDDD", linewidth=0.6, zorder=0)
        axes.set_xticks(range(len(bins)), [name.removeprefix("rank ") for name in bins], rotation=35, ha="right", fontsize=6.5)
        axes.set_xlim(-0.5, len(bins) - 0.5)
        axes.set_ylim(bottom=0)
        axes.set_xlabel(title)
    panels[0].set_ylabel("bits per byte of the whole text ↓")
    looks = [arm_style(arm) for arm in arms]
    handles = [Line2D([], [], linestyle="", marker=style.marker, color=style.color, label=style.name) for style in looks]
    beside = (figure.subplotpars.right + 0.01, 0.5)
    figure.legend(handles=handles, loc="center left", bbox_to_anchor=beside, fontsize=NAME_SIZE)
    return figure


def _order(name: str) -> tuple[int, int]:
    number = re.search(r"\d[\d,]*", name)
    last = LAST.index(name) + 1 if name in LAST else 0
    above = name.startswith("rank above")
    return last, int(number[0].replace(",", "")) + above if number else 0
