"""Types of command-line numbers, with messages of their own."""

from __future__ import annotations

import argparse


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
