"""Files of a public data set, pinned to one revision and one content."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PinnedFile:
    """One file: its name in the repository, its SHA-256 and, if known, its size in bytes."""

    name: str
    sha256: str
    size: int | None = None


@dataclass(frozen=True)
class PinnedDataset:
    """A data set on the hub at a pinned revision (a commit)."""

    repository: str
    revision: str
    train: PinnedFile
    valid: PinnedFile

    @property
    def files(self) -> tuple[PinnedFile, ...]:
        """All files, the smaller first, so that connection problems show before the long download."""
        return (self.valid, self.train)


TINYSTORIES = PinnedDataset(  # Eldan & Li, arXiv 2305.07759; CDLA-Sharing-1.0
    repository="roneneldan/TinyStories",
    revision="f54c09fd23315a6f9c86f9dc80f725de7d8f9c64",
    train=PinnedFile("TinyStories-train.txt", "c5cf5e22ff13614e830afbe61a99fbcbe8bcb7dd72252b989fa1117a368d401f", 1_924_281_556),
    valid=PinnedFile("TinyStories-valid.txt", "94e431816c4cce81ff71e4408ff8d3bda9a42e8d2663986697c3954288cb38b4"),
)
