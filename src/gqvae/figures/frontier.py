"""Figure: test bits per byte against bytes per token in several studies: a comparison that needs no matched pair.

BPE and PathPiece are curves, because matched arms and studies of other sizes give them several vocabulary sizes. A tokenizer
whose point is below a curve is better at equal compression.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from gqvae.config import PAPER_OBJECTIVES
from gqvae.figures.amounts import NOTE_ROW, mark_cut, note_below, range_of, wrapped
from gqvae.figures.labels import Word, text_color, write_beside
from gqvae.figures.style import CorpusFacts, arm_style, arms_in, new_figure, write_heading
from gqvae.measures.intervals import t_interval
from gqvae.study.across import FinishedStudy
from gqvae.study.amounts import amounts_read
from gqvae.study.results import main_rows
from gqvae.study.tables import read_table
from gqvae.units import format_bytes, format_count

COLUMNS = (
    "study", "corpus", "test_text", "arm", "series", "vocab_size", "train_bytes", "size", "parameters_non_embedding", "steps",
    "fewest_steps", "most_steps", "decides", "seeds", "bytes_per_token", "compression_low", "compression_high",
    "test_bpb", "low", "high",
)  # fmt: skip
_OPPONENTS = {"bpe": "BPE", "pathpiece": "PathPiece"}
_ENDS = ("", "_matched", *(f"_matched_{end}" for end in PAPER_OBJECTIVES))
CURVES = {f"{arm}{end}": name for arm, name in _OPPONENTS.items() for end in _ENDS}  # by arm
PANEL = ["test_text", "size", "train_bytes"]
ALIKE = ["arm", "vocab_size", *PANEL, "bytes_per_token", "test_bpb"]  # points equal in these are duplicates
ACROSS = 4  # panels side by side, at most
WIDE, HIGH = 2.35, 2.4  # inches per panel, labels included
LEGEND_ROW = 0.17  # inches
FAR = 0.03  # points farther above the curves (as a share) are named, not drawn: they would flatten the others
CUT = 0.6  # intervals are cut at this distance beyond the means, as a share of the range of means
LONGEST = 28  # letters of a text's label that fit above a panel
SMALL = 5.5  # font size of the numbers beside points
LEFT_OUT = "Left out: amounts of text at which fewer than two points have enough optimiser steps, unless a text has no other."
XY = ["bytes_per_token", "test_bpb"]


def points(studies: Sequence[FinishedStudy]) -> pd.DataFrame:
    """Columns `COLUMNS`: a point for each arm, study, size and amount of text, sorted by panel, curve and compression.

    Bytes per token are those of the downstream tokenizer on the test split. Vocabulary size, steps, bytes per token and test bits
    per byte are means over seeds. The last two have t-intervals, except bytes per token of a tokenizer without seeds. `series` is
    the curve, empty for other arms. A point decides if its run with the fewest steps has the study's `decisive_steps`.

    Panels with fewer than two arms are left out. So are amounts of text at which fewer than two points decide, unless their test
    split and size have no other.
    """
    rows = [row for study in studies for row in _of_study(study)]
    found = pd.DataFrame(rows, columns=list(COLUMNS)).astype({"decides": bool})
    rounded = found[ALIKE].round({"vocab_size": 6, "bytes_per_token": 9, "test_bpb": 9})  # means may differ in the last digit
    found = found[~rounded.duplicated()]
    keep = found.groupby(PANEL)["arm"].transform("nunique") > 1
    decided = found.groupby(PANEL)["decides"].transform("sum") > 1
    keep &= decided | ~decided.groupby([found["test_text"], found["size"]]).transform("any")
    texts = {study.test_sha256: place for place, study in reversed(list(enumerate(studies)))}
    found = found[keep]
    found = found.assign(place=found["test_text"].map(texts))
    by = ["place", "parameters_non_embedding", "size", "train_bytes", "series", "bytes_per_token"]
    return found.sort_values(by, kind="stable", ignore_index=True)[list(COLUMNS)]


def _of_study(study: FinishedStudy) -> Iterator[dict[str, Any]]:
    compression = main_rows(read_table(study.tables, "compression"))
    runs = read_table(study.tables, "learnability")
    runs = runs.assign(train_bytes=amounts_read(runs))
    for (arm, size, amount), own in runs.groupby(["arm", "size", "train_bytes"], sort=False):
        interval = t_interval(own["test_bpb"].tolist())
        read = t_interval(compression.loc[compression["arm"] == arm, "bytes_per_token"].tolist())
        yield {
            "study": study.name,
            "corpus": study.corpus,
            "test_text": study.test_sha256,
            "arm": arm,
            "series": CURVES.get(str(arm), ""),
            "vocab_size": float(own["vocab_size"].mean()),
            "train_bytes": amount,
            "size": size,
            "parameters_non_embedding": own["parameters_non_embedding"].iloc[0],
            "steps": float(own["steps"].mean()),
            "fewest_steps": own["steps"].min(),
            "most_steps": own["steps"].max(),
            "decides": own["steps"].min() >= study.decisive_steps,
            "seeds": interval.n,
            "bytes_per_token": read.mean,
            "compression_low": read.low,
            "compression_high": read.high,
            "test_bpb": interval.mean,
            "low": interval.low,
            "high": interval.high,
        }


def draw(data: pd.DataFrame, corpus: CorpusFacts) -> Figure:
    """A panel for each size of the language model and amount of training text."""
    near = _near(data)
    handles = _legend(near)
    far: Any = data[~data.index.isin(near.index)].itertuples()
    named = [f"{arm_style(row.arm).name}: {row.test_bpb:.3f} at {format_bytes(row.train_bytes)}" for row in far]
    places = _places(near)
    rows, columns = (1 + max(place[axis] for place in places.values()) for axis in (0, 1))
    width = max(WIDE * columns + 0.4, 7.1)
    sentences = [LEFT_OUT, *([f"Too far above the curves to be drawn: {'; '.join(named)}."] if named else [])]
    below = wrapped(sentences, width)
    notes = NOTE_ROW * len(below) + 0.06
    bottom = 0.55 + LEGEND_ROW * -(-len(handles) // 4) + notes
    height = HIGH * rows + 0.35 + bottom
    figure = new_figure(width, height)
    figure.subplots_adjust(left=0.7 / width, right=1 - 0.12 / width, bottom=bottom / height, wspace=0.45, hspace=0.45)
    note = (
        "test split · bars: 95 % t-intervals over seeds · arrows: beyond the axis · numbers: vocabulary size where there is room"
    )
    write_heading(figure, "Bits per byte of language models by compression", corpus, note)
    one_text = near["test_text"].nunique() == 1
    figure.subplots_adjust(top=figure.subplotpars.top - (0.2 if one_text else 0.32) / height)
    first: Axes | None = None
    for key, own in near.groupby(PANEL, sort=False):
        row, column = places[key]
        axes = figure.add_subplot(rows, columns, row * columns + column + 1, sharex=first if one_text else None)
        first = first or axes
        amount = f"{format_bytes(float(own['train_bytes'].iloc[0]))}, {range_of(own)} steps"
        axes.set_title(amount if one_text else f"{_text_name(near, own)}\n{amount}", fontsize=7.5)
        _draw_panel(axes, own)
        axes.set_xlabel("bytes per token →", fontsize=7)
        left = [other for other, (of, place) in places.items() if of == row and place < column]
        if not one_text or not any(other[1] == key[1] for other in left):  # the first panel of its size in the row
            axes.set_ylabel(
                f"{format_count(float(own['parameters_non_embedding'].iloc[0]))} parameters\nbits per byte ↓", fontsize=7
            )
    for (_, own), axes in zip(near.groupby(PANEL, sort=False), figure.axes, strict=True):
        _write_sizes(axes, own)  # last, since panels that share an axis need their final limits
    figure.legend(
        handles=handles, loc="lower center", ncols=4, fontsize=7, bbox_to_anchor=(0.5, notes / height), borderaxespad=0.2
    )
    note_below(figure, below)
    return figure


def _near(data: pd.DataFrame) -> pd.DataFrame:
    """The points that are not far above the curves of their panel."""
    of_curves = data["test_bpb"].where(data["series"] != "")
    highest = of_curves.groupby([data[column] for column in PANEL]).transform("max")
    return data[~(data["test_bpb"] > (1 + FAR) * highest)]


def _places(data: pd.DataFrame) -> dict[tuple[Any, ...], tuple[int, int]]:
    """Row and column of each panel: size by amount if one text is read by all sizes in the same few amounts, else row by row."""
    panels = list(dict.fromkeys(data[PANEL].itertuples(index=False, name=None)))
    sizes, amounts = list(dict.fromkeys(data["size"])), sorted(set(data["train_bytes"]))
    if data["test_text"].nunique() == 1 and len(panels) == len(sizes) * len(amounts) and len(amounts) <= ACROSS:
        return {panel: (sizes.index(panel[1]), amounts.index(panel[2])) for panel in panels}
    return {panel: divmod(place, ACROSS) for place, panel in enumerate(panels)}


def _text_name(data: pd.DataFrame, own: pd.DataFrame) -> str:
    """The text's label, or the study's name if the label is long or several texts have it."""
    corpus = own["corpus"].iloc[0]
    ambiguous = data.loc[data["corpus"] == corpus, "test_text"].nunique() > 1
    return str(own["study"].iloc[0] if ambiguous or len(corpus) > LONGEST else corpus)


def _draw_panel(axes: Axes, own: pd.DataFrame) -> None:
    """Curves, then all arms with their intervals, learned ones on top; hollow where a run has too few steps."""
    for series, curve in own[own["series"] != ""].groupby("series", sort=False):
        color = arm_style(_arm_of(str(series))).color
        axes.plot(curve["bytes_per_token"], curve["test_bpb"], color=color, linewidth=1.1, label=series, zorder=2)
    found: Any = own.itertuples()
    for row in found:
        style = arm_style(_arm_of(row.series) if row.series else row.arm)
        face = style.color if row.decides else "white"
        x = row.bytes_per_token
        top = 4 if row.series else 5
        axes.plot(x, row.test_bpb, style.marker, color=style.color, markerfacecolor=face, markersize=4, label=row.arm, zorder=top)
        for bar_x, bar_y in _bars(row):
            axes.plot(bar_x, bar_y, color=style.color, linewidth=0.9, zorder=3)
    low, high = float(own["test_bpb"].min()), float(own["test_bpb"].max())
    beyond = CUT * max(high - low, 0.01 * low)
    low, high = max(float(own["low"].min()), low - beyond), min(float(own["high"].max()), high + beyond)
    if np.isfinite([low, high]).all():
        axes.set_ylim(low - 0.06 * (high - low), high + 0.06 * (high - low))
    arms: Any = own.itertuples()
    for row in arms:
        for bar_x, bar_y in _bars(row):
            mark_cut(axes, bar_x, bar_y, arm_style(_arm_of(row.series) if row.series else row.arm).color)
    axes.margins(x=0.3)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.tick_params(labelsize=6.5)


def _bars(row: Any) -> Iterator[tuple[list[float], list[float]]]:
    """x and y of the ends of a point's intervals: vertical for the loss, horizontal for the compression."""
    if pd.notna(row.low):
        yield [row.bytes_per_token] * 2, [row.low, row.high]
    if pd.notna(row.compression_low):
        yield [row.compression_low, row.compression_high], [row.test_bpb] * 2


def _arm_of(series: str) -> str:
    """The arm that gives a curve its style."""
    return next(arm for arm, name in CURVES.items() if name == series)


def _write_sizes(axes: Axes, own: pd.DataFrame) -> None:
    """Write the vocabulary size beside each point of a curve."""
    curves = own[own["series"] != ""]
    found: Any = curves.itertuples()
    words = [
        Word(row.bytes_per_token, row.test_bpb, f"{row.vocab_size:,.0f}", text_color(arm_style(_arm_of(row.series)).color))
        for row in found
    ]
    lines = [curve[XY].to_numpy(float) for _, curve in curves.groupby("series", sort=False)]
    arms: Any = own.itertuples()
    lines += [np.column_stack(bar) for row in arms for bar in _bars(row)]
    write_beside(axes, words, own[XY].to_numpy(float), lines, SMALL)


def _legend(data: pd.DataFrame) -> list[Line2D]:
    """Legend entries: curves, then the other arms, then the hollow marker if there is one."""
    shown = dict.fromkeys(_arm_of(CURVES[arm]) if arm in CURVES else arm for arm in arms_in(data))
    handles = []
    for arm in sorted(shown, key=lambda arm: arm not in CURVES):
        style = arm_style(arm)
        handles.append(Line2D([], [], color=style.color, marker=style.marker, label=style.name))
        if arm not in CURVES:
            handles[-1].set_linestyle("")
    if not data["decides"].all():
        hollow = Line2D([], [], color="#666666", marker="o", markerfacecolor="white", label="too few steps: decides nothing")
        hollow.set_linestyle("")
        handles.append(hollow)
    for handle in handles:
        handle.set(markersize=4, linewidth=1.1)
    return handles
