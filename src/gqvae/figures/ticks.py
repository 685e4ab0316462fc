"""Labels of ticks that would touch are left out; their ticks stay."""

from __future__ import annotations

from matplotlib.axis import Axis, Tick
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

APART = 0.04  # inches between two labels, at least


def leave_out_touching_labels(figure: Figure) -> None:
    """Of two neighbours that touch, the label of the larger value stays. Slanted labels are left as they are.

    Call it last: it reads the limits of the axes.
    """
    figure.draw_without_rendering()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            _thin_out(axis, APART * figure.dpi / 2)


def _thin_out(axis: Axis, gap: float) -> None:
    """Boxes of labels are widened by `gap` pixels at each side."""
    low, high = sorted(axis.get_view_interval())
    ticks = sorted((tick for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high), key=lambda tick: -tick.get_loc())
    shown = [tick for tick in ticks if tick.label1.get_visible() and tick.label1.get_text()]
    if any(tick.label1.get_rotation() for tick in shown):
        return
    kept: list[Bbox] = []
    left_out: set[Tick] = set()
    for tick in shown:
        box = tick.label1.get_window_extent().padded(gap)
        if any(box.overlaps(other) for other in kept):
            left_out.add(tick)
        else:
            kept.append(box)
    if left_out:
        axis.set_ticks(
            [tick.get_loc() for tick in ticks], labels=["" if tick in left_out else tick.label1.get_text() for tick in ticks]
        )
