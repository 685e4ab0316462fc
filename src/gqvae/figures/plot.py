"""`gqvae plot NAME`: write a figure and a CSV file of exactly its points."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import ModuleType

from gqvae.errors import UserError
from gqvae.figures.registry import plots
from gqvae.figures.style import CorpusFacts, draw_nothing, save, styled


def figure_module(name: str) -> ModuleType:
    """The module of a figure.

    Raises:
        UserError: there is no figure of that name.
    """
    if name not in plots():
        raise UserError(f"There is no figure {name!r}: name one of {', '.join(plots())}.")
    return import_module(f"gqvae.figures.{name}")


def plot(name: str, tables: Path, corpus: Path, out: Path) -> None:
    """Write `name`.png, `name`.pdf and `name`.csv to `out`, from a folder of tidy tables and `corpus.json`.

    Raises:
        UserError: no figure of that name, or a table is missing or damaged.
    """
    module = figure_module(name)
    data = module.points(Path(tables))
    facts = CorpusFacts.read(Path(corpus))
    with styled():
        save(draw_nothing(facts) if data.empty else module.draw(data, facts), data, Path(out), name)
