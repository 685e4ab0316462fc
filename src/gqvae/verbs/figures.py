"""Verbs that draw figures from tidy tables, of one study or across several."""

from __future__ import annotations

import argparse
from pathlib import Path

from gqvae.study.layout import ABLATION_FIGURES, FIGURES


def add_parsers(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the verbs of this module."""
    text = "draw a figure from the tables of a study, as PNG, PDF and the CSV of what was drawn"
    example = (
        "gqvae plot convergence --tables results/default/tables --corpus results/default/corpus/corpus.json "
        "--out results/default/figures"
    )
    parser = verbs.add_parser("plot", help=text, description=text, epilog=f"example: {example}")
    parser.add_argument("name", choices=(*FIGURES, *ABLATION_FIGURES), help="which figure")
    parser.add_argument("--tables", type=Path, required=True, help="folder of the study's tables")
    parser.add_argument("--corpus", type=Path, required=True, help="corpus.json of the study")
    parser.add_argument("--out", type=Path, required=True, help="folder of figures")
    parser.set_defaults(run=plot)

    text = (
        "compare finished studies: where their claims hold, what language models reach by training text and by compression, and how "
        "borrowed tokenizers fare on their texts"
    )
    example = "gqvae across --results results/tinystories-sample results/wikitext2 --out results/across"
    parser = verbs.add_parser("across", help=text, description=text, epilog=f"example: {example}")
    parser.add_argument("--results", type=Path, nargs="+", required=True, help="folders of the studies", metavar="DIR")
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        help="folder for across.*; by_text.* and frontier.*, with language models; away.*, with tokenizers away from home",
        metavar="DIR",
    )
    parser.set_defaults(run=across)


def plot(arguments: argparse.Namespace) -> None:
    """Draw one figure."""
    from gqvae.figures.plot import plot as draw

    draw(arguments.name, arguments.tables, arguments.corpus, arguments.out)


def across(arguments: argparse.Namespace) -> None:
    """Draw what several studies say together."""
    from gqvae.figures.plot_across import plot_across as draw

    draw(arguments.results, arguments.out)
