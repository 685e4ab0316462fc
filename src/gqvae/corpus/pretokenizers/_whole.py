"""The whole text in one piece, for external tokenizers, which cut text in their own way or not at all.

A study cannot choose it, because tokenizers made from counts would learn whole documents.
"""

from __future__ import annotations

from collections.abc import Callable

from gqvae.corpus.pretokenizers import WHOLE, Pretokenizer


class Whole(Pretokenizer):
    """See the module."""

    name = WHOLE

    def expression(self, escape: Callable[[int], str]) -> str:
        """Any characters."""
        return f"[{escape(0)}-{escape(0x10FFFF)}]+"


PRETOKENIZER = Whole()
