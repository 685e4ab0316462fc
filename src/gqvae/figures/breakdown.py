"""Figure: where the bits of a text go, by arm: by frequency, place in the pre-token and length of tokens."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from gqvae.figures.labels import names_high
from gqvae.figures.legend import name_beside
from gqvae.figures.registry import Plot
from gqvae.figures.style import CorpusFacts, arm_style, arms_in, describe_points, new_figure, write_heading
from gqvae.study.tables import read_table

PLOT = Plot(
    title="Where the bits go",
    section="3. Language models",
    shows="test bits by frequency, position and length of tokens",
    caption="The test loss split by a token's frequency rank in the training text, by its position in its pre-token and by its "
    "length: bits ÷ bytes of the whole text. The parts of a panel add up to an arm's bits per byte; a seed "
    "without tokens of a part counts as 0 in the mean and has no point.",
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
    arms = arms_in(data)
    height = max(3.7, names_high(len(arms)) + 0.6)
    figure = new_figure(9.6, height)
    figure.subplots_adjust(left=0.06, bottom=0.93 / height, wspace=0.2)
    note = f"test split, most training text · {describe_points(data)}"
    write_heading(figure, "Where the bits go: parts of the test loss", corpus, note)
    name_beside(figure, arms)
    panels = figure.subplots(1, 3)
    for axes, (kind, title) in zip(panels, PANELS.items(), strict=True):
        rows = data[data["kind"] == kind]
        bins = sorted(rows["bin"].unique(), key=_order)
        for number, arm in enumerate(arms):
            style = arm_style(arm)
            own = rows[rows["arm"] == arm]
            shift = 0.7 * (number + 0.5) / len(arms) - 0.35
            places = {name: place + shift for place, name in enumerate(bins)}
            mean = own.groupby("bin")["bits_per_byte"].sum() / own["seed"].nunique()  # a seed may lack a bin: it has 0 bits there
            axes.plot(own["bin"].map(places), own["bits_per_byte"], ".", color=style.color, markersize=2)
            axes.plot(mean.index.map(places), mean.to_numpy(), style.marker, color=style.color, markersize=4.5)
        for border in range(1, len(bins)):
            axes.axvline(border - 0.5, color="#DDDDDD", linewidth=0.6, zorder=0)
        axes.set_xticks(range(len(bins)), [name.removeprefix("rank ") for name in bins], rotation=35, ha="right", fontsize=6.5)
        axes.set_xlim(-0.5, len(bins) - 0.5)
        axes.set_ylim(bottom=0)
        axes.set_xlabel(title)
    panels[0].set_ylabel("bits per byte of the whole text ↓")
    return figure


def _order(name: str) -> tuple[int, int]:
    number = re.search(r"\d[\d,]*", name)
    last = LAST.index(name) + 1 if name in LAST else 0
    above = name.startswith("rank above")
    return last, int(number[0].replace(",", "")) + above if number else 0
