"""Streams documents from a text file, plain or compressed, in which a separator line divides them."""

from __future__ import annotations

import gzip
import io
import lzma
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from gqvae.errors import UserError

LINE_BYTES = 1 << 20  # longer lines are read in pieces
DOCUMENT_BYTES = 1 << 26  # longer documents suggest a wrong separator; each must fit into memory


def read_documents(path: Path, separator: str) -> Iterator[bytes]:
    """The documents of a file in order, as unchanged bytes.

    A document ends before a line that is exactly `separator`, apart from its line end ("\\n" or "\\r\\n"). The line end before
    that line belongs to the separator. The text after the last separator is a document unless it is empty.

    Raises:
        UserError: the file is missing, damaged or not UTF-8 (the message gives the byte), it changes while it is read, or a
            document exceeds `DOCUMENT_BYTES`.
    """
    before = _identity(path)
    with open_file(path) as stream:
        for start, document in _split(stream, separator.encode("utf-8"), path):
            _check_unchanged(path, before)  # before each document, because the caller may stop at any
            try:
                document.decode("utf-8")
            except UnicodeDecodeError as error:
                where = f"{path} is not UTF-8 at byte {start + error.start:,} of its text"
                raise UserError(f"{where}: convert it to UTF-8, or give another file.") from None
            yield document
        _check_unchanged(path, before)


def _identity(path: Path) -> tuple[int, int, int] | None:
    """Values that change when a file is written or replaced; None if there is no such file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _check_unchanged(path: Path, before: tuple[int, int, int] | None) -> None:
    if _identity(path) != before:
        raise UserError(f"{path} changed while it was read: run again when nothing writes to it.")


def _split(stream: IO[bytes], separator: bytes, path: Path) -> Iterator[tuple[int, bytes]]:
    """Start position and bytes of each document."""
    lines: list[bytes] = []
    start = position = 0
    at_line_start = True
    while line := stream.readline(LINE_BYTES):
        position += len(line)
        if at_line_start and line.startswith(separator) and line.removesuffix(b"\n").removesuffix(b"\r") == separator:
            document = b"".join(lines)
            # If lines end in "\n", a "\r" at the end of a document belongs to it.
            crlf = document.endswith(b"\r\n") and (line.endswith(b"\r\n") or not line.endswith(b"\n"))
            yield start, document.removesuffix(b"\r\n" if crlf else b"\n")
            lines, start = [], position
            continue
        lines.append(line)
        at_line_start = line.endswith(b"\n")
        if position - start > DOCUMENT_BYTES:
            raise UserError(
                f"{path}: a document exceeds {DOCUMENT_BYTES:,} bytes: give the line between two documents as `separator` "
                f"(now {separator.decode()!r})."
            )
    if lines:
        yield start, b"".join(lines)


@contextmanager
def open_file(path: Path) -> Iterator[IO[bytes]]:
    """Open a file by its suffix; errors of the file or the archive become a UserError."""
    suffix = path.suffix.lower()
    try:
        if suffix == ".zst":
            with open(path, "rb") as stream, io.BufferedReader(ZstandardReader(stream), 1 << 20) as archive:
                yield cast(IO[bytes], archive)
        else:
            opener: Any = {".xz": lzma.open, ".gz": gzip.open}.get(suffix, open)
            with opener(path, "rb") as stream:
                yield stream
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
        raise UserError(f"{path} cannot be read ({error.strerror}): give an existing, readable file.") from None
    except (lzma.LZMAError, gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise UserError(f"{path} is damaged or cut short ({error}): fetch it again.") from error


class ZstandardReader(io.RawIOBase):
    """The decompressed text of a .zst file of one or more frames.

    The library's reader ends silently if the file is cut within a frame; this one raises `EOFError`.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        import zstandard

        self._library, self._stream = zstandard, stream
        self._frame: Any = None  # the decompressor of a frame that has begun
        self._rest = b""  # data after the end of a frame
        self._text = memoryview(b"")

    def readable(self) -> bool:
        """Always true."""
        return True

    def readinto(self, buffer: object) -> int:
        """Fill `buffer` with text and return the number of bytes, 0 at the end of the file."""
        while not self._text:
            block = self._rest or self._stream.read(1 << 14)
            if not block:
                if self._frame:
                    raise EOFError("it ends within a frame")
                return 0
            self._frame = self._frame or self._library.ZstdDecompressor().decompressobj()
            try:
                self._text = memoryview(self._frame.decompress(block))
            except self._library.ZstdError as error:
                raise EOFError(str(error)) from error
            self._rest, self._frame = (self._frame.unused_data, None) if self._frame.eof else (b"", self._frame)
        view = memoryview(cast(bytearray, buffer)).cast("B")
        size = min(len(view), len(self._text))
        view[:size] = self._text[:size]
        self._text = self._text[size:]
        return size
