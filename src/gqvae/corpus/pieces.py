"""Pieces of pre-tokens: the inputs of the network, of at most T bytes, and the parts in which training sees very long pre-tokens."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np


def cut(pretoken: bytes, longest: int) -> list[bytes]:
    """Cut a pre-token into pieces of at most `longest` bytes (deviation: the authors' code drops longer ones)."""
    if len(pretoken) <= longest:
        return [pretoken]
    return [pretoken[start : start + longest] for start in range(0, len(pretoken), longest)]


def cut_characters(pretoken: bytes, longest: int) -> list[bytes]:
    """The same for UTF-8, without cutting a character; `longest` is at least 4."""
    parts, start = [], 0
    while len(pretoken) - start > longest:
        latest = start + longest
        end = next((end for end in range(latest, latest - 4, -1) if pretoken[end] & 0xC0 != 0x80), latest)
        parts.append(pretoken[start:end])
        start = end
    return [*parts, pretoken[start:]]


def pack(pieces: Iterable[bytes], longest: int) -> tuple[np.ndarray, np.ndarray]:
    """Pieces of at most `longest` bytes as an array (B, longest) padded with 0, and their lengths (B,)."""
    pieces = list(pieces)
    lengths = np.array([len(piece) for piece in pieces], dtype=np.int64)
    blob = b"".join(piece.ljust(longest, b"\0") for piece in pieces)
    return np.frombuffer(bytearray(blob), dtype=np.uint8).reshape(len(pieces), longest), lengths  # writable, as torch requires
