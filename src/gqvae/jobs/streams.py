"""Standard streams and files of the verbs that people run: "-" is standard input or output."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from gqvae.errors import UserError
from gqvae.files import atomic_open

PACKED = (".xz", ".gz", ".zst")


@contextlib.contextmanager
def open_input(name: str) -> Iterator[BinaryIO]:
    """The bytes of a file, unpacked if it is a .xz, .gz or .zst, or of standard input."""
    from gqvae.corpus.text_file import open_file

    if name != "-":
        with open_file(Path(name)) as stream:
            yield cast(BinaryIO, stream)
    elif sys.stdin is None:
        raise UserError("standard input is closed: give a FILE.")
    else:
        yield sys.stdin.buffer


def input_name(name: str) -> str:
    """What messages call the input."""
    return "standard input" if name == "-" else name


def input_size(name: str) -> int | None:
    """Bytes of a file that is read as it is, else None."""
    path = Path(name)
    return path.stat().st_size if path.is_file() and path.suffix.lower() not in PACKED else None


@contextlib.contextmanager
def open_output(name: str) -> Iterator[BinaryIO]:
    """A file that appears when it is complete, or standard output."""
    if name not in ("-", ""):
        with atomic_open(Path(name), "wb") as stream:
            yield cast(BinaryIO, stream)
    elif name == "" or sys.stdout is None:
        raise UserError("there is nowhere to write to: give --out FILE.")
    else:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()


def show(text: str) -> None:
    """Print for people: what their terminal cannot show is escaped."""
    if sys.stdout is None:
        raise UserError("standard output is closed: there is nowhere to print to.")
    encoding = sys.stdout.encoding or "utf-8"
    print(text.encode(encoding, errors="backslashreplace").decode(encoding), flush=True)
