"""Cuts a stream of text into documents at a separator, and counts in what form it was found.

* A separator in brackets, such as `<|endoftext|>`, `</s>` or `[SEP]`, is found wherever it stands, also within a line.
* Any other separator counts only as a line of its own, because ordinary text may contain it.
* Lines end with LF, CRLF or CR. Blanks after the separator are ignored, unless the separator itself is blank.
* The line ends next to a separator belong to it: one before it if it begins its line, one after it if it ends its line.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO

from gqvae.errors import UserError

DEFAULT = "<|endoftext|>"
BLOCK_BYTES = 1 << 20
DOCUMENT_BYTES = 1 << 26  # longer documents suggest a wrong separator; each must fit into memory
LINE_ENDS = (b"\n", b"\r")
BRACKETS = re.compile(r"<\S+>|\[\S+\]|\{\S+\}")


@dataclass
class Cut:
    """How text was cut into documents; the counts grow while it is read."""

    separator: str = ""
    files: int = 0
    documents: int = 0
    texts: int = 0  # files that were cut at separators; others hold a document per row
    json: str = ""  # a file that was read as text, although its name says that it holds JSON
    lines: int = 0  # separators that are lines of their own
    inside: int = 0  # separators within lines
    left: int = 0  # occurrences within lines that do not separate
    longest: int = field(default_factory=lambda: DOCUMENT_BYTES)  # a document may have
    also: str = ""  # what also helps in the command that reads, with which the advice ends

    def sentence(self) -> str:
        """What was read, for `corpus.json`."""
        said = f"{_number(self.documents, 'document')} from {_number(self.files, 'file')}"
        if self.texts:
            said += f", cut at {_number(self.lines, 'line' if self.separator else 'blank line')}"
            said += f" {self.separator!r}" if self.separator else ""
            said += f" and {self.inside:,} within lines" if self.inside else ""
        return said + (f"; {self.left:,} within lines stay text" if self.left else "")

    @property
    def uncut(self) -> bool:
        """Whether there was text to cut, and no separator in it."""
        return bool(self.texts and self.documents and not (self.lines or self.inside))

    def advice(self) -> str:
        """What to do if there are too few documents."""
        if not self.texts or self.lines or self.inside:
            return f"give more documents{self.also}"
        if self.json:
            return f"rows are read from files named .jsonl, with an object in each line, so write those of {self.json} to one"
        name, where = (repr(self.separator), "") if self.separator else ("blank line", " (now blank lines)")
        found = "was found" if not self.left else f"is a line of its own ({self.left:,} are within lines)"
        return f"no {name} {found}, so {self.other(where)}"

    def other(self, now: str = "") -> str:
        """Advice to set another separator; `now` says which one is set."""
        blank_lines = ', or to "" for blank lines' if self.separator else ""
        return f"set `separator`{now} to what stands between documents{blank_lines}{self.also}"


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def split(stream: IO[bytes], cut: Cut, name: str) -> Iterator[tuple[int, bytes]]:
    """Start position and bytes of each document of a stream; `name` is what messages call it.

    The text after the last separator is a document unless it is empty.

    Raises:
        UserError: a document exceeds `cut.longest`.
    """
    pattern, longest = _pattern(cut.separator), max(1, len(cut.separator.encode("utf-8")) - 1)
    buffer = stream.read(len(BOM_UTF8))
    mark, buffer = (buffer, b"") if buffer == BOM_UTF8 else (b"", buffer)
    base = len(mark)  # bytes of the stream before the buffer
    start = place = 0  # in the buffer: where the document starts, and where the search goes on
    ended = False
    while not ended:
        block = stream.read(max(BLOCK_BYTES, len(buffer)))  # a long document is copied a few times, not once for each block
        buffer, ended = buffer + block, not block
        for found in pattern.finditer(buffer, place):
            place = found.start()
            if found.end() == len(buffer) and not ended:  # it may go on in the next block
                break
            begins = place == 0 or buffer[place - 1 : place] in LINE_ENDS
            document = buffer[start:place]
            if begins:
                document = _without_line_end(document, found["end"])
            if begins and found["end"] is not None:
                cut.lines += 1
            else:
                cut.inside += 1
            yield base + start - len(mark), _checked(mark + document if document else b"", cut, name)
            mark, start, place = b"", found.end(), found.end()
        else:
            place = max(place, len(buffer) - longest)  # a separator may have begun
        if len(buffer) - start > cut.longest:
            _checked(buffer[start:], cut, name)
        done = max(0, start - 1)  # the byte before the document may end a line, so it stays
        buffer, base, start, place = buffer[done:], base + done, start - done, place - done
    if rest := mark + buffer[start:]:
        yield base + start - len(mark), _checked(rest, cut, name)


def _pattern(separator: str) -> re.Pattern[bytes]:
    """Matches a separator and what belongs to it after it; `end` is the end of its line, or None if the line goes on."""
    if not separator:
        return re.compile(rb"(?P<end>(?<![^\n])\r?\n|(?<![^\r])\r(?!\n))")
    text = re.escape(separator.encode("utf-8"))
    rest = (rb"[ \t]*" if separator.strip() else b"") + rb"(?P<end>\r\n|\r|\n|\Z)"
    return re.compile(text + (b"(?:%s)?" % rest if BRACKETS.fullmatch(separator) else rb"(?<![^\r\n]%s)%s" % (text, rest)))


def _without_line_end(document: bytes, end: bytes | None) -> bytes:
    """If the line of the separator ends with LF alone, a CR at the end of the document belongs to the document."""
    if document.endswith(b"\r\n") and end != b"\n":
        return document[:-2]
    return document[:-1] if document.endswith(LINE_ENDS) else document


def _checked(document: bytes, cut: Cut, name: str) -> bytes:
    """Refuse a document that is too long; count what looks like a separator in it."""
    if len(document) > cut.longest:
        other = cut.other(f" (now {cut.separator!r})" if cut.separator else " (now blank lines)")
        raise UserError(f"{name}: a document exceeds {cut.longest:,} bytes: {other}.")
    if cut.separator.strip():
        cut.left += document.count(cut.separator.encode("utf-8"))
    return document
