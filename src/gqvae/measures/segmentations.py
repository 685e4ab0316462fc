"""One sentence as tokenizers split it: an example to look at. A rule chooses the sentence, so that nobody picks one that suits an arm."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from gqvae.corpus.pretokenizers import pretokenizer
from gqvae.corpus.pretokens import PretokenCounts
from gqvae.tokenizers.base import Tokenizer
from gqvae.tokenizers.byte_level import to_text

SHORTEST, LONGEST = 40, 70  # bytes of the sentence
RARE = 10  # a word that the training text holds fewer times is rare
# To a full stop, with the quotes after it, or to the end of the line.
SENTENCE = re.compile(r"""\S.*?(?:[.!?]["'”’)]*(?=\s|$)|[。！？]|$)""", re.MULTILINE)


def sentence(documents: Iterable[bytes], training: PretokenCounts) -> str:
    """The first sentence of SHORTEST to LONGEST bytes with a rare word.

    If no sentence of that length has a rare word, it is the first one; if there is none of that length, the beginning of the text.

    Args:
        documents: UTF-8 text.
        training: the pre-tokens of the training split, which say what is rare.
    """
    known, split = dict(training.pairs()), pretokenizer(training.pretokenizer).split
    beginning = common = ""
    for document in documents:
        beginning = beginning or document[:LONGEST].decode("utf-8", errors="ignore")
        for match in SENTENCE.finditer(document.decode("utf-8")):
            found = match.group().strip()
            if not SHORTEST <= len(found.encode("utf-8")) <= LONGEST:
                continue
            common = common or found
            words = split(found)[1:]  # the first has no blank before it, which alone makes it rare
            if any(word.strip().isalpha() and known.get(word.encode("utf-8"), 0) < RARE for word in words):
                return found
    return common or beginning


def segmented(tokenizer: Tokenizer, text: str) -> dict[str, Any]:
    """How a tokenizer splits a text: vocab_size, tokens, and the segmentation, in the byte-level alphabet with blanks between tokens."""
    tokens = [tokenizer.token_bytes[one] for one in tokenizer.encode(text)]
    if not text.startswith(tokenizer.prefix.decode("utf-8")):
        tokens[:1] = [first.removeprefix(tokenizer.prefix) for first in tokens[:1]]
    return {"vocab_size": tokenizer.vocab_size, "tokens": len(tokens), "segmentation": " ".join(map(to_text, tokens))}
