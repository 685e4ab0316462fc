"""Pre-tokenizers, one module each, selected by name: they split text into the pieces that no token crosses.

A user's own expression has the name `pattern:<expression>` (`_pattern.py`). Tokenizers, tables of counts and encoded corpora record
the name of their pre-tokenizer, and `require_same` compares them.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import cache, cached_property
from importlib import import_module
from itertools import chain, pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from gqvae.errors import UserError

if TYPE_CHECKING:  # verbs import this module for the names only
    import numpy as np
    import numpy.typing as npt

DEFAULT = "gpt2"
PATTERN = "pattern:"  # begins the name of a user's own expression
LOOKED_AT = 1 << 10  # characters at the end of a text that are searched first for a border
WHOLE = "whole"  # of external tokenizers, whose pre-tokens are not known: whole texts


class Pretokenizer(ABC):
    """One way to split text. The pre-tokens depend only on the text and, joined, equal it."""

    name: str
    published: str = ""  # the expression by which other engines recognise it, with Unicode tables of their own; empty: none do
    portable = True  # whether all engines read its expression alike

    @abstractmethod
    def expression(self, escape: Callable[[int], str]) -> str:
        """A regular expression whose matches are the pre-tokens; `escape` writes a code point in brackets for an engine."""

    def border(self, escape: Callable[[int], str]) -> str:
        """An expression for the first character after a place where a pre-token surely ends; empty: there is no such place."""
        return ""

    @cached_property
    def _matches(self) -> re.Pattern[str]:
        return re.compile(self.expression("\\U{:08x}".format))

    @cached_property
    def _border(self) -> re.Pattern[str] | None:
        expression = self.border("\\U{:08x}".format)
        return re.compile(expression) if expression else None

    def split(self, text: str) -> list[str]:
        """The pre-tokens of a text, in order."""
        return self._matches.findall(text)

    def for_kernels(
        self, text: npt.NDArray[np.uint8], documents: npt.NDArray[np.int64]
    ) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
        """Arguments `classes` and `ends` of `kernels.pretokens.look_up`, which finds the ends of GPT-2's pre-tokens but of no others."""
        import numpy as np

        return np.empty(0, np.uint8), self.ends(text, documents)

    def ends(self, text: npt.NDArray[np.uint8], documents: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Where each pre-token ends.

        Args:
            text: (bytes,) UTF-8 documents, joined.
            documents: (documents,) where each ends.
        """
        import numpy as np

        data, starts = text.tobytes(), [0, *documents.tolist()]
        split = (self.split(data[start:end].decode("utf-8")) for start, end in pairwise(starts))
        lengths = (map(len, pretokens if data.isascii() else (one.encode("utf-8") for one in pretokens)) for pretokens in split)
        return np.cumsum(np.fromiter(chain.from_iterable(lengths), dtype=np.int64), dtype=np.int64)

    def last_border(self, text: str) -> int:
        """The last position inside a text where a pre-token ends no matter what follows the text; 0 if there is none.

        Searched from the end, where the border usually is.
        """
        width = LOOKED_AT if self._border else 0
        while self._border and width:
            start = max(0, len(text) - width)
            places = [found.start() for found in self._border.finditer(text, start)]
            if places:
                return places[-1]
            width = 32 * width if start else 0
        return 0


def names() -> list[str]:
    """The names of all pre-tokenizers that have one."""
    return sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))


@cache
def pretokenizer(name: str) -> Pretokenizer:
    """Look up a pre-tokenizer by name.

    Raises:
        UserError: the name is unknown, or the expression in it is not valid.
    """
    module = import_module(module_of(name))
    found: Pretokenizer = module.Pattern(name.removeprefix(PATTERN)) if name.startswith(PATTERN) else module.PRETOKENIZER
    return found


def module_of(name: str) -> str:
    """The module of a pre-tokenizer.

    Raises:
        UserError: the name is unknown.
    """
    if name.startswith(PATTERN):
        return f"{__package__}._pattern"
    if name == WHOLE:
        return f"{__package__}._whole"
    if name not in names():
        raise UserError(
            f"There is no pre-tokenizer {name!r}: use one of {', '.join(names())}, {PATTERN}<expression>, or add its module."
        )
    return f"{__package__}.{name}"


def require_same(one: str, name: str, other: str, other_name: str) -> None:
    """Raise a `UserError` unless two things were made with the same pre-tokenizer.

    `one` and `other` are what the message calls them; `name` and `other_name` are the names of their pre-tokenizers.
    """
    if name != other_name:
        raise UserError(f"{one} was made with the pre-tokenizer {name}, {other} with {other_name}: make one of them again.")
