r"""GPT-2's pre-tokenizer (its encoder.py, as in the paper): words with the space before, numbers, punctuation, white space."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from functools import cached_property

import numpy as np
import numpy.typing as npt

from gqvae.corpus.pretokenizers import Pretokenizer
from gqvae.corpus.unicode_classes import LETTERS, NUMBERS, WHITE_SPACE, character_class

# Most words are ASCII. If the next character is ASCII too, such a word matches without the Unicode tables.
ASCII_WORD = r" ?[A-Za-z]+(?=[\x00-@\[-`{-\x7f]|\Z)"


class GPT2(Pretokenizer):
    """See the module."""

    name = "gpt2"
    published = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"

    @cached_property
    def _ascii(self) -> re.Pattern[str]:
        """For text that is all ASCII: three times as fast."""
        return re.compile(r"'s|'t|'re|'ve|'m|'ll|'d| ?[A-Za-z]+| ?[0-9]+| ?[^\sA-Za-z0-9]+|\s+(?!\S)|\s+", re.ASCII)

    @cached_property
    def _general(self) -> re.Pattern[str]:
        return re.compile(ASCII_WORD + "|" + self.expression("\\U{:08x}".format))

    def border(self, escape: Callable[[int], str]) -> str:
        """White space after any other character: one pre-token ends before it, and another begins with it."""
        space = character_class(WHITE_SPACE, escape)
        return f"(?<=[^{space}])[{space}]"

    def split(self, text: str) -> list[str]:
        """Split by the regular expression."""
        return (self._ascii if text.isascii() else self._general).findall(text)

    @cached_property
    def _classes(self) -> npt.NDArray[np.uint8]:
        """The class of every code point, as the kernel expects it."""
        classes = np.zeros(sys.maxunicode + 1, dtype=np.uint8)
        for kind, ranges in enumerate((LETTERS, NUMBERS, WHITE_SPACE), start=1):
            for first, last in ranges:
                classes[first : last + 1] = kind
        return classes

    def for_kernels(
        self, text: npt.NDArray[np.uint8], documents: npt.NDArray[np.int64]
    ) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
        """The kernel finds the ends by the classes of characters."""
        return self._classes, np.empty(0, np.int64)

    def expression(self, escape: Callable[[int], str]) -> str:
        r"""GPT-2's expression with \s, \p{L} and \p{N} written out."""
        space, letter, number = (character_class(ranges, escape) for ranges in (WHITE_SPACE, LETTERS, NUMBERS))
        return f"'s|'t|'re|'ve|'m|'ll|'d| ?[{letter}]+| ?[{number}]+| ?[^{space}{letter}{number}]+|[{space}]+(?![^{space}])|[{space}]+"


PRETOKENIZER = GPT2()
