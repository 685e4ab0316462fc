"""Bytes of tokens as one line of text that people can read."""

from __future__ import annotations


def readable(data: bytes) -> str:
    """UTF-8 as text on one line: control characters and incomplete characters are escaped as Python does it."""
    text = data.decode("utf-8", errors="backslashreplace")
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)


def visible(data: bytes) -> str:
    """The same with spaces as ␣, for tokens beside each other."""
    return readable(data).replace(" ", "␣")
