"""Verbs that turn results into tables, a summary and a record of provenance."""

from __future__ import annotations

from pathlib import Path

from gqvae.verbs.parsers import Verbs, add_folder, add_folders, add_verb

TABLES = "folder of the tables (claims.csv is written next to it)"


def add_parsers(verbs: Verbs) -> None:
    """Register the verbs of this module."""
    for name, run, text, product, out in (
        ("collect", "collect", "gather all results of a study into tidy tables; fails if a run is missing", "tables", TABLES),
        (
            "collect-ablations",
            "collect_ablations",
            "gather the learned arms of a study, side by side and averaged over seeds; fails if a run is missing",
            "tables",
            TABLES,
        ),
        ("summarize", "summarize", "write the summary of a study from its tables", "summary.md", "file to write"),
        (
            "provenance",
            "provenance",
            "record configuration, digests, versions and devices behind a study",
            "provenance.json",
            "file to write",
        ),
    ):
        example = f"gqvae {name} --settings configs/default.yaml --results results/default --out results/default/{product}"
        parser = add_verb(verbs, name, f"tables.{run}", text, example)
        parser.add_argument("--settings", required=True, metavar="FILE|JSON", help="the study: a config file, or JSON")
        add_folder(parser, "--results", "folder of the study's results")
        parser.add_argument("--out", type=Path, required=True, help=out)

    parser = add_verb(
        verbs, "judge", "tables.judge", "judge the claims of finished studies again from their tables and provenance",
        "gqvae judge --results results/published/tinystories-replication results/published/wikitext2",
    )  # fmt: skip
    add_folders(parser, "--results", "folders of the studies; their claims.csv are replaced")
