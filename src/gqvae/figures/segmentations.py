"""Figure: one sentence of the test split, as the tokenizer of every arm splits it.

Every byte is as wide as any other, so that cuts at the same place are below each other.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.patches import Rectangle

from gqvae.figures.labels import NAME_SIZE, text_color, widest
from gqvae.figures.registry import Plot
from gqvae.figures.style import CorpusFacts, arm_style, new_figure, write_heading
from gqvae.study.tables import read_table
from gqvae.tokenizers.byte_level import to_bytes

PLOT = Plot(
    title="One sentence, split by every arm",
    section="2. Tokenizers",
    shows="one sentence as every arm splits it",
    caption="One sentence of the test split as the tokenizer of each arm splits it, at the study's vocabulary size V and the first seed; ␣ is a blank. A box is a "
    "token; boxes without colour are single bytes. Bytes are equally wide; those that are no letter, or part of one, are written as two hexadecimal digits. The "
    "sentence is the first one of 40 to 70 bytes with a word that the training text holds fewer than 10 times, if there is one. It is an example and no measurement.",
    tables=("segmentations",),
)
COLUMNS = ["arm", "seed", "vocab_size", "tokens", "segmentation"]
FONT, SIZE, SMALL = "DejaVu Sans Mono", 8.0, 5.5  # font, its size, and that of hexadecimal digits
BYTE = 0.602 * SIZE / 72  # inches: a letter of this font is 0.602 times as wide as its size
ROW = 0.25  # inches
LEAST = 4.6  # inches: width that the heading needs
TINTS, EDGE = (0.34, 0.18), 0.6  # how much of the arm's colour boxes have, in turns, and their edges; the rest is white


class Piece(NamedTuple):
    """What is written as one text: letters of a byte each, one longer letter, a blank, or a byte."""

    start: int  # bytes
    size: int  # bytes
    text: str
    kind: str  # "letters", "blank" or "byte"


def points(tables: Path) -> pd.DataFrame:
    """A row per arm; `segmentation` holds the tokens with blanks between them, in the byte-level alphabet."""
    return read_table(tables, "segmentations")[COLUMNS]


def draw(data: pd.DataFrame, corpus: CorpusFacts) -> Figure:
    """A row of boxes for each arm."""
    rows: Any = data.to_dict("records")
    split = [[to_bytes(token) for token in row["segmentation"].split(" ")] for row in rows]
    styles = [arm_style(row["arm"]) for row in rows]
    cells = max(1, *(sum(map(len, tokens)) for tokens in split))
    columns = {"tokens": [f"{row['tokens']}" for row in rows], "V": [f"{row['vocab_size']:,}" for row in rows]}
    figure = new_figure(LEAST, ROW * len(rows) + 0.9)
    left = widest(figure, (style.name for style in styles), NAME_SIZE) + 0.18
    ends = [0.1 + widest(figure, [name, *values], NAME_SIZE) for name, values in columns.items()]
    wide = max(LEAST, left + BYTE * cells + sum(ends) + 0.1)
    figure.set_figwidth(wide)
    figure.subplots_adjust(left=0.1 / wide, bottom=0.08 / figure.get_figheight())
    seeds = data["seed"].dropna().unique()
    write_heading(figure, PLOT.title, corpus, f"test split · {f'seed {seeds[0]}' if len(seeds) else 'the same at every seed'}")
    figure.subplots_adjust(left=left / wide, right=(left + BYTE * cells) / wide)
    axes = figure.add_subplot()
    axes.set_axis_off()
    axes.set(xlim=(0, cells), ylim=(len(rows) - 0.5, -1.1), xticks=[], yticks=[])
    for place, (style, tokens) in enumerate(zip(styles, split, strict=True)):
        axes.text(-0.06 / BYTE, place, style.name, fontsize=NAME_SIZE, color=text_color(style.color), ha="right", va="center")
        _draw_row(axes, place, style.color, tokens)
    for name, values, end in zip(columns, columns.values(), (ends[0], sum(ends)), strict=True):
        axes.text(cells + end / BYTE, -0.8, name, fontsize=NAME_SIZE, color="#444444", ha="right", va="center")
        for place, value in enumerate(values):
            axes.text(cells + end / BYTE, place, value, fontsize=NAME_SIZE, ha="right", va="center")
    return figure


def _draw_row(axes: Axes, place: int, color: str, tokens: list[bytes]) -> None:
    start = 0
    for number, token in enumerate(tokens):
        if token:
            face = "white" if len(token) == 1 else _tint(color, TINTS[number % 2])
            box = Rectangle((start + 0.04, place - 0.4), len(token) - 0.08, 0.8, facecolor=face, clip_on=False)
            axes.add_artist(box).set(edgecolor=_tint(color, EDGE), linewidth=0.4)
        for piece in pieces(token):
            look: dict[str, Any] = {"fontsize": SIZE, "va": "baseline", "y": place + 0.16, "color": "black"}
            if piece.kind == "blank":
                look |= {"color": "#888888"}
            if piece.kind == "byte":
                look |= {"fontsize": SMALL, "va": "center", "y": place, "linespacing": 0.9}
            axes.text(
                start + piece.start + piece.size / 2, s=piece.text, ha="center", family=FONT, parse_math=False, zorder=3, **look
            )
        start += len(token)


def _tint(color: str, share: float) -> tuple[float, ...]:
    return tuple(1 - share * (1 - part) for part in to_rgb(color))


def pieces(token: bytes) -> Iterator[Piece]:
    """What is written for a token, from left to right. Bytes that no letter of the font shows are two digits above each other."""
    run = start = 0
    while start < len(token):
        letter = _letter(token[start:])
        size = len(letter.encode("utf-8"))
        if size == 1 and letter != " ":
            start += 1
            continue
        if start > run:
            yield Piece(run, start - run, token[run:start].decode("ascii"), "letters")
        if not letter:
            size = 1
            yield Piece(start, size, "\n".join(f"{token[start]:02X}"), "byte")
        elif letter == " ":
            yield Piece(start, size, "␣", "blank")
        else:
            yield Piece(start, size, letter, "letters")
        run = start = start + size
    if start > run:
        yield Piece(run, start - run, token[run:start].decode("ascii"), "letters")


def _letter(data: bytes) -> str:
    """The character that these bytes begin with, or "" if there is none that stands alone and is in the font."""
    for size in range(1, min(len(data), 4) + 1):
        try:
            found = data[:size].decode("utf-8")
        except UnicodeDecodeError:
            continue
        shown = found.isprintable() and unicodedata.category(found)[0] != "M"
        return found if shown and get_font(findfont(FontProperties(family=FONT))).get_char_index(ord(found)) else ""
    return ""
