"""Pre-tokens: the pieces of text that no token of any arm crosses, and how often each occurs.

A learned tokenizer encodes every pre-token on its own, so a corpus is, to a tokenizer, its distinct pre-tokens with their counts.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gqvae.corpus.unicode_classes import LETTERS, NUMBERS, WHITE_SPACE, character_class
from gqvae.errors import UserError
from gqvae.files import atomic_open

# Words of ASCII text, which most words are: found without looking into the tables, where the next character is ASCII, too.
ASCII_WORD = r" ?[A-Za-z]+(?=[\x00-@\[-`{-\x7f]|\Z)"


def expression(escape: Callable[[int], str]) -> str:
    r"""The expression of GPT-2 (its published encoder.py, as in the paper), with \s, \p{L} and \p{N} written out.

    Args:
        escape: how the engine that will read the expression writes a code point within brackets.
    """
    space, letter, number = (character_class(ranges, escape) for ranges in (WHITE_SPACE, LETTERS, NUMBERS))
    return (
        f"'s|'t|'re|'ve|'m|'ll|'d| ?[{letter}]+| ?[{number}]+| ?[^{space}{letter}{number}]+|[{space}]+(?![^{space}])|[{space}]+"
    )


@cache
def _compiled() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """For text that is all ASCII (three times as fast), and for any."""
    ascii_only = r"'s|'t|'re|'ve|'m|'ll|'d| ?[A-Za-z]+| ?[0-9]+| ?[^\sA-Za-z0-9]+|\s+(?!\S)|\s+"
    return re.compile(ascii_only, re.ASCII), re.compile(ASCII_WORD + "|" + expression("\\U{:08x}".format))


def split_text(text: str) -> list[str]:
    """Cut text into its pre-tokens, in order; joined, they are the text again."""
    ascii_only, general = _compiled()
    return (ascii_only if text.isascii() else general).findall(text)


@dataclass(frozen=True, eq=False)
class PretokenCounts:
    """The distinct pre-tokens of a text, most frequent first (equal counts: by their bytes).

    Attributes:
        pretokens: their UTF-8 bytes, each once.
        counts: (pretokens,) int64, occurrences of each.
    """

    pretokens: list[bytes]
    counts: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.pretokens)

    @property
    def total(self) -> int:
        """Pre-tokens in the text."""
        return int(self.counts.sum())

    @property
    def total_bytes(self) -> int:
        """Bytes of the text."""
        lengths = np.fromiter((len(pretoken) for pretoken in self.pretokens), dtype=np.int64, count=len(self.pretokens))
        return int(lengths @ self.counts)

    def save(self, path: Path) -> None:
        """Write one .npz file of three arrays: all bytes, where each pre-token begins in them, counts."""
        offsets = np.zeros(len(self.pretokens) + 1, dtype=np.int64)
        np.cumsum([len(pretoken) for pretoken in self.pretokens], out=offsets[1:])
        blob = np.frombuffer(b"".join(self.pretokens), dtype=np.uint8)
        with atomic_open(Path(path), "wb") as stream:
            np.savez_compressed(stream, blob=blob, offsets=offsets, counts=self.counts.astype(np.int64))

    @classmethod
    def of_split(cls, folder: Path, split: str) -> PretokenCounts:
        """Those of one split, from the folder that `gqvae count-pretokens` wrote; errors as `load`."""
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
        except (FileNotFoundError, IsADirectoryError):
            raise UserError(f"{path} does not exist: make it with `gqvae count-pretokens`.") from None
        except (
            OSError,
            ValueError,
            KeyError,
            EOFError,
            TypeError,
            AttributeError,
            RuntimeError,
            zipfile.BadZipFile,
            zlib.error,
        ) as error:
            raise UserError(f"{path} is damaged ({type(error).__name__}): delete it and run count-pretokens again.") from error
        if not _consistent(blob, offsets, counts):
            raise UserError(f"{path} is damaged (its arrays do not fit together): delete it and run count-pretokens again.")
        data, ends = blob.tobytes(), offsets.tolist()
        return cls([data[start:end] for start, end in pairwise(ends)], counts)


def _consistent(blob: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64], counts: npt.NDArray[np.int64]) -> bool:
    """Whether three arrays are such as `save` writes."""
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


def count_pretokens(documents: Iterable[bytes]) -> PretokenCounts:
    """Count the pre-tokens of UTF-8 documents; memory grows with the distinct ones alone."""
    counter: Counter[str] = Counter()
    for document in documents:
        counter.update(split_text(document.decode("utf-8")))
    ordered = sorted(((piece.encode("utf-8"), count) for piece, count in counter.items()), key=lambda item: (-item[1], item[0]))
    return PretokenCounts([piece for piece, _ in ordered], np.array([count for _, count in ordered], dtype=np.int64))
