"""Reads the files of other libraries' tokenizers: what each token stands for, and the library's encoder.

`.json`: the `tokenizer.json` of Hugging Face's `tokenizers`; `.tiktoken`: ranks for `tiktoken`; `.model`: sentencepiece.
A token that stands for no text, or for text that it does not tell (unknown), has no bytes.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import sentencepiece
import tokenizers

from gqvae.config import BYTE_VALUES
from gqvae.errors import UserError, first_line
from gqvae.tokenizers.byte_level import to_bytes

SPACE = "▁"  # sentencepiece's mark of a space
BYTE = re.compile("<0x([0-9A-F]{2})>")  # a token of byte fallback
RANK = re.compile(rb"[A-Za-z0-9+/]+={0,2} \d+\s")  # a line of a file of ranks


class Source(NamedTuple):
    """A tokenizer as its library sees it."""

    tokens: list[bytes]  # what each id stands for
    encode: Callable[[list[str]], Iterable[Sequence[int]]]  # ids of each text, without special tokens around it


def read_huggingface(data: bytes, pattern: str | None, name: str) -> Source:
    """A `tokenizer.json`. Truncation, padding and templates, which belong to a model, are left out.

    Raises:
        UserError: the library cannot read it, or it does not say what its tokens stand for.
    """
    try:
        library = tokenizers.Tokenizer.from_str(data.decode("utf-8"))
        facts = json.loads(data)
    except Exception as error:  # the library raises nothing more specific
        raise _damaged(name, "tokenizer.json", error) from None
    if facts["model"].get("dropout"):
        raise UserError(f"{name} leaves out merges at random: set model.dropout to null in it.")
    library.no_truncation()
    library.no_padding()
    spell = _spelling(facts, name)
    found = {token: spell(text) for text, token in library.get_vocab(with_added_tokens=False).items()}
    found |= {token: added.content.encode("utf-8") for token, added in library.get_added_tokens_decoder().items()}
    unknown = facts["model"].get("unk_id")
    unknown = library.token_to_id(facts["model"].get("unk_token") or "") if unknown is None else unknown
    if unknown is not None:
        found[unknown] = b""
    return Source(_by_id(found, name), lambda texts: (library.encode(text, add_special_tokens=False).ids for text in texts))


def _spelling(facts: dict[str, Any], name: str) -> Callable[[str], bytes]:
    """The function that gives the bytes of a token, from the decoder or, without one, from what marks bytes or spaces."""
    steps = list(_parts(facts.get("decoder")))
    if not steps:
        cutting = [*_parts(facts.get("normalizer")), *_parts(facts.get("pre_tokenizer"))]
        steps = [step for step in cutting if step["type"] in ("ByteLevel", "Metaspace")]
    bytewise, fallback = ({kind} <= {step["type"] for step in steps} for kind in ("ByteLevel", "ByteFallback"))
    for step in steps:
        known = ("ByteLevel", "ByteFallback", "Fuse", "Strip", "Replace", "Metaspace", "WordPiece", "BPEDecoder")
        if step["type"] not in known or (step["type"] == "Replace" and "String" not in step["pattern"]):
            raise UserError(
                f"{name} has a decoder of the type {step['type']}, from which the bytes of a token cannot be told: "
                f"use a tokenizer whose decoder is {', '.join(known)} (Replace with a string)."
            )

    def spell(token: str) -> bytes:
        if fallback and (byte := BYTE.fullmatch(token)):
            return bytes.fromhex(byte[1])
        if bytewise:
            try:
                return to_bytes(token)
            except KeyError:  # not in the alphabet
                return token.encode("utf-8")
        for step in steps:
            token = _decoded(token, step)
        return token.encode("utf-8")

    return spell


def _decoded(token: str, step: dict[str, Any]) -> str:
    """What one step of a decoder makes of a token that is not at an end of the text."""
    if step["type"] == "Replace":
        return token.replace(step["pattern"]["String"], step["content"])
    if step["type"] == "Metaspace":
        return token.replace(step["replacement"], " ")
    if step["type"] == "WordPiece":
        return token.removeprefix(step["prefix"]) if token.startswith(step["prefix"]) else " " + token
    if step["type"] == "BPEDecoder" and token.endswith(step["suffix"]):
        return token.removesuffix(step["suffix"]) + " "
    return token


def _parts(step: dict[str, Any] | None) -> Iterator[dict[str, Any]]:
    """The members of a sequence of decoders, normalizers or pre-tokenizers, at any depth."""
    if step is None:
        return
    if step["type"] != "Sequence":
        yield step
    for key in ("decoders", "normalizers", "pretokenizers"):
        for inner in step.get(key, ()) if step["type"] == "Sequence" else ():
            yield from _parts(inner)


def read_tiktoken(data: bytes, pattern: str | None, name: str) -> Source:
    """A file of ranks: on each line, a token in base64 and its id. `pattern` cuts text; a special token is never used.

    Raises:
        UserError: the file is damaged or lacks a byte, there is no pattern, or tiktoken is not installed.
    """
    if pattern is None:
        raise UserError(f"{name} does not say how text is cut: give the expression (tiktoken calls it pat_str) as its pattern.")
    ranks: dict[bytes, int] = {}
    for number, line in enumerate(data.splitlines(), start=1):
        try:
            token, rank = line.split() if line else (b"", b"")
            if line:
                ranks[base64.b64decode(token, validate=True)] = int(rank)
        except (ValueError, binascii.Error):
            raise UserError(f"{name}, line {number}, is not a token in base64 and its rank: get the file again.") from None
    absent = [value for value in range(BYTE_VALUES) if bytes([value]) not in ranks]
    if absent:
        raise UserError(f"{name} has no token for {len(absent)} of the 256 bytes, first for {absent[0]}: get the file again.")
    tokens = _by_id({rank: token for token, rank in ranks.items()}, name, len(ranks))
    try:
        import tiktoken
    except ModuleNotFoundError:
        raise UserError(f"{name} is run by tiktoken, which is not installed: run pip install 'gqvae[tiktoken]'.") from None
    try:
        library = tiktoken.Encoding(name, pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
    except ValueError as error:
        raise UserError(f"{name}: the pattern is no regular expression ({first_line(error)}): correct it.") from None
    return Source(tokens, lambda texts: map(library.encode_ordinary, texts))


def read_sentencepiece(data: bytes, pattern: str | None, name: str) -> Source:
    """A sentencepiece model of any type.

    Raises:
        UserError: the library cannot read it.
    """
    try:
        library = sentencepiece.SentencePieceProcessor(model_proto=data)
        size = library.get_piece_size()
    except Exception as error:
        if RANK.match(data):
            raise UserError(
                f"{name} holds tiktoken's ranks, as Llama 3's: give it the suffix .tiktoken, and its pattern."
            ) from None
        raise _damaged(name, "sentencepiece model", error) from None
    if not size:
        raise _damaged(name, "sentencepiece model", ValueError("it is empty"))

    def spell(token: int) -> bytes:
        if library.is_control(token) or library.is_unknown(token) or library.is_unused(token):
            return b""
        piece = library.id_to_piece(token)
        if library.is_byte(token):
            return bytes.fromhex(piece[3:5])  # <0x..>
        return piece.replace(SPACE, " ").encode("utf-8")

    return Source([spell(token) for token in range(size)], lambda texts: library.encode(texts, num_threads=1))


READERS: dict[str, Callable[[bytes, str | None, str], Source]] = {
    ".json": read_huggingface,
    ".tiktoken": read_tiktoken,
    ".model": read_sentencepiece,
}


def _by_id(found: dict[int, bytes], name: str, expected: int | None = None) -> list[bytes]:
    """The tokens by id; ids that no token has stand for nothing. `expected` is the number of tokens before they were put by id.

    Raises:
        UserError: there are no tokens, two have one id, or the ids are far beyond their number.
    """
    if not found or (expected or len(found)) != len(found):
        raise UserError(f"{name} {'gives two tokens one id' if found else 'has no tokens'}: get the file again.")
    if not 0 <= min(found) <= max(found) < 2 * len(found) + BYTE_VALUES:
        wrong = min(found) if min(found) < 0 else max(found)
        raise UserError(f"{name} has the id {wrong}, beyond its vocabulary of {len(found)} tokens: get the file again.")
    return [found.get(token, b"") for token in range(max(found) + 1)]


def _damaged(name: str, what: str, error: Exception) -> UserError:
    return UserError(f"{name} is not a {what}, or is damaged ({first_line(error)}): get the file again.")
