"""The fewest tokens as a Unigram model over characters, for libraries that know the byte-level alphabet in BPE models alone.

Tokens are texts. The bytes of characters without a token are the pieces <0x80> to <0xFF>: sentencepiece's byte fallback. The best
path is ours if such a character costs as much as its bytes. `tokenizers` gives them all the same cost, which matters only for
characters that also occur inside tokens: those must have one length.
"""

from __future__ import annotations

from itertools import pairwise

from tokenizers import models

from gqvae.config import BYTE_VALUES, END_OF_DOCUMENT
from gqvae.errors import UserError
from gqvae.tokenizers.base import Tokenizer
from gqvae.tokenizers.special_tokens import SpecialTokens

SCORE = -10.0  # of every token
UNKNOWN = -10.0  # a character without a token scores this much less than the lowest score of the vocabulary
OTHERWISE = "leave out --format to export it for tokenizers < 1 and transformers."


def character_model(tokenizer: Tokenizer, specials: SpecialTokens) -> models.Unigram:
    """A model with the ids of a tokenizer that splits GPT-2's pre-tokens into the fewest tokens; `ByteFallback` decodes.

    Raises:
        UserError: the vocabulary or a special token cannot be written in this form; the message says why.
    """
    words = [chr(value) if value < 128 else f"<0x{value:02X}>" for value in range(BYTE_VALUES)]
    try:
        words += ["", *(string.decode("utf-8") for string in tokenizer.strings)]
    except UnicodeDecodeError as error:
        raise UserError(
            f"The vocabulary holds {error.object!r}, a part of a character, which tokenizers 1 cannot: {OTHERWISE}"
        ) from None
    inside = {character for word in words for character in word if not character.isascii()}.difference(words)
    lengths = sorted({len(character.encode("utf-8")) for character in inside})
    if len(lengths) > 1:
        raise UserError(
            f"Characters of {lengths[0]} and of {lengths[1]} bytes occur inside tokens alone, which tokenizers 1 cannot: {OTHERWISE}"
        )
    vague = [text for text in specials.ids if not _is_cut(text)]
    if vague:
        raise UserError(f"The special token {vague[0]!r} may be a part of a word: give it a form such as <word>, or {OTHERWISE}")
    pieces = specials.placed([(word, SCORE) for word in words], lambda text: (text, SCORE))
    lowest = SCORE * lengths[0] - UNKNOWN if lengths else SCORE
    pieces[END_OF_DOCUMENT] = (pieces[END_OF_DOCUMENT][0], lowest)  # it is never spelt: its score sets the cost of the unknown
    return models.Unigram(pieces, END_OF_DOCUMENT, True)


def _is_cut(text: str) -> bool:
    """Whether GPT-2's pre-tokenizer cuts a text wherever it stands: between a letter or digit and a mark, the apostrophe apart."""
    return any(
        (_in_word(first) and _is_mark(second)) or (_is_mark(first) and _in_word(second) and first != "'")
        for first, second in pairwise(text)
    )


def _in_word(character: str) -> bool:
    return character.isascii() and character.isalnum()


def _is_mark(character: str) -> bool:
    return not character.isalnum() and not character.isspace()
