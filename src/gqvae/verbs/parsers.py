"""Declare the verbs of the command line: a parser for each, and the name of the function in `gqvae.jobs` that does the work.

That function's module is imported only when the verb runs, so that `gqvae --help` answers at once and help texts are not part of
the code on which results depend.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, TypeAlias

from gqvae.verbs.parser import Parser

Verbs: TypeAlias = "argparse._SubParsersAction[Parser]"  # what `add_subparsers` returns
Argument: TypeAlias = tuple[tuple[str, ...], dict[str, Any]]  # what `add_argument` takes


class Once(argparse.Action):
    """Stores a value and refuses a second one, of which argparse would silently keep the last."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, flag: str | None = None
    ) -> None:
        """Store the value."""
        if getattr(namespace, self.dest, None) is not self.default:
            raise argparse.ArgumentError(self, "it is given twice: give one folder or one quoted pattern that names all files")
        setattr(namespace, self.dest, values)


def add_verb(
    verbs: Verbs,
    run: str,
    text: str,
    example: str,
    *arguments: Argument,
    description: str = "",
    notes: Callable[[], str] | None = None,
) -> Parser:
    """Add a parser for a verb.

    `run` names the function below `gqvae.jobs` that does the work: "corpus.prepare_corpus" is that of `gqvae prepare-corpus`.
    `text` is the short help for the list of verbs, `description` the long one (default: `text`), `example` the arguments of an
    example. `notes` makes the end of the help.
    """
    name = run.rpartition(".")[2].replace("_", "-")
    parser = verbs.add_parser(name, help=text, description=description or f"{text[0].upper()}{text[1:]}.")
    parser.epilog = f"example: {parser.prog} {example}".rstrip()
    parser.notes = notes
    parser.set_defaults(run=f"gqvae.jobs.{run}")
    for names, options in arguments:
        parser.add_argument(*names, **options)
    return parser


def run_verb(parsed: argparse.Namespace) -> None:
    """Run the verb of a parsed command line."""
    module, _, function = parsed.run.rpartition(".")
    getattr(import_module(module), function)(parsed)


def argument(*names: str, **options: Any) -> Argument:
    """An argument, as `ArgumentParser.add_argument` takes it."""
    return names, options


def settings(block: str) -> Argument:
    """--settings, a block of the configuration."""
    return argument("--settings", required=True, metavar="FILE|JSON", help=f"a {block} block (configs/README.md)")


def folder(flag: str, text: str) -> Argument:
    """A required folder."""
    return argument(flag, type=Path, required=True, metavar="DIR", help=text)


def folders(flag: str, text: str, *, required: bool = True) -> Argument:
    """One or more folders; the flag may be given again for more."""
    return argument(flag, type=Path, nargs="+", action="extend", required=required, metavar="DIR", help=text)


def file(flag: str, form: str, text: str) -> Argument:
    """A required file; the help shows its form: CSV, JSON, …"""
    return argument(flag, type=Path, required=True, metavar=form, help=text)


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


def shard(text: str) -> tuple[int, int]:
    """A shard as number/of, e.g. 2/3."""
    number, _, of = text.partition("/")
    found = positive(number), positive(of)
    if found[0] > found[1]:
        raise argparse.ArgumentTypeError(f"{text!r} is not a shard: its number is at most {of}")
    return found


def separator(text: str) -> str:
    """A line between documents, which must be valid UTF-8."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise argparse.ArgumentTypeError(f"{text!r} is not UTF-8") from None
    return text


STATE = folder("--state", "folder for the state that a stopped run resumes from; removed on success")
SHARD = argument("--shard", type=shard, metavar="I/N", help="only the I-th of N shards, e.g. 2/3 (default: all text)")
PARTS = folders("--parts", "folders of all shards, in order")
PATTERN = argument("--pattern", metavar="REGEX", help="expression that cuts text for a .tiktoken file (its pat_str)")
THREADS = argument("--threads", type=positive, default=1, help="threads torch may use (%(default)s)")
