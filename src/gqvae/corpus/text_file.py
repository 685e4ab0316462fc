"""Streams the documents of a text file, plain or compressed, that separators divide."""

from __future__ import annotations

import gzip
import io
import lzma
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from gqvae.corpus.separators import Cut, split
from gqvae.errors import UserError


def read_documents(path: Path, separator: str, cut: Cut | None = None) -> Iterator[bytes]:
    """The documents of a file in order, as unchanged bytes; `gqvae.corpus.separators` says where they end.

    Args:
        path: the file.
        separator: what stands between documents; empty: blank lines.
        cut: counts what is found.

    Raises:
        UserError: the file is missing, damaged or not UTF-8 (the message gives the byte), it changes while it is read, or a
            document is too long.
    """
    cut = cut or Cut(separator)
    cut.files, cut.texts = cut.files + 1, cut.texts + 1
    before = _identity(path)
    with open_file(path) as stream:
        for start, document in split(stream, cut, str(path)):
            _check_unchanged(path, before)  # before each document, because the caller may stop at any
            try:
                document.decode("utf-8")
            except UnicodeDecodeError as error:
                where = f"{path} is not UTF-8 at byte {start + error.start:,} of its text"
                raise UserError(f"{where}: convert it to UTF-8, or give another file.") from None
            cut.documents += 1
            yield document
        _check_unchanged(path, before)


def _identity(path: Path) -> tuple[int, int, int] | None:
    """Values that change when a file is written or replaced; None if there is no such file, or it is a pipe."""
    try:
        found = path.stat()
    except OSError:
        return None
    if not stat.S_ISREG(found.st_mode):
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _check_unchanged(path: Path, before: tuple[int, int, int] | None) -> None:
    if _identity(path) != before:
        raise UserError(f"{path} changed while it was read: run again when nothing writes to it.")


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
