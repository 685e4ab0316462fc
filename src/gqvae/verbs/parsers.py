"""Declare the verbs of the command line: a parser each, and the name of the function in `gqvae.jobs` that does the work.

That function's module is imported only when the verb runs, so that `gqvae --help` answers at once and help texts are not part of
the code on which results depend.
"""

from __future__ import annotations

import argparse
from importlib import import_module
from pathlib import Path
from typing import TypeAlias

Verbs: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # what `add_subparsers` returns


def add_verb(
    verbs: Verbs, name: str, run: str, text: str, example: str, description: str | None = None
) -> argparse.ArgumentParser:
    """Add a parser for a verb.

    `run` names the function below `gqvae.jobs` that does the work, e.g. "corpus.prepare_corpus". `text` is the short help for the
    list of verbs, `description` the long one (default: `text`), `example` a command line.
    """
    parser = verbs.add_parser(
        name, help=text, description=description or f"{text[0].upper()}{text[1:]}.", epilog=f"example: {example}"
    )
    parser.set_defaults(run=f"gqvae.jobs.{run}")
    return parser


def run_verb(parsed: argparse.Namespace) -> None:
    """Run the verb of a parsed command line."""
    module, _, function = parsed.run.rpartition(".")
    getattr(import_module(module), function)(parsed)


def add_settings(parser: argparse.ArgumentParser, block: str) -> None:
    """--settings, a block of the configuration."""
    parser.add_argument("--settings", required=True, metavar="FILE|JSON", help=f"a {block} block (configs/README.md)")


def add_folder(parser: argparse.ArgumentParser, flag: str, text: str) -> None:
    """A required folder."""
    parser.add_argument(flag, type=Path, required=True, metavar="DIR", help=text)


def add_folders(parser: argparse.ArgumentParser, flag: str, text: str) -> None:
    """One or more required folders."""
    parser.add_argument(flag, type=Path, nargs="+", required=True, metavar="DIR", help=text)


def add_file(parser: argparse.ArgumentParser, flag: str, form: str, text: str) -> None:
    """A required file; the help shows its form: CSV, JSON, …"""
    parser.add_argument(flag, type=Path, required=True, metavar=form, help=text)


def add_threads(parser: argparse.ArgumentParser) -> None:
    """--threads."""
    parser.add_argument("--threads", type=positive, default=1, help="threads torch may use (%(default)s)")


def positive(text: str) -> int:
    """A whole number above 0."""
    return _at_least(text, 1)


def not_negative(text: str) -> int:
    """A whole number of 0 or more."""
    return _at_least(text, 0)


def _at_least(text: str, least: int) -> int:
    try:
        value = int(text)
    except ValueError:
        value = least - 1
    if value < least:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of {least} or more")
    return value


def separator(text: str) -> str:
    """A line between documents, which must be valid UTF-8."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise argparse.ArgumentTypeError(f"{text!r} is not UTF-8") from None
    return text
