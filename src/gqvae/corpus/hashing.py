"""Keyed hashes of documents: choices that depend on nothing but a document and a seed."""

from __future__ import annotations

import hashlib
from functools import cache


def unit_hash(document: bytes, seed: int, purpose: bytes) -> float:
    """Hash the bytes, the seed and the purpose (at most 16 bytes) to a number in [0, 1)."""
    return int.from_bytes(hashlib.blake2b(document, digest_size=6, key=_key(seed), person=purpose).digest(), "big") / 2**48


@cache
def _key(seed: int) -> bytes:
    return hashlib.sha256(str(seed).encode()).digest()
