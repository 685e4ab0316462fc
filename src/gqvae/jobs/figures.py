"""Figures of one study, or of several."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory

from gqvae.figures import plot as drawing
from gqvae.study.across import side_by_side


def plot(arguments: argparse.Namespace) -> None:
    """Draw one figure."""
    drawing.plot(arguments.name, arguments.tables, arguments.corpus, arguments.out, arguments.external)


def redraw(arguments: argparse.Namespace) -> None:
    """Redraw every published picture, with its points, from the tables next to it."""
    published = arguments.published
    for points in sorted(published.glob("*/figures/*.csv")):
        study = points.parents[1]
        with _refreshed(points.parent) as out:
            drawing.plot(points.stem, study / "tables", study / "provenance.json", out)
    for folder, studies in side_by_side(published).items():
        with _refreshed(published / folder) as out:
            drawing.plot_across([published / study for study in studies], out)


@contextmanager
def _refreshed(folder: Path) -> Iterator[Path]:
    """A temporary folder; what is written there replaces the files of the same name in `folder`, and only those."""
    with TemporaryDirectory() as temporary:
        yield Path(temporary)
        for path in Path(temporary).iterdir():
            if (folder / path.name).exists():
                copyfile(path, folder / path.name)


def across(arguments: argparse.Namespace) -> None:
    """Draw the figures of several studies."""
    drawing.plot_across(arguments.results, arguments.out)
