"""Tables, summary and provenance of a study."""

from __future__ import annotations

import argparse

from gqvae.config import Study, load_settings
from gqvae.report import page, summary
from gqvae.study import ablations, judging
from gqvae.study import collect as collecting
from gqvae.study import provenance as record


def collect(arguments: argparse.Namespace) -> None:
    """Write the tables."""
    collecting.collect(load_settings(Study, arguments.settings), arguments.results, arguments.out)


def collect_ablations(arguments: argparse.Namespace) -> None:
    """Write the tables of the learned arms."""
    ablations.collect_ablations(load_settings(Study, arguments.settings), arguments.results, arguments.out)


def summarize(arguments: argparse.Namespace) -> None:
    """Write the summary."""
    summary.summarize(load_settings(Study, arguments.settings), arguments.results, arguments.out)


def summary_page(arguments: argparse.Namespace) -> None:
    """Write the summary as a page."""
    page.write_page(arguments.summary, arguments.out)


def provenance(arguments: argparse.Namespace) -> None:
    """Write the provenance."""
    record.write_provenance(load_settings(Study, arguments.settings), arguments.results, arguments.out)


def judge(arguments: argparse.Namespace) -> None:
    """Judge the claims again and replace their tables."""
    judging.judge(arguments.results)
