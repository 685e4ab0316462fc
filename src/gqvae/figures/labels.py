"""Small words beside points, each placed where it covers the least of the drawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.transforms import Bbox

# Places around a point, best first: x and y in typographic points, alignment of the word.
AROUND = (
    (0, -5, "center", "top"), (0, 5, "center", "bottom"), (5, -3, "left", "top"), (5, 3, "left", "bottom"), (-5, -3, "right", "top"),
    (-5, 3, "right", "bottom"), (5, 0, "left", "center"), (-5, 0, "right", "center"), (0, -11, "center", "top"), (0, 11, "center", "bottom"),
    (9, -9, "left", "top"), (9, 9, "left", "bottom"), (-9, -9, "right", "top"), (-9, 9, "right", "bottom"), (9, -16, "left", "top"),
    (9, 16, "left", "bottom"), (-9, -16, "right", "top"), (-9, 16, "right", "bottom"),
)  # fmt: skip
MARKER = 3.5  # half the side of a marker, in typographic points
ON_A_MARK, ON_A_LINE, LATER = (
    10.0,
    1.0,
    0.15,
)  # costs of covering a marker or another word, of covering a line, and of each better place that is skipped


@dataclass(frozen=True)
class Word:
    """A word beside the point (x, y)."""

    x: float
    y: float
    text: str
    color: tuple[float, float, float]


def write_beside(axes: Axes, words: Sequence[Word], marks: np.ndarray, lines: Sequence[np.ndarray], size: float) -> None:
    """Write the words in order; overlapping markers with the same word get it once.

    Call it last: it reads the limits of the axes. `marks` (points, 2) are all markers drawn there, `lines` all lines, (points, 2)
    each; `size` is the font size in points.
    """
    axes.set_xlim(axes.get_xlim())
    axes.set_ylim(axes.get_ylim())
    pixels = axes.figure.dpi / 72
    to_pixels = axes.transData.transform
    half = MARKER * pixels
    taken = [Bbox.from_extents(x - half, y - half, x + half, y + half) for x, y in to_pixels(marks)]
    pieces = np.concatenate([np.empty((0, 2)), *(_along(to_pixels(line)) for line in lines)])
    named: list[tuple[str, np.ndarray]] = []
    for word in words:
        place = to_pixels((word.x, word.y))
        if any(text == word.text and np.abs(place - other).max() < half for text, other in named):
            continue
        named.append((word.text, place))
        written = axes.annotate(
            word.text, (word.x, word.y), xytext=(0, 0), textcoords="offset points", fontsize=size, color=word.color, zorder=6
        )
        tried = []
        for number, (x, y, horizontal, vertical) in enumerate(AROUND):
            written.set(position=(x, y), horizontalalignment=horizontal, verticalalignment=vertical)
            box = written.get_window_extent()
            tried.append((LATER * number + _cost(box, axes.bbox, taken, pieces), box))
        best = min(range(len(tried)), key=lambda number: tried[number][0])
        x, y, horizontal, vertical = AROUND[best]
        written.set(position=(x, y), horizontalalignment=horizontal, verticalalignment=vertical)
        taken.append(tried[best][1])


def _along(line: np.ndarray) -> np.ndarray:
    """Points sampled along a polyline."""
    shares = np.linspace(0, 1, 40)[:, None]
    return np.concatenate([np.empty((0, 2)), *(line[i] + shares * (line[i + 1] - line[i]) for i in range(len(line) - 1))])


def _cost(box: Bbox, paper: Bbox, taken: Sequence[Bbox], pieces: np.ndarray) -> float:
    inside = paper.x0 <= box.x0 and box.x1 <= paper.x1 and paper.y0 <= box.y0 and box.y1 <= paper.y1
    x, y = pieces.T
    covered = ((box.x0 <= x) & (x <= box.x1) & (box.y0 <= y) & (y <= box.y1)).any()
    return ON_A_MARK * (sum(map(box.overlaps, taken)) + (not inside)) + ON_A_LINE * float(covered)
