"""What a source of text offers to whoever writes a corpus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Source:
    """Documents to be split, one after the other; each can be read only once.

    Attributes:
        label: what figures call it, e.g. "synthetic stories (generated)".
        synthetic: the text was generated, and every figure made from it must say so.
        documents: UTF-8 bytes of each document.
        expected_bytes: about how much text there is, where that is known; for the time left.
        test_documents: the whole test split, where the source brings its own.
        dropped: what the source leaves out and how often, counted while it is read.
    """

    label: str
    synthetic: bool
    documents: Iterator[bytes]
    expected_bytes: int | None = None
    test_documents: Iterator[bytes] | None = None
    dropped: Counter[str] = field(default_factory=Counter)
