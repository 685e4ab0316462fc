"""Splits a UTF-8 stream into blocks that end at a pre-token border, so that each can be pre-tokenized separately."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import BinaryIO

from gqvae.corpus.pretokenizers import DEFAULT, pretokenizer
from gqvae.errors import UserError

BLOCK_BYTES = 1 << 20


def text_blocks(
    stream: BinaryIO, name: str = "the input", block_bytes: int = BLOCK_BYTES, pretokenizer_name: str = DEFAULT
) -> Iterator[str]:
    """The text of a stream in blocks of about `block_bytes`, larger only if the pre-tokenizer finds no border.

    Raises:
        UserError: the stream is not UTF-8; the message gives the byte.
    """
    last_border = pretokenizer(pretokenizer_name).last_border
    decoder = codecs.getincrementaldecoder("utf-8")()
    parts: list[str] = []  # text since the last border
    position = 0
    while data := stream.read(block_bytes):
        text = _decoded(decoder, data, position, name)
        position += len(data)
        border = last_border(text)
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
