"""A user's own expression: its matches are pre-tokens, and so is the text between them.

Hugging Face's `tokenizers` (its Split, with the engine Oniguruma) matches it, here as in an exported tokenizer, so both split alike.
Oniguruma's tables say what a letter is. The expression is matched in whole documents, because no place within them is known to be a
border, so a stream is held in memory.
"""

from __future__ import annotations

from collections.abc import Callable

from tokenizers import Regex, pre_tokenizers

from gqvae.corpus.pretokenizers import PATTERN, Pretokenizer
from gqvae.errors import UserError, first_line


class Pattern(Pretokenizer):
    """See the module.

    Raises:
        UserError: `pattern` is not a valid expression.
    """

    portable = False

    def __init__(self, pattern: str) -> None:
        self.name, self._expression = PATTERN + pattern, pattern
        if not pattern or not pattern.isprintable():
            raise UserError(f"The pattern {pattern!r} is empty or holds control characters: write them as \\n or \\x{{0}}.")
        try:
            self._splitter = pre_tokenizers.Split(Regex(pattern), "isolated")
        except Exception as error:
            raise UserError(f"The pattern {pattern!r} is no expression of Oniguruma ({first_line(error)}): correct it.") from None

    def split(self, text: str) -> list[str]:
        """By the library."""
        return [pretoken for pretoken, _ in self._splitter.pre_tokenize_str(text)]

    def expression(self, escape: Callable[[int], str]) -> str:
        """As it was given."""
        return self._expression
