"""Verbs that draw figures from tidy tables, of one study or across several."""

from __future__ import annotations

from pathlib import Path

from gqvae.verbs.parsers import Verbs, add_folder, add_folders, add_verb


def add_parsers(verbs: Verbs) -> None:
    """Register the verbs of this module."""
    parser = add_verb(
        verbs, "plot", "figures.plot", "draw a figure from the tables of a study, as PNG, PDF and the CSV of what was drawn",
        "gqvae plot convergence --tables results/default/tables --corpus results/default/corpus/corpus.json "
        "--out results/default/figures",
    )  # fmt: skip
    parser.add_argument("name", help="a figure of gqvae/figures")
    parser.add_argument("--tables", type=Path, required=True, help="folder of the study's tables")
    parser.add_argument("--corpus", type=Path, required=True, help="corpus.json of the study")
    parser.add_argument("--out", type=Path, required=True, help="folder of figures")

    parser = add_verb(
        verbs, "redraw", "figures.redraw", "redraw every figure of results/published/ from the tables next to it", "gqvae redraw"
    )
    parser.add_argument("--published", type=Path, default=Path("results/published"), metavar="DIR", help="default: %(default)s")

    parser = add_verb(
        verbs, "across", "figures.across",
        "compare finished studies: where claims hold, what language models reach by training text and by compression, and how "
        "borrowed tokenizers do on other text",
        "gqvae across --results results/tinystories-sample results/wikitext2 --out results/across",
    )  # fmt: skip
    add_folders(parser, "--results", "folders of the studies")
    add_folder(
        parser, "--out", "folder for across.*, by_text.* and frontier.* (language models), and away.* (borrowed tokenizers)"
    )
