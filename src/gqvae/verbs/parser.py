"""The parser of every command: argparse, whose errors name what was perhaps meant."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Any

from gqvae.errors import near

FEW = 12  # choices that an error lists; of more, --help tells


class Parser(argparse.ArgumentParser):
    """A parser whose verbs have parsers of this class, too."""

    notes: Callable[[], str] | None = None  # makes the end of the help; called only when it is shown

    def format_help(self) -> str:
        """The help with its notes."""
        return super().format_help() + (f"\n{self.notes()}\n" if self.notes else "")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse, but `--separator ---` is a value, and the parser of a verb itself refuses what it does not know."""
        found, unknown = super().parse_known_args(_joined(sys.argv[1:] if args is None else args), namespace)
        if unknown:
            self.error(self._unknown(unknown))
        return found, unknown

    def _unknown(self, unknown: list[str]) -> str:
        options = [text for text in unknown if text.startswith("-")]
        if not options:
            return f"too many arguments: {' '.join(unknown)}: leave them out; a pattern such as '*.txt' must be in quotes"
        name = options[0].partition("=")[0]
        return f"there is no option {name}: {near(name, [*self._option_string_actions])}see {self.prog} --help"

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """As argparse, which lists all choices and no likely one."""
        choices = [] if action.choices is None else [str(choice) for choice in action.choices]
        if choices and value not in (action.choices or ()):
            right = f"choose one of {', '.join(choices)}" if len(choices) <= FEW else f"`{self.prog} --help` lists all"
            raise argparse.ArgumentError(action, f"there is no {str(value)!r}: {near(str(value), choices)}{right}")


def _joined(arguments: Sequence[str]) -> list[str]:
    """The arguments, with a value of nothing but dashes joined to its option, as `--separator=---`: no option looks like it."""
    found: list[str] = []
    for argument in arguments:
        dashes = len(argument) > 2 and not argument.strip("-")
        if dashes and found and found[-1].startswith("--") and len(found[-1].strip("-")) and "=" not in found[-1]:
            found[-1] += f"={argument}"
        else:
            found.append(argument)
    return found
