"""The figures of a study. A figure is a module of this package with `PLOT`, `points(tables)` and `draw(points, corpus)`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gqvae.config import Study
from gqvae.declarations import declarations
from gqvae.study import layout

Need = Literal["", "claims", "networks", "language models", "matched BPE", "learning rates"]


@dataclass(frozen=True, kw_only=True)
class Plot:
    """What a figure declares about itself."""

    title: str  # in the report
    section: str  # of report and summary; numbers order sections
    shows: str  # its log message, after "Figure: "
    caption: str  # self-contained description for report and summary
    tables: tuple[str, ...]  # that it reads
    needs: Need = ""  # what a study must have for it to show anything
    on_demand: bool = False  # drawn as a separate target, not by the default one


def plots() -> dict[str, Plot]:
    """All figures by name, ordered by section, then by name."""
    found = declarations(Path(__file__).parent, "PLOT", Plot)
    return dict(sorted(found.items(), key=lambda item: (item[1].section, item[0])))


def plots_of(study: Study) -> dict[str, Plot]:
    """The figures of a study's default target: those that have something to show."""
    trained = [name for name, arm in study.arms.items() if arm.language_model]
    has: dict[str, bool] = {
        "": True,
        "claims": bool(layout.decidable_claims(study)),
        "networks": bool(layout.learned_arms(study)),
        "language models": bool(trained),
        "matched BPE": layout.REFERENCE in trained,
        "learning rates": bool(layout.tuned_arms(study)),
    }
    return {name: plot for name, plot in plots().items() if has[plot.needs] and not plot.on_demand}
