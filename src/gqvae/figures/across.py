"""Figure: the claims that several studies judged, each with its effects and intervals (a forest plot)."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from gqvae.figures.claims import LOOKS, SIZES, axis_end, draw_effect, forest_axes
from gqvae.figures.labels import widest
from gqvae.figures.style import CorpusFacts, arm_style, new_figure, write_heading
from gqvae.study import layout
from gqvae.study.across import FinishedStudy
from gqvae.study.sizes import same_size

COLUMNS = (
    "study", "corpus", "claim", "text", "measure", "first", "second", "seeds", "first_mean", "second_mean", "effect", "low", "high",
    "p", "p_holm", "margin", "verdict", "sign", "sign_p", "sign_p_holm", "ahead", "steps",
)  # fmt: skip
ROW = 0.165  # inches per study
GAP = 0.9  # rows between claims
LINE = 0.104  # inches per line of a claim
WRAP = 42  # characters per line of a claim
LEFT, AXIS, RIGHT = 3.86, 2.48, 2.06  # inches at the left of the axis, at least; of the axis; at its right, at least
EDGE, BETWEEN = 0.084, 0.15  # inches before a claim and behind it
BEFORE, AFTER = 0.03, 0.045  # of the axis, between it and the names of studies, and the numbers
SIZE = 6.5  # of letters


def points(studies: Sequence[FinishedStudy]) -> pd.DataFrame:
    """Columns `COLUMNS`: the claims of all studies, sorted by claim and then by study; and `sizes`, if any vocabulary stayed small.

    A claim that only one of several studies judged is left out: that study's own figure shows it. A measurement of tokenizers that
    several studies share is listed once.
    """
    frames = []
    for study in studies:
        frame = study.table("claims", (*COLUMNS[2:], *SIZES))
        frame["sizes"] = _sizes(study, frame)
        frame.insert(0, "study", study.name)
        frame.insert(1, "corpus", study.corpus)
        frames.append(frame)
    found = pd.concat(frames, ignore_index=True)
    shared = found.groupby("claim")["study"].transform("nunique") > 1
    if shared.any():
        found = found[shared]
    found = found.drop_duplicates(["claim", "effect", "low", "high"])
    found = found.sort_values("claim", kind="stable", ignore_index=True)
    return found.drop(columns=[*SIZES, *(["sizes"] if (found["sizes"] == "").all() else [])])


def _sizes(study: FinishedStudy, claims: pd.DataFrame) -> list[str]:
    """For claims about arms of one requested size, the sizes that their vocabularies reached, if these are not the same."""
    settings = study.settings()
    found: Any = claims.itertuples()
    return [
        ""
        if layout.variant(settings, row.first) != layout.variant(settings, row.second)
        or same_size(row.first_vocab_size, row.second_vocab_size)
        else f"V = {row.first_vocab_size:,.0f} : {row.second_vocab_size:,.0f}"
        for row in found
    ]


def draw(data: pd.DataFrame, corpus: CorpusFacts) -> Figure:
    """A block per claim with a row per study; colour and marker show the verdict, the word beside the number the sign."""
    blocks = [rows for _, rows in data.groupby(["claim", "text"], sort=False)]
    rows_high = sum(map(_rows_high, blocks))
    height = ROW * rows_high + 1.75
    left, right = _left(blocks), _right(data)
    width = left + AXIS + right
    figure = new_figure(width, height)
    figure.subplots_adjust(left=EDGE / width, right=1 - right / width, bottom=0.78 / height)
    write_heading(figure, "Where the claims hold", corpus, "95 % t-intervals over seeds · arrows: values beyond the axis")
    figure.subplots_adjust(
        left=left / width, top=figure.subplotpars.top - 0.22 / height
    )  # the heading is aligned with the claims
    _write_key(figure, list(dict.fromkeys(data["verdict"])))
    reach = axis_end(data)
    axes = forest_axes(figure, reach, (rows_high - 0.5, -0.5 - GAP / 2))
    start = 0.0
    for block in blocks:
        _draw_block(axes, block, start, reach, (EDGE - left) / AXIS)
        start += _rows_high(block)
        axes.axhline(start - 0.5 - GAP / 2, color="#e6e6e6", linewidth=0.6, zorder=0)
    axes.set_xlabel("relative advantage of the first → better\n(dashed: margin)")
    return figure


def _left(blocks: list[pd.DataFrame]) -> float:
    """Inches that the claims and the names beside them take."""
    paper = new_figure(1, 1)
    claims, names = (widest(paper, (word for block in blocks for word in of(block)), SIZE) for of in (_written, _names))
    return max(LEFT, EDGE + claims + BETWEEN + names + BEFORE * AXIS)


def _right(data: pd.DataFrame) -> float:
    """Inches that the numbers and signs beside the axis take."""
    found: Any = data.itertuples()
    return max(RIGHT, AFTER * AXIS + widest(new_figure(1, 1), map(_said, found), SIZE, "bold") + EDGE)


def _said(row: Any) -> str:
    """The effect, its interval, the vocabulary sizes where they differ, and the sign where it is decided."""
    words = f"{100 * row.effect:+.1f} %  "
    words += f"[{100 * row.low:+.1f}, {100 * row.high:+.1f}]" if pd.notna(row.low) else "no interval"
    words += f"  {row.sizes}" if getattr(row, "sizes", "") else ""
    return words if row.sign == "undecided" else f"{words}  {row.sign}"


def _names(block: pd.DataFrame) -> list[str]:
    """The study of each row, and the second arm where a claim has several pairs."""
    several = block["second"].nunique() > 1 or block["first"].nunique() > 1
    found: Any = block.itertuples()
    return [f"{row.study}, {arm_style(row.second).name}" if several else row.study for row in found]


def _written(block: pd.DataFrame) -> list[str]:
    """The text of a claim, in lines."""
    first: Any = block.iloc[0]
    return textwrap.wrap(f"{first.claim}: {first.text}", WRAP)


def _rows_high(block: pd.DataFrame) -> float:
    """Height of a claim in rows, gap included: that of its studies or of its text, whichever is larger."""
    return max(len(block) + GAP, LINE / ROW * len(_written(block)) + 0.5)


def _write_key(figure: Figure, verdicts: list[str]) -> None:
    """The legend of colours, markers and words."""
    handles = [
        Line2D([], [], color=color, marker=marker, linestyle="", markersize=4.5, label=verdict)
        for verdict, (color, marker) in LOOKS.items()
        if verdict in verdicts
    ]
    top = 1 - 0.40 / figure.get_figheight()
    figure.legend(
        handles=handles,
        loc="upper left",
        ncols=len(handles),
        fontsize=7,
        bbox_to_anchor=(0, top),
        columnspacing=1.4,
        handletextpad=0.2,
    )
    words, y = "better, worse: sign decided (Holm-corrected)", top - 0.09 / figure.get_figheight()
    figure.text(0.99, y, words, fontsize=7, fontweight="bold", ha="right", va="top")


def _draw_block(axes: Axes, block: pd.DataFrame, start: float, reach: float, left: float) -> None:
    """One claim: its text at `left` of the axis, then a row for each study with its name, the effect, the interval and the sign."""
    place = axes.get_yaxis_transform()
    middle = start + (_rows_high(block) - GAP - 1) / 2
    axes.text(left, middle, "\n".join(_written(block)), transform=place, fontsize=SIZE, ha="left", va="center", linespacing=1.15)
    found: Any = block.itertuples()
    for number, (row, name) in enumerate(zip(found, _names(block), strict=True)):
        y = middle - (len(block) - 1) / 2 + number
        draw_effect(axes, y, row, reach, f"{row.study} {row.claim}")
        axes.text(-BEFORE, y, name, transform=place, fontsize=SIZE, ha="right", va="center")
        weight = "normal" if row.sign == "undecided" else "bold"
        look: Any = {"fontsize": SIZE, "ha": "left", "va": "center", "color": LOOKS[row.verdict][0], "fontweight": weight}
        axes.text(1 + AFTER, y, _said(row), transform=place, **look)
