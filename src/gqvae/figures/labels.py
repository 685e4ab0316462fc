"""Text in figures: names at the ends of lines, small labels beside points where they cover the least."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.transforms import Bbox

NAME_SIZE = 7.5  # font size of the names at the ends of lines
LEADER = 0.16  # inches from the axes to a name
# Places around a point, best first: x and y in typographic points, alignment of the word.
AROUND = (
    (0, -5, "center", "top"), (0, 5, "center", "bottom"), (5, -3, "left", "top"), (5, 3, "left", "bottom"), (-5, -3, "right", "top"),
    (-5, 3, "right", "bottom"), (5, 0, "left", "center"), (-5, 0, "right", "center"), (0, -11, "center", "top"), (0, 11, "center", "bottom"),
    (9, -9, "left", "top"), (9, 9, "left", "bottom"), (-9, -9, "right", "top"), (-9, 9, "right", "bottom"), (9, -16, "left", "top"),
    (9, 16, "left", "bottom"), (-9, -16, "right", "top"), (-9, 16, "right", "bottom"),
)  # fmt: skip
MARKER = 3.5  # half the side of a marker, in typographic points
HALO = withStroke(linewidth=1.6, foreground="white")  # so that a word on a line can be read
# Costs of covering a marker or another word, of covering a line, and of each better place that is skipped.
ON_A_MARK, ON_A_LINE, LATER = 10.0, 1.0, 0.15


class Word(NamedTuple):
    """A word beside the point (x, y)."""

    x: float
    y: float
    text: str
    color: tuple[float, float, float]


def write_beside(axes: Axes, words: Sequence[Word], marks: np.ndarray, lines: Sequence[np.ndarray], size: float) -> None:
    """Write the words in order; overlapping markers with the same word get it once. Words that would cover others are left out.

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
        written.set_path_effects([HALO])
        tried = []
        for number, (x, y, horizontal, vertical) in enumerate(AROUND):
            look = {"position": (x, y), "horizontalalignment": horizontal, "verticalalignment": vertical}
            written.set(**look)
            box = written.get_window_extent()
            tried.append((LATER * number + _cost(box, axes.bbox, taken, pieces), box, look))
        _, box, look = min(tried, key=lambda found: found[0])
        if any(map(box.overlaps, taken[len(marks) :])):
            written.remove()
            continue
        written.set(**look)
        taken.append(box)


def _along(line: np.ndarray) -> np.ndarray:
    """Points sampled along a polyline."""
    shares = np.linspace(0, 1, 40)[:, None]
    return np.concatenate([np.empty((0, 2)), *(line[i] + shares * (line[i + 1] - line[i]) for i in range(len(line) - 1))])


def _cost(box: Bbox, paper: Bbox, taken: Sequence[Bbox], pieces: np.ndarray) -> float:
    inside = paper.x0 <= box.x0 and box.x1 <= paper.x1 and paper.y0 <= box.y0 and box.y1 <= paper.y1
    x, y = pieces.T
    covered = ((box.x0 <= x) & (x <= box.x1) & (box.y0 <= y) & (y <= box.y1)).any()
    return ON_A_MARK * (sum(map(box.overlaps, taken)) + (not inside)) + ON_A_LINE * float(covered)


def spread_apart(positions: Sequence[float], distance: float, low: float = 0.0, high: float = 1.0) -> list[float]:
    """Move positions as little as possible to be `distance` apart, in the same order, inside [low, high] if they fit.

    Neighbours that are too close are pooled around their common mean (isotonic regression on positions minus offsets).
    """
    order = sorted(range(len(positions)), key=positions.__getitem__)
    pools: list[list[float]] = []  # each: sum of targets, members
    for place, index in enumerate(order):
        pools.append([positions[index] - place * distance, 1])
        while len(pools) > 1 and pools[-2][0] / pools[-2][1] > pools[-1][0] / pools[-1][1]:
            total, members = pools.pop()
            pools[-1][0] += total
            pools[-1][1] += members
    bases = [total / members for total, members in pools for _ in range(int(members))]
    most = max(high - distance * (len(order) - 1), low)
    placed = {index: min(max(bases[place], low), most) + place * distance for place, index in enumerate(order)}
    return [placed[index] for index in range(len(order))]


class LineEnd(NamedTuple):
    """The last point of a line and its label."""

    x: float
    y: float
    text: str
    color: str


def text_color(color: str) -> tuple[float, float, float]:
    """A colour a third darker: light colours of lines are too pale for text on white."""
    red, green, blue = to_rgb(color)
    return (red * 0.7, green * 0.7, blue * 0.7)


def leave_room_for_names(figure: Figure, names: Iterable[str], before: float = LEADER) -> None:
    """Set the right margin to fit the longest of these names, plus `before` inches in front of it."""
    figure.subplots_adjust(right=1 - (before + widest(figure, names, NAME_SIZE) + 0.12) / figure.get_figwidth())


def widest(figure: Figure, words: Iterable[str], size: float, weight: str = "normal") -> float:
    """Inches that the longest of these words takes at this font size and weight."""
    inches = 0.0
    for word in words:
        text = figure.text(0, 0, word, fontsize=size, fontweight=weight)
        inches = max(inches, text.get_window_extent().width / figure.dpi)
        text.remove()
    return inches


def names_high(count: int) -> float:
    """Inches that the names of this many arms take, one below the other."""
    return 0.145 * count


def label_line_ends(axes: Axes, ends: Sequence[LineEnd]) -> None:
    """Write the name of each line to the right of the axes at the height of its end, moved apart where they would touch.

    Call it last: it reads the limits of the axes, which must be `names_high`. `leave_room_for_names` makes the
    margin. Leaders are grey and dotted, so that they are not read as data.
    """
    axes.set_ylim(axes.get_ylim())
    axes.set_xlim(axes.get_xlim())
    to_axes = axes.transAxes.inverted()
    points = [to_axes.transform(axes.transData.transform((end.x, end.y))) for end in ends]
    height = axes.get_window_extent().height / axes.figure.dpi  # inches
    beside = 1 + LEADER / (axes.get_window_extent().width / axes.figure.dpi)
    heights = spread_apart([float(point[1]) for point in points], distance=names_high(1) / height)
    for end, point, y in zip(ends, points, heights, strict=True):
        leader = Line2D([point[0], 1.0, beside - 0.01], [point[1], point[1], y], transform=axes.transAxes, clip_on=False)
        leader.set(color="#777777", linewidth=0.5, linestyle=(0, (1, 1.5)), zorder=1)
        axes.add_artist(leader)
        axes.text(
            beside, y, end.text, transform=axes.transAxes, color=text_color(end.color), fontsize=NAME_SIZE, va="center", ha="left"
        )
