"""Pre-tokenizers, one module each, selected by name: they split text into the pieces that no token crosses.

Tokenizers, tables of counts and encoded corpora record the name of their pre-tokenizer, and `require_same` compares them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import cache
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from gqvae.errors import UserError

if TYPE_CHECKING:  # verbs import this module for the names only
    import numpy as np
    import numpy.typing as npt

DEFAULT = "gpt2"


class Pretokenizer(ABC):
    """One way to split text. The pre-tokens depend only on the text and, joined, equal it."""

    name: str
    published: str = ""  # the expression by which other engines recognise it, with Unicode tables of their own; empty: none do

    @abstractmethod
    def split(self, text: str) -> list[str]:
        """The pre-tokens of a text, in order."""

    def for_kernels(
        self, text: npt.NDArray[np.uint8], documents: npt.NDArray[np.int64]
    ) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
        """The arguments `classes` and `ends` of `kernels.pretokens.look_up`, which knows GPT-2's pre-tokens and takes others."""
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
        return np.cumsum([len(pretoken.encode("utf-8")) for pretokens in split for pretoken in pretokens], dtype=np.int64)

    @abstractmethod
    def last_border(self, text: str) -> int:
        """The last position inside a text where a pre-token ends no matter what follows the text; 0 if there is none."""

    @abstractmethod
    def expression(self, escape: Callable[[int], str]) -> str:
        """A regular expression for other engines, whose matches are the pre-tokens; `escape` writes a code point in brackets."""


def names() -> list[str]:
    """The names of all pre-tokenizers."""
    return sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))


@cache
def pretokenizer(name: str) -> Pretokenizer:
    """Look up a pre-tokenizer by name.

    Raises:
        UserError: the name is unknown.
    """
    if name not in names():
        raise UserError(f"There is no pre-tokenizer {name!r}: use one of {', '.join(names())}, or add its module.")
    found: Pretokenizer = import_module(f"{__package__}.{name}").PRETOKENIZER
    return found


def require_same(one: str, name: str, other: str, other_name: str) -> None:
    """Raise a `UserError` unless two things were made with the same pre-tokenizer.

    `one` and `other` are what the message calls them; `name` and `other_name` are the names of their pre-tokenizers.
    """
    if name != other_name:
        raise UserError(f"{one} was made with the pre-tokenizer {name}, {other} with {other_name}: make one of them again.")
