"""The interface between sources of text and the code that writes a corpus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Source:
    """Documents to split; each iterator can be read only once.

    Attributes:
        label: name in figures, e.g. "synthetic stories (generated)".
        synthetic: the text was generated, and every figure made from it must say so.
        documents: UTF-8 bytes of each document.
        expected_bytes: approximate size of the text, if known; for the time left.
        test_documents: the whole test split, if the source has one.
        dropped: what the source leaves out and how often; complete once it is read.
    """

    label: str
    synthetic: bool
    documents: Iterator[bytes]
    expected_bytes: int | None = None
    test_documents: Iterator[bytes] | None = None
    dropped: Counter[str] = field(default_factory=Counter)
