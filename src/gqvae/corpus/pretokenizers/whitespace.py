"""Words as white space divides them, each with the space before it; punctuation stays with its word."""

from __future__ import annotations

from collections.abc import Callable

from gqvae.corpus.folding import ClassPretokenizer
from gqvae.corpus.unicode_classes import WHITE_SPACE, Ranges, character_class


class WhiteSpace(ClassPretokenizer):
    """As GPT-2's pre-tokenizer treats white space, without its other classes."""

    name = "whitespace"

    def border(self, escape: Callable[[int], str]) -> str:
        """White space after any other character."""
        space = character_class(WHITE_SPACE, escape)
        return f"(?<=[^{space}])[{space}]"

    def of_classes(self, inside: Callable[[Ranges], str]) -> str:
        r"""` ?\S+|\s+(?!\S)|\s+` with \s written out."""
        space = inside(WHITE_SPACE)
        return f" ?[^{space}]+|[{space}]+(?![^{space}])|[{space}]+"


PRETOKENIZER = WhiteSpace()
