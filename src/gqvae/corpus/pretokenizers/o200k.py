r"""The pre-tokenizer of o200k (GPT-4o): as cl100k's, but words end before a capital, and contractions belong to the word.

Its expression in tiktoken 0.14 (tiktoken_ext/openai_public.py, MIT licence), whose classes are written out here, is one line:

    [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?
    |[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?
    |\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+
"""

from __future__ import annotations

from collections.abc import Callable

from gqvae.corpus.pretokenizers.cl100k import CL100K, CONTRACTION, LINE_ENDS
from gqvae.corpus.unicode_cases import NOT_LOWER, NOT_UPPER
from gqvae.corpus.unicode_classes import LETTERS, NUMBERS, WHITE_SPACE, Ranges


class O200K(CL100K):
    """See the module; its borders are those of cl100k."""

    name = "o200k"

    def of_classes(self, inside: Callable[[Ranges], str]) -> str:
        """See the module."""
        space, letter, number = map(inside, (WHITE_SPACE, LETTERS, NUMBERS))
        first, rest = map(inside, (NOT_LOWER, NOT_UPPER))
        before, after = f"[^{LINE_ENDS}{letter}{number}]?", f"(?:{CONTRACTION})?"
        return (
            rf"{before}[{first}]*[{rest}]+{after}|{before}[{first}]+[{rest}]*{after}|[{number}]{{1,3}}"
            rf"| ?[^{space}{letter}{number}]+[{LINE_ENDS}/]*|[{space}]*[{LINE_ENDS}]+|[{space}]+(?![^{space}])|[{space}]+"
        )


PRETOKENIZER = O200K()
