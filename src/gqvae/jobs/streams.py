"""Files and standard streams of `gqvae tokenizer`: "-" is standard input or output."""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from gqvae.corpus.separators import DEFAULT
from gqvae.errors import UserError
from gqvae.files import atomic_open

PACKED = (".xz", ".gz", ".zst")
SEPARATOR = DEFAULT.encode("utf-8")
LINE = re.compile(rb"[\r\n]%s[ \t]*[\r\n]" % re.escape(SEPARATOR))
LONGEST_LINE = 64  # bytes of a separator's line that two blocks may share


@contextlib.contextmanager
def open_input(name: str) -> Iterator[BinaryIO]:
    """Open a file (decompressed if it is a .xz, .gz or .zst) or standard input."""
    from gqvae.corpus.text_file import open_file

    if name != "-":
        with open_file(Path(name)) as stream:
            yield cast(BinaryIO, stream)
    elif sys.stdin is None:
        raise UserError("standard input is closed: give a FILE.")
    else:
        yield sys.stdin.buffer


class Watched:
    """A stream of text that notes whether a line of it is the separator that training takes by default."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._last = stream, b"\n"
        self.separated = False

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        data = self._stream.read(size)
        if not self.separated:
            seen = self._last + data + (b"" if data else b"\n")
            self.separated = SEPARATOR in seen and LINE.search(seen) is not None
            self._last = seen[-LONGEST_LINE:]
        return data


def input_name(name: str) -> str:
    """The input's name in messages."""
    return "standard input" if name == "-" else name


def plain_name(name: str) -> str:
    """The name of an input without the suffix of its compression, which `open_input` undoes."""
    return name[: -len(Path(name).suffix)] if name.lower().endswith(PACKED) else name


def input_size(name: str) -> int | None:
    """Bytes of an uncompressed file, else None."""
    path = Path(name)
    return path.stat().st_size if path.is_file() and path.suffix.lower() not in PACKED else None


def refuse_same_file(name: str, out: str) -> None:
    """Refuse to write over the input, or to append to it while it is read.

    Raises:
        UserError: input and output are one file.
    """
    source, target = (Path(stream if given == "-" else given) for given, stream in ((name, "/dev/stdin"), (out, "/dev/stdout")))
    same = False
    with contextlib.suppress(OSError):  # one does not exist
        same = target.is_file() and target.samefile(source)
    if same:
        raise UserError(f"{input_name(name)} is the same file as the output, which would replace it: give another --out.")


@contextlib.contextmanager
def open_output(name: str) -> Iterator[BinaryIO]:
    """Open a file, which appears once it is complete, or standard output."""
    if name.lower().endswith(PACKED):
        raise UserError(f"{name}: what is written is not compressed: leave out {Path(name).suffix}.")
    if name not in ("-", ""):
        with atomic_open(Path(name), "wb") as stream:
            yield cast(BinaryIO, stream)
    elif name == "" or sys.stdout is None:
        raise UserError("there is nowhere to write to: give --out FILE.")
    else:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()


def show(text: str) -> None:
    """Print text, escaping what the terminal cannot show."""
    if sys.stdout is None:
        raise UserError("standard output is closed: there is nowhere to print to.")
    encoding = sys.stdout.encoding or "utf-8"
    print(text.encode(encoding, errors="backslashreplace").decode(encoding), flush=True)
