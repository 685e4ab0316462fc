"""Figures of one study, or of several."""

from __future__ import annotations

import argparse

from gqvae.figures import plot as one_study
from gqvae.figures import plot_across as several


def plot(arguments: argparse.Namespace) -> None:
    """Draw one figure."""
    one_study.plot(arguments.name, arguments.tables, arguments.corpus, arguments.out)


def across(arguments: argparse.Namespace) -> None:
    """Draw what several studies say together."""
    several.plot_across(arguments.results, arguments.out)
