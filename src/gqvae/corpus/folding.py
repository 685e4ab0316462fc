"""Pre-tokenizers whose expressions use only classes of Unicode, matched in a copy of the text with one character for each class.

Python's engine tests a character against every range of a class beyond the Basic Multilingual Plane. So each character that is not
ASCII is first replaced by a stand-in for its class, below U+0100, and the expressions use classes of stand-ins. Pre-tokens keep their
lengths.
"""

from __future__ import annotations

import re
import sys
from abc import abstractmethod
from collections.abc import Callable
from functools import cache, cached_property
from itertools import accumulate, chain, pairwise

import numpy as np
import numpy.typing as npt

from gqvae.corpus.pretokenizers import Pretokenizer
from gqvae.corpus.unicode_cases import LOWERCASE, MARKS, UPPERCASE
from gqvae.corpus.unicode_classes import LETTERS, NUMBERS, WHITE_SPACE, Ranges, character_class

OTHER, LONG_S = ord("¡"), 0x17F
# A stand-in belongs to its class, except that of marks, none of which is below U+0100. Without case, a long s (ſ) is an s.
STAND_INS = ((LETTERS, "ª"), (UPPERCASE, "À"), (LOWERCASE, "à"), (NUMBERS, "²"), (WHITE_SPACE, "\xa0"), (MARKS, "\x80"))


@cache
def _stand_ins() -> npt.NDArray[np.uint8]:
    """The stand-in of every code point."""
    table = np.full(sys.maxunicode + 1, OTHER, dtype=np.uint8)
    for ranges, character in STAND_INS:
        for first, last in ranges:
            table[first : last + 1] = ord(character)
    table[LONG_S] = ord("s")
    table[:128] = np.arange(128)
    return table


def _folded(ranges: Ranges) -> Ranges:
    """The class of the stand-ins of a class's characters."""
    table = _stand_ins()
    return [
        (code, code) for code in sorted({code for first, last in ranges for code in np.unique(table[first : last + 1]).tolist()})
    ]


def _code_points(text: str) -> npt.NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le"), dtype="<u4")


class ClassPretokenizer(Pretokenizer):
    """See the module."""

    @abstractmethod
    def of_classes(self, inside: Callable[[Ranges], str]) -> str:
        """The expression; `inside` writes the inside of a bracketed class, which is a union of classes of `STAND_INS`."""

    def expression(self, escape: Callable[[int], str]) -> str:
        """With classes written out."""
        return self.of_classes(lambda ranges: character_class(ranges, escape))

    @cached_property
    def _of_stand_ins(self) -> re.Pattern[str]:
        return re.compile(self.of_classes(lambda ranges: character_class(_folded(ranges), "\\x{:02x}".format)))

    def split(self, text: str) -> list[str]:
        """Matched in the text of stand-ins."""
        folded = text if text.isascii() else _stand_ins()[_code_points(text)].tobytes().decode("latin-1")
        places = accumulate(map(len, self._of_stand_ins.findall(folded)), initial=0)
        return [text[start:end] for start, end in pairwise(places)]

    def ends(self, text: npt.NDArray[np.uint8], documents: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Matched in the text of stand-ins, all documents at once."""
        data = text.tobytes()
        points = text if data.isascii() else _code_points(data.decode("utf-8"))
        after = np.cumsum(1 + (points >= 0x80) + (points >= 0x800) + (points >= 0x10000), dtype=np.int64)  # each character
        folded = _stand_ins()[points].tobytes().decode("latin-1")
        borders = [0, *np.searchsorted(after, documents, side="right").tolist()]
        found = (self._of_stand_ins.findall(folded, start, end) for start, end in pairwise(borders))
        lengths = np.fromiter(map(len, chain.from_iterable(found)), dtype=np.int64)
        return after[np.cumsum(lengths) - 1]
