"""A legend of arms at the right of the axes, for figures whose lines have no ends to write names at."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from gqvae.figures.labels import NAME_SIZE, leave_room_for_names
from gqvae.figures.style import arm_style


def name_beside(figure: Figure, arms: Sequence[str]) -> None:
    """A legend of these arms at the right of the axes, and the margin that it takes. Write the heading before.

    The figure must be `names_high` below its heading.
    """
    looks = [arm_style(arm) for arm in arms]
    leave_room_for_names(figure, (look.name for look in looks), before=0.35)  # with the markers of the legend
    handles = [Line2D([], [], linestyle="", marker=look.marker, color=look.color, label=look.name) for look in looks]
    beside = (figure.subplotpars.right + 0.1 / figure.get_figwidth(), figure.subplotpars.top)
    figure.legend(
        handles=handles, loc="upper left", bbox_to_anchor=beside, fontsize=NAME_SIZE, handlelength=1.0, borderaxespad=0,
        borderpad=0, handletextpad=0.4, labelspacing=0.35,
    )  # fmt: skip
