"""Removes the training path from serialised sentencepiece models (Protocol Buffers wire format).

sentencepiece writes the path of its input into the model, so identical trainings would give different files.
"""

from __future__ import annotations

from collections.abc import Iterator

TRAINER, INPUT = 2, 1  # numbers of the fields `ModelProto.trainer_spec` and, in it, `TrainerSpec.input`
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5  # wire types


def without_input(model: bytes) -> bytes:
    """The model without the names of its training files."""
    parts = []
    for number, start, value, end in _fields(model):
        if number == TRAINER:
            inner = model[value:end]
            kept = b"".join(inner[first:last] for field, first, _, last in _fields(inner) if field != INPUT)
            parts.append(_varint(TRAINER << 3 | BYTES) + _varint(len(kept)) + kept)
        else:
            parts.append(model[start:end])
    return b"".join(parts)


def _fields(message: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Number, start, start of the value and end of every field."""
    place = 0
    while place < len(message):
        start = place
        tag, place = _read_varint(message, place)
        kind, value = tag & 7, place
        if kind == VARINT:
            _, place = _read_varint(message, place)
        elif kind == BYTES:
            size, value = _read_varint(message, place)
            place = value + size
        elif kind in (FIXED64, FIXED32):
            place += 8 if kind == FIXED64 else 4
        else:
            raise ValueError(f"wire type {kind} at byte {start} of a sentencepiece model")
        yield tag >> 3, start, value, place


def _read_varint(message: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[place]
        value |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if byte < 0x80:
            return value, place


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])
