"""Verbs that turn the results of studies into tables, a summary, a record of provenance and figures."""

from __future__ import annotations

from pathlib import Path

from gqvae.verbs.parsers import Verbs, add_verb, argument, folder, folders

TABLES = "folder of the tables (claims.csv is written next to it)"


def add_parsers(verbs: Verbs) -> None:
    """Register the verbs of this module."""
    for name, text, product, out in (
        ("collect", "gather all results of a study into tidy tables; fails if a run is missing", "tables", TABLES),
        (
            "collect_ablations",
            "gather the learned arms of a study, side by side and averaged over seeds; fails if a run is missing",
            "tables",
            TABLES,
        ),
        ("summarize", "write the summary of a study from its tables", "summary.md", "file to write"),
        ("provenance", "record configuration, digests, versions and devices behind a study", "provenance.json", "file to write"),
    ):
        add_verb(
            verbs, f"tables.{name}", text,
            f"--settings configs/default.yaml --results results/default --out results/default/{product}",
            argument("--settings", required=True, metavar="FILE|JSON", help="the study: a config file, or JSON"),
            folder("--results", "folder of the study's results"),
            argument("--out", type=Path, required=True, help=out),
        )  # fmt: skip
    add_verb(
        verbs, "tables.summary_page", "write the summary of a study as a page that holds its figures",
        "--summary results/default/summary.md --out results/default/summary.html",
        argument("--summary", type=Path, required=True, metavar="FILE", help="the summary, beside its folder of figures"),
        argument("--out", type=Path, required=True, metavar="HTML", help="page to write"),
    )  # fmt: skip
    add_verb(
        verbs, "tables.judge", "judge the claims of finished studies again from their tables and provenance",
        "--results results/published/tinystories-replication results/published/wikitext2",
        folders("--results", "folders of the studies; their claims.csv are replaced"),
    )  # fmt: skip
    add_verb(
        verbs, "figures.plot", "draw a figure from the tables of a study, as PNG, PDF and the CSV of what was drawn",
        "convergence --tables results/default/tables --corpus results/default/corpus/corpus.json --out results/default/figures",
        argument("name", help="a figure of gqvae/figures"),
        argument("--tables", type=Path, required=True, help="folder of the study's tables"),
        argument("--corpus", type=Path, required=True, help="corpus.json of the study"),
        argument("--external", nargs="+", default=(), metavar="ARM", help="arms whose pre-tokens are their own: the heading says so"),
        argument("--out", type=Path, required=True, help="folder of figures"),
    )  # fmt: skip
    add_verb(
        verbs, "figures.redraw", "redraw every figure of results/published/ from the tables next to it", "",
        argument("--published", type=Path, default=Path("results/published"), metavar="DIR", help="default: %(default)s"),
    )  # fmt: skip
    add_verb(
        verbs, "figures.across",
        "compare finished studies: claims, bits per byte by training text and by compression, borrowed tokenizers on other text",
        "--results results/stories-1024 results/wikitext2 --out results/across",
        folders("--results", "folders of the studies"),
        folder("--out", "folder for across.*, by_text.* and frontier.* (language models), and away.* (borrowed tokenizers)"),
    )  # fmt: skip
