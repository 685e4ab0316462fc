"""`gqvae plot NAME` and `gqvae across`: write figures of one study or of several, each with a CSV file of exactly its points."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pandas as pd
from matplotlib.figure import Figure

from gqvae.errors import UserError
from gqvae.figures.registry import plots
from gqvae.figures.style import CorpusFacts, draw_nothing, save, styled
from gqvae.figures.ticks import leave_out_touching_labels
from gqvae.study.across import finished_studies

NAMED = 3  # studies that the heading of a figure names; of more it says how many


def figure_module(name: str) -> ModuleType:
    """The module of a figure.

    Raises:
        UserError: there is no figure of that name.
    """
    if name not in plots():
        raise UserError(f"There is no figure {name!r}: name one of {', '.join(plots())}.")
    return import_module(f"gqvae.figures.{name}")


def drawn(module: ModuleType, points: pd.DataFrame, facts: CorpusFacts) -> Figure:
    """The figure of these points, as it is saved. Call it inside of `styled`."""
    figure: Figure = draw_nothing(facts) if points.empty else module.draw(points, facts)
    leave_out_touching_labels(figure)
    return figure


def plot(name: str, tables: Path, corpus: Path, out: Path, external: Sequence[str] = ()) -> None:
    """Write `name`.png, `name`.pdf and `name`.csv to `out`, from a folder of tidy tables and `corpus.json`.

    `external` names arms whose pre-tokens are their own (as `provenance.json` does, if it is given for `corpus.json`).

    Raises:
        UserError: no figure of that name, or a table is missing or damaged.
    """
    module = figure_module(name)
    data = module.points(Path(tables))
    facts = CorpusFacts.read(Path(corpus))
    shown = set(data["arm"]) if "arm" in data else set()
    facts = facts._replace(external=tuple(arm for arm in external or facts.external if arm in shown))
    with styled():
        save(drawn(module, data, facts), data, Path(out), name)


def plot_across(folders: Sequence[Path], out: Path) -> None:
    """Write each figure that has points as PNG, PDF and CSV: `across` (claims), `by_text` (losses by training text), `frontier`
    (losses by compression) and `away` (tokenizers on other text).

    Raises:
        UserError: a study is not finished or named twice, or a table is missing or damaged.
    """
    studies = finished_studies(folders)
    label = ", ".join(study.name for study in studies) if len(studies) <= NAMED else f"{len(studies)} studies"
    facts = CorpusFacts(label, any(study.synthetic for study in studies))
    for name in ("across", "by_text", "frontier", "away"):
        module = import_module(f"gqvae.figures.{name}")
        data = module.points(studies)
        if data.empty:
            for stale in Path(out).glob(f"{name}.*"):
                stale.unlink()
            continue
        with styled():
            save(drawn(module, data, facts), data, Path(out), name)
