"""Pre-tokens, the pieces of text whose boundaries no token of any arm crosses, and their counts.

A tokenizer encodes each pre-token separately, so all it needs of a corpus is the distinct pre-tokens and their counts.
"""

from __future__ import annotations

import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gqvae.corpus.batches import batches
from gqvae.corpus.pieces import cut_characters
from gqvae.corpus.pretoken_table import PretokenTable
from gqvae.corpus.pretokenizers import DEFAULT
from gqvae.errors import UserError, is_out_of_memory
from gqvae.files import atomic_open
from gqvae.kernels.packing import Packed, pack
from gqvae.progress import Progress

LONGEST_TRAINED = 1 << 14  # bytes of a pre-token that trainings see at once; natural ones are shorter

DAMAGE = (OSError, ValueError, KeyError, EOFError, TypeError, AttributeError, RuntimeError, zipfile.BadZipFile, zlib.error)


@dataclass(frozen=True, eq=False)
class PretokenCounts:
    """The distinct pre-tokens of a text, most frequent first (ties by bytes)."""

    pretokens: list[bytes]  # their UTF-8 bytes, each once
    counts: npt.NDArray[np.int64]  # (pretokens,) int64, occurrences of each
    pretokenizer: str = DEFAULT  # name of the pre-tokenizer

    def __len__(self) -> int:
        return len(self.pretokens)

    @property
    def total(self) -> int:
        """Number of pre-tokens in the text."""
        return int(self.counts.sum())

    @property
    def total_bytes(self) -> int:
        """Bytes of the text."""
        return int(np.array([*map(len, self.pretokens)], dtype=np.int64) @ self.counts)

    def pairs(self) -> list[tuple[bytes, int]]:
        """Every pre-token with its count."""
        return list(zip(self.pretokens, self.counts.tolist(), strict=True))

    @classmethod
    def merge(cls, parts: Iterable[PretokenCounts]) -> PretokenCounts:
        """Add the counts of the shards of a text, of which there is at least one; the result is that of the whole text.

        Raises:
            UserError: the parts are of different pre-tokenizers.
        """
        totals, names = Counter[bytes](), set[str]()
        for part in parts:
            totals.update(dict(part.pairs()))
            names.add(part.pretokenizer)
        if len(names) != 1:
            raise UserError(f"The parts are cut by different pre-tokenizers ({', '.join(sorted(names))}): count them again.")
        return cls._in_order([*totals], np.array([*totals.values()], dtype=np.int64), names.pop())

    @classmethod
    def _in_order(cls, pretokens: list[bytes], counts: npt.NDArray[np.int64], name: str) -> PretokenCounts:
        times = counts.tolist()
        order = sorted(range(len(pretokens)), key=lambda place: (-times[place], pretokens[place]))
        return cls([pretokens[place] for place in order], counts[order], name)

    def in_parts(self) -> PretokenCounts:
        """The same with pre-tokens longer than LONGEST_TRAINED cut into parts: the time of some trainings grows faster than their length."""
        return self._in_parts(None)

    def beginnings(self) -> PretokenCounts:
        """The same with only the first part of such pre-tokens: a network would need hours for their many pieces."""
        return self._in_parts(1)

    def _in_parts(self, most: int | None) -> PretokenCounts:
        if max(map(len, self.pretokens), default=0) <= LONGEST_TRAINED:
            return self
        totals = Counter[bytes]()
        for pretoken, count in self.pairs():
            for part in cut_characters(pretoken, LONGEST_TRAINED)[:most]:
                totals[part] += count
        return self._in_order([*totals], np.array([*totals.values()], dtype=np.int64), self.pretokenizer)

    def save(self, path: Path) -> None:
        """Write one .npz file: all bytes, the offset of each pre-token, the counts, and the name of the pre-tokenizer."""
        blob, offsets = pack(self.pretokens)
        with atomic_open(Path(path), "wb") as stream:
            np.savez_compressed(
                stream, blob=blob, offsets=offsets, counts=self.counts.astype(np.int64), pretokenizer=np.array(self.pretokenizer)
            )

    @classmethod
    def of_split(cls, folder: Path, split: str) -> PretokenCounts:
        """Load one split from the folder that `gqvae count-pretokens` wrote; raises the same error as `load`."""
        return cls.load(folder / f"{split}.npz")

    @classmethod
    def load(cls, path: Path) -> PretokenCounts:
        """Read what `save` wrote.

        Raises:
            UserError: the file does not exist or is damaged.
        """
        try:
            with np.load(path, allow_pickle=False) as arrays:
                blob, offsets, counts = arrays["blob"], arrays["offsets"], arrays["counts"]
                pretokenizer_name = str(arrays["pretokenizer"]) if "pretokenizer" in arrays else DEFAULT
        except (FileNotFoundError, IsADirectoryError):
            raise UserError(f"{path} does not exist: make it with `gqvae count-pretokens`.") from None
        except DAMAGE as error:
            if is_out_of_memory(error):
                raise
            raise UserError(f"{path} is damaged ({type(error).__name__}): delete it and run count-pretokens again.") from error
        if not _consistent(blob, offsets, counts):
            raise UserError(f"{path} is damaged (its arrays do not match): delete it and run count-pretokens again.")
        return cls(Packed(blob, offsets).strings(), counts, pretokenizer_name)


def _consistent(blob: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64], counts: npt.NDArray[np.int64]) -> bool:
    """Whether the arrays have the form that `save` writes."""
    return (
        blob.dtype == np.uint8
        and offsets.dtype == counts.dtype == np.int64
        and blob.ndim == offsets.ndim == counts.ndim == 1
        and len(offsets) == len(counts) + 1
        and offsets[0] == 0
        and offsets[-1] == len(blob)
        and bool((np.diff(offsets) > 0).all())
        and bool((counts > 0).all())
    )


def count_pretokens(documents: Iterable[bytes], name: str = DEFAULT, progress: Progress | None = None) -> PretokenCounts:
    """Count the pre-tokens of UTF-8 documents with the named pre-tokenizer; memory grows only with the distinct ones.

    `progress` counts their bytes.
    """
    table, counts = PretokenTable(name), np.zeros(0, dtype=np.int64)
    for batch in batches(documents):
        found = np.bincount(table.encode(batch).values, minlength=len(table))
        found[: len(counts)] += counts
        counts = found
        if progress:
            progress.update(len(batch.values))
    return PretokenCounts._in_order(table.since(0).strings(), counts, name)
