"""`gqvae plot NAME`: a figure is two functions, `points(tables)` and `draw(points, corpus)`; the CSV beside it holds exactly the points."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from gqvae.errors import UserError
from gqvae.figures import (
    advantage,
    bistability,
    breakdown,
    claims,
    compression,
    convergence,
    learnability,
    rank_frequency,
    training,
    tuning,
)
from gqvae.figures.style import CorpusFacts, draw_nothing, save, styled

FIGURES: dict[str, ModuleType] = {
    "compression": compression,
    "convergence": convergence,
    "learnability": learnability,
    "advantage": advantage,
    "training": training,
    "rank_frequency": rank_frequency,
    "claims": claims,
    "breakdown": breakdown,
    "tuning": tuning,
    "bistability": bistability,
}


def plot(name: str, tables: Path, corpus: Path, out: Path) -> None:
    """Write `name`.png, `name`.pdf and `name`.csv to `out`.

    Args:
        name: one of `FIGURES`.
        tables: the folder of tidy tables.
        corpus: `corpus.json`, for what the figure says about its corpus.
        out: where the files go.

    Raises:
        UserError: no figure of that name, or a table is missing or damaged.
    """
    if name not in FIGURES:
        raise UserError(f"There is no figure {name!r}: name one of {', '.join(FIGURES)}.")
    module = FIGURES[name]
    data = module.points(Path(tables))
    facts = CorpusFacts.read(Path(corpus))
    with styled():
        save(draw_nothing(facts) if data.empty else module.draw(data, facts), data, Path(out), name)
