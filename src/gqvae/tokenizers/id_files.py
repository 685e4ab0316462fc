"""Streams of token ids: numbers in text, a NumPy file, or raw integers of 16 or 32 bits (little-endian)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO, Literal

import numpy as np

from gqvae.errors import UserError
from gqvae.tokenizers.token_files import token_dtype

Form = Literal["text", "npy", "u16", "u32"]
SUFFIXES: dict[str, Form] = {".npy": "npy", ".u16": "u16", ".u32": "u32", ".txt": "text", "": "text"}  # of files
LINE = 64  # ids on a line of text
BLOCK = 1 << 20  # bytes read at a time
RAW: dict[str, np.dtype[Any]] = {"u16": np.dtype("<u2"), "u32": np.dtype("<u4")}


def form_of(name: str) -> Form:
    """The form that a file's name says; text if it has no suffix.

    Raises:
        UserError: the suffix is another.
    """
    suffix = Path(name).suffix.lower()
    if suffix not in SUFFIXES:
        known = ", ".join(filter(None, SUFFIXES))
        raise UserError(f"{name}: {suffix} says no form of ids: use {known}, or name the form with --format.")
    return SUFFIXES[suffix]


def write_ids(stream: BinaryIO, blocks: Iterable[np.ndarray], form: Form, vocab_size: int) -> int:
    """Write blocks of ids as one sequence and return the number of ids.

    Raises:
        UserError: ids of this vocabulary do not fit into 16 bits, or the form needs a seekable file.
    """
    if form == "u16" and vocab_size > 1 << 16:
        raise UserError(f"ids of a vocabulary of {vocab_size:,} do not fit into 16 bits: use u32, npy or text.")
    total = 0
    if form == "text":
        ids = chain.from_iterable(block.tolist() for block in blocks)
        while line := list(islice(ids, LINE)):
            stream.write((" ".join(map(str, line)) + "\n").encode())
            total += len(line)
        return total
    dtype = RAW.get(form, token_dtype(vocab_size).newbyteorder("<"))
    if form == "npy" and not stream.seekable():
        raise UserError(
            "an .npy file states its length at the beginning, so it cannot go to a pipe: give --out, or use u16 or u32."
        )
    if form == "npy":
        start = stream.tell()
        _write_header(stream, dtype, 0)
    for block in blocks:
        stream.write(block.astype(dtype).tobytes())
        total += len(block)
    if form == "npy":
        stream.seek(start)
        _write_header(stream, dtype, total)  # as long as the first: NumPy leaves room for the length to grow
    return total


def _write_header(stream: BinaryIO, dtype: np.dtype[Any], total: int) -> None:
    header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": (total,)}
    np.lib.format.write_array_header_1_0(stream, header)


def read_ids(stream: BinaryIO, form: Form, name: str = "the input") -> Iterator[np.ndarray]:
    """Blocks of the ids that `write_ids` wrote, (ids,) integers each.

    Raises:
        UserError: the stream does not have this form.
    """
    if form == "text":
        yield from _read_text(stream, name)
        return
    dtype, expected = _npy_header(stream, name) if form == "npy" else (RAW[form], None)
    size, found = dtype.itemsize, 0
    rest = b""
    while data := stream.read(BLOCK):
        data = rest + data
        whole = len(data) - len(data) % size
        found += whole // size
        yield np.frombuffer(data[:whole], dtype=dtype)
        rest = data[whole:]
    if rest or expected not in (None, found):
        raise UserError(f"{name} ends too early or too late: it is damaged, or not of the form {form}.")


def _npy_header(stream: BinaryIO, name: str) -> tuple[np.dtype[Any], int]:
    """Type and number of the ids that follow."""
    try:
        version = np.lib.format.read_magic(stream)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read(stream)
    except Exception as error:  # NumPy evaluates the header as Python, which may raise anything
        raise UserError(f"{name} is not an .npy file ({type(error).__name__}): name its form with --format.") from None
    if len(shape) != 1 or dtype.kind not in "iu":
        raise UserError(
            f"{name} holds {dtype} of shape {shape}, not a row of ids: give a file written by `gqvae tokenizer encode`."
        )
    return dtype, shape[0]


def _read_text(stream: BinaryIO, name: str) -> Iterator[np.ndarray]:
    rest = b""
    for data in chain(iter(lambda: stream.read(BLOCK), b""), [b" "]):
        data = rest + data
        end = max(data.rfind(b" "), data.rfind(b"\n")) + 1
        words, rest = data[:end].split(), data[end:]  # the next block may continue the rest
        wrong = next((word for word in words if not word.isdigit() or len(word) > 18), None)
        if wrong is not None:
            raise UserError(
                f"{name} holds {wrong[:40].decode(errors='replace')!r}, which is not an id: name its form with --format."
            )
        if words:
            yield np.array(words, dtype=np.int64)
