r"""The pre-tokenizer of cl100k (GPT-3.5 and GPT-4): numbers of up to three digits, line ends with the punctuation before them.

Its expression in tiktoken 0.14 (tiktoken_ext/openai_public.py, MIT licence), whose classes are written out here:

    '(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s

White space at the end of a text is one pre-token. Hugging Face's files, with the earlier expression, cut it after its last line end.
Possessive quantifiers only save time: what they take could not begin another match.
"""

from __future__ import annotations

from collections.abc import Callable

from gqvae.corpus.folding import ClassPretokenizer
from gqvae.corpus.unicode_classes import LETTERS, NUMBERS, WHITE_SPACE, Ranges, character_class

CONTRACTION = "'(?:[sS\u017fdDmMtT]|[lL][lL]|[vV][eE]|[rR][eE])"  # the long s is an s in any case
LINE_ENDS = "\n\r"


class CL100K(ClassPretokenizer):
    """See the module."""

    name = "cl100k"

    def border(self, escape: Callable[[int], str]) -> str:
        """White space other than line ends after any other character, or a line end after a letter or number."""
        space, letter, number = (character_class(ranges, escape) for ranges in (WHITE_SPACE, LETTERS, NUMBERS))
        return f"(?<=[^{space}])(?![{LINE_ENDS}])[{space}]|(?<=[{letter}{number}])[{LINE_ENDS}]"

    def of_classes(self, inside: Callable[[Ranges], str]) -> str:
        """See the module."""
        space, letter, number = map(inside, (WHITE_SPACE, LETTERS, NUMBERS))
        return (
            rf"{CONTRACTION}|[^{LINE_ENDS}{letter}{number}]?[{letter}]+|[{number}]{{1,3}}"
            rf"| ?[^{space}{letter}{number}]+[{LINE_ENDS}]*|[{space}]+(?![\s\S])|[{space}]*[{LINE_ENDS}]"
            rf"|[{space}]+(?![^{space}])|[{space}]"
        )


PRETOKENIZER = CL100K()
