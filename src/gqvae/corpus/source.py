"""The interface between sources of text and the code that writes a corpus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Source:
    """Documents to split; each iterator can be read only once."""

    label: str  # name in figures, e.g. "synthetic stories (generated)"
    synthetic: bool  # the text was generated, and every figure made from it must say so
    documents: Iterator[bytes]  # UTF-8 bytes of each document
    expected_bytes: int | None = None  # approximate size of the text, if known; for the time left
    test_documents: Iterator[bytes] | None = None  # the whole test split, if the source has one
    dropped: Counter[str] = field(default_factory=Counter)  # what the source leaves out and how often; complete once it is read
