"""What makes a figure readable: no text leaves it or touches another, and no marker outside of the axes goes unsaid."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

ARROWS = "^v<>"


def written(figure: Figure) -> Iterator[Text]:
    """All text but that of ticks outside of what the axes show, which is not drawn."""
    yield from figure.texts
    for legend in figure.legends:
        yield from legend.get_texts()
    for axes in figure.axes:
        yield from (axes.title, axes._left_title, axes.xaxis.label, axes.yaxis.label, *axes.texts)
        if axes.get_legend():
            yield from axes.get_legend().get_texts()
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            yield from (tick.label1 for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high)


def assert_readable(figure: Figure, name: str) -> None:
    """Of a figure with nothing left to change."""
    figure.set_dpi(200)  # that of the PNG: letters are as wide as its pixels let them
    figure.draw_without_rendering()
    shown = [text for text in written(figure) if text.get_visible() and text.get_text().strip()]
    assert shown, name
    boxes = [text.get_window_extent() for text in shown]
    paper = figure.bbox.padded(0.5)
    for text, box in zip(shown, boxes, strict=True):
        inside = paper.x0 <= box.x0 and box.x1 <= paper.x1 and paper.y0 <= box.y0 and box.y1 <= paper.y1
        assert inside, f"{name}: {text.get_text()!r} leaves the figure"
    left, bottom, right, top = np.array([box.padded(-1).extents for box in boxes]).T
    beside = (left[:, None] <= right) & (left <= right[:, None])  # each pair, as `Bbox.overlaps` does it, but at once
    touching = np.argwhere(np.tril(beside & (bottom[:, None] <= top) & (bottom <= top[:, None]), -1))
    for text, other in ((shown[place], shown[other]) for place, other in touching):
        assert parallel(text, other), f"{name}: {text.get_text()!r} touches {other.get_text()!r}"
    for axes in figure.axes:
        assert_points_are_shown(axes, name)


def parallel(text: Text, other: Text) -> bool:
    """Whether two slanted texts are so far apart that only the boxes around them overlap."""
    angle = text.get_rotation()
    if not 0 < angle < 90 or angle != other.get_rotation():
        return False
    boxes = [one.get_window_extent() for one in (text, other)]
    apart = abs(boxes[0].x1 - boxes[1].x1) * math.sin(math.radians(angle))  # their upper right ends are at their ticks
    return apart > text.get_fontsize() * text.figure.dpi / 72


def assert_points_are_shown(axes: Axes, name: str) -> None:
    """Every marker is inside of the axes, or an arrow stands at the edge in its place."""
    (left, right), (bottom, top) = sorted(axes.get_xlim()), sorted(axes.get_ylim())
    lines = [line for line in axes.get_lines() if line.get_marker() not in ("None", "", None)]
    lines = [line for line in lines if line.get_transform() == axes.transData]
    arrows = {tuple(point) for line in lines if line.get_marker() in ARROWS for point in np.asarray(line.get_xydata(), float)}
    for line in lines:
        for x, y in np.asarray(line.get_xydata(), float):
            edge = (min(max(x, left), right), min(max(y, bottom), top))
            assert np.isnan([x, y]).any() or edge == (x, y) or edge in arrows, (
                f"{name}: {line.get_label()} at {x}, {y} is cut off"
            )
