"""Figures of one study, or of several."""

from __future__ import annotations

import argparse

from gqvae.figures import plot as one_study
from gqvae.figures import plot_across as several
from gqvae.study.published import side_by_side


def plot(arguments: argparse.Namespace) -> None:
    """Draw one figure."""
    one_study.plot(arguments.name, arguments.tables, arguments.corpus, arguments.out)


def redraw(arguments: argparse.Namespace) -> None:
    """Redraw every published figure from the tables next to it, and those of several studies."""
    published = arguments.published
    for study in sorted(path.parent for path in published.glob("*/provenance.json")):
        for drawn in sorted((study / "figures").glob("*.csv")):
            one_study.plot(drawn.stem, study / "tables", study / "provenance.json", study / "figures")
    for folder, studies in side_by_side(published).items():
        several.plot_across([published / study for study in studies], published / folder)


def across(arguments: argparse.Namespace) -> None:
    """Draw the figures of several studies."""
    several.plot_across(arguments.results, arguments.out)
