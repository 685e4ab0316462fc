"""Files of a public data set, pinned to one revision and one content."""

from __future__ import annotations

from typing import NamedTuple


class PinnedFile(NamedTuple):
    """One file."""

    name: str  # in the repository
    sha256: str | None = None  # None: that of the file that the hub holds at the revision
    size: int | None = None  # bytes, if known


class PinnedDataset(NamedTuple):
    """A data set on the hub at a pinned revision (a commit)."""

    repository: str
    revision: str
    files: tuple[PinnedFile, ...]


TINYSTORIES = PinnedDataset(  # Eldan & Li, arXiv 2305.07759; CDLA-Sharing-1.0
    repository="roneneldan/TinyStories",
    revision="f54c09fd23315a6f9c86f9dc80f725de7d8f9c64",
    files=(
        PinnedFile("TinyStories-valid.txt", "94e431816c4cce81ff71e4408ff8d3bda9a42e8d2663986697c3954288cb38b4"),
        PinnedFile("TinyStories-train.txt", "c5cf5e22ff13614e830afbe61a99fbcbe8bcb7dd72252b989fa1117a368d401f", 1_924_281_556),
    ),
)
