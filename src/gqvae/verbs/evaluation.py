"""Verbs that turn results into tables, words and a record of how they came about."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_parsers(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the verbs of this module."""
    kinds = (
        ("collect", "gather all results of a study into tidy tables; refuses if a run is missing", "tables", collect),
        (
            "collect-ablations",
            "gather the learned arms of a study, side by side and averaged over seeds; refuses if a run is missing",
            "tables",
            collect_ablations,
        ),
        ("summarize", "write the summary of a study from its tables", "summary.md", summarize),
        ("provenance", "record configuration, digests, versions and devices behind a study", "provenance.json", provenance),
    )
    for verb, text, product, function in kinds:
        example = f"gqvae {verb} --settings configs/default.yaml --results results/default --out results/default/{product}"
        parser = verbs.add_parser(verb, help=text, description=text, epilog=f"example: {example}")
        parser.add_argument("--settings", required=True, help="the study: a config file, or JSON")
        parser.add_argument("--results", type=Path, required=True, help="folder of the study's results")
        parser.add_argument(
            "--out",
            type=Path,
            required=True,
            help="folder of the tables (claims.csv goes beside it)" if product == "tables" else "file to write",
        )
        parser.set_defaults(run=function)

    text = "judge the claims of finished studies again, from their tables and provenance; nothing is run"
    example = "gqvae judge --results results/published/tinystories-replication results/published/wikitext2"
    parser = verbs.add_parser("judge", help=text, description=text, epilog=f"example: {example}")
    parser.add_argument(
        "--results",
        type=Path,
        nargs="+",
        required=True,
        metavar="DIR",
        help="folders of the studies; their claims.csv are replaced",
    )
    parser.set_defaults(run=judge)


def collect(arguments: argparse.Namespace) -> None:
    """Write the tables."""
    from gqvae.config import Study, load_settings
    from gqvae.study.collect import collect as collect_tables

    collect_tables(load_settings(Study, arguments.settings), arguments.results, arguments.out)


def collect_ablations(arguments: argparse.Namespace) -> None:
    """Write the tables of the learned arms."""
    from gqvae.config import Study, load_settings
    from gqvae.study.ablations import collect_ablations as collect_tables

    collect_tables(load_settings(Study, arguments.settings), arguments.results, arguments.out)


def summarize(arguments: argparse.Namespace) -> None:
    """Write the summary."""
    from gqvae.config import Study, load_settings
    from gqvae.report.summary import summarize as write_summary

    write_summary(load_settings(Study, arguments.settings), arguments.results, arguments.out)


def provenance(arguments: argparse.Namespace) -> None:
    """Write the provenance."""
    from gqvae.config import Study, load_settings
    from gqvae.study.provenance import write_provenance

    write_provenance(load_settings(Study, arguments.settings), arguments.results, arguments.out)


def judge(arguments: argparse.Namespace) -> None:
    """Replace the tables of claims."""
    from gqvae.study.judging import judge as judge_studies

    judge_studies(arguments.results)
