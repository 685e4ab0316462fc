"""Pieces: what the network is given. Pre-tokens longer than T bytes are cut, so that nothing is ever dropped."""

from __future__ import annotations


def cut(pretoken: bytes, longest: int) -> list[bytes]:
    """Cut a pre-token into pieces of at most `longest` bytes (deviation: the authors' code drops longer ones)."""
    if len(pretoken) <= longest:
        return [pretoken]
    return [pretoken[start : start + longest] for start in range(0, len(pretoken), longest)]
