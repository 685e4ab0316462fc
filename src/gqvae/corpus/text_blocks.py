"""A stream of UTF-8 text in blocks that can be cut into pre-tokens one by one: no pre-token crosses a border.

A border lies before white space that follows something other than white space: what is before it ends there whatever follows, and a
pre-token begins with it.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from functools import cache
from typing import BinaryIO

from gqvae.corpus.unicode_classes import WHITE_SPACE, character_class
from gqvae.errors import UserError

BLOCK_BYTES = 1 << 22


def text_blocks(stream: BinaryIO, name: str = "the input", block_bytes: int = BLOCK_BYTES) -> Iterator[str]:
    """The text of a stream in blocks of about `block_bytes`, larger only where there is no border.

    Raises:
        UserError: the stream is not UTF-8, with the byte at which it is not.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    parts: list[str] = []  # text since the last border
    position = 0
    while data := stream.read(block_bytes):
        text = _decoded(decoder, data, position, name)
        position += len(data)
        border = _last_border(text)
        if border:
            yield "".join([*parts, text[:border]])
            parts = []
        parts.append(text[border:])
    parts.append(_decoded(decoder, b"", position, name))
    if rest := "".join(parts):
        yield rest


def _decoded(decoder: codecs.IncrementalDecoder, data: bytes, position: int, name: str) -> str:
    pending = len(decoder.getstate()[0])
    try:
        return decoder.decode(data, final=not data)
    except UnicodeDecodeError as error:
        place = position - pending + error.start
        raise UserError(f"{name} is not UTF-8 at byte {place:,}: convert it to UTF-8, or give another file.") from None


@cache
def _border() -> re.Pattern[str]:
    space = character_class(WHITE_SPACE, "\\U{:08x}".format)
    return re.compile(f"(?<=[^{space}])[{space}]")


def _last_border(text: str) -> int:
    """Where the last border lies; 0 if there is none inside."""
    width = 1 << 10
    while True:
        start = max(0, len(text) - width)
        places = [found.start() for found in _border().finditer(text, start)]
        if places or start == 0:
            return places[-1] if places else 0
        width *= 32
