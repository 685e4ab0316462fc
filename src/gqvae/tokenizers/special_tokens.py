"""The special tokens of an exported tokenizer: the end of a document keeps its id, padding and others follow the vocabulary."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from gqvae.config import END_OF_DOCUMENT
from gqvae.errors import UserError
from gqvae.tokenizers.byte_level import to_bytes

END_OF_DOCUMENT_TEXT = "<|endoftext|>"
PADDING_TEXT = "<|pad|>"
ROLES = ("bos", "eos", "pad", "unk", "sep", "cls", "mask")  # those that `transformers` knows, as <role>_token

Entry = TypeVar("Entry")


class SpecialTokens(NamedTuple):
    """Texts and ids of special tokens.

    Attributes:
        ids: the id of each text; the end of a document first, then ids from V in order.
        roles: the text of each role, `eos` and `pad` among them.
    """

    ids: dict[str, int]
    roles: dict[str, str]

    @property
    def others(self) -> list[str]:
        """The texts without a role, such as the markers of a chat."""
        return [text for text in self.ids if text not in self.roles.values()]

    def rows(self, vocab_size: int) -> int:
        """The rows of an embedding, which `transformers` calls len(tokenizer): one more than the largest id."""
        return max(vocab_size, *(token + 1 for token in self.ids.values()))

    def placed(self, entries: Sequence[Entry], special: Callable[[str], Entry]) -> list[Entry]:
        """What a vocabulary has for each id, given that of its tokens and a function for the texts of special tokens."""
        found = dict(enumerate(entries)) | {token: special(text) for text, token in self.ids.items()}
        return [found[token] for token in range(len(found))]


def special_tokens(vocab_size: int, requested: Sequence[str] = ()) -> SpecialTokens:
    """Give special tokens their ids: eos has that of the end of a document; the others get V, V + 1, …, padding first.

    Args:
        vocab_size: V.
        requested: texts, with or without a role: "<|im_start|>", "bos=<s>". Several roles may share a text, and so an id.

    Raises:
        UserError: a role is unknown or given twice, or a text is empty, given twice or cannot be decoded.
    """
    roles: dict[str, str] = {}
    others: list[str] = []
    for one in requested:
        named = re.fullmatch(r"(\w+)=(.*)", one, re.DOTALL)
        role, text = named.groups() if named else ("", one)
        if role and role not in ROLES:
            raise UserError(f"--special {one}: there is no role {role!r}: use {', '.join(ROLES)}, or give the text alone.")
        if role in roles or (not role and text in others):
            raise UserError(f"--special: {role or text} is given twice: leave one out.")
        if not text or not _decodable(text):
            raise UserError(f"--special {one!r}: other libraries cannot decode this text: use ASCII, such as <s>.")
        if role:
            roles[role] = text
        else:
            others.append(text)
    eos, pad = roles.pop("eos", END_OF_DOCUMENT_TEXT), roles.pop("pad", PADDING_TEXT)
    roles = {"eos": eos, "pad": pad, **roles}
    ids = {eos: END_OF_DOCUMENT}
    for text in dict.fromkeys([*roles.values(), *others]):
        ids.setdefault(text, vocab_size + len(ids) - 1)
    return SpecialTokens(ids, roles)


def _decodable(text: str) -> bool:
    """Whether byte-level decoders give the text back; they take characters of the byte-level alphabet for bytes."""
    try:
        return to_bytes(text) == text.encode("utf-8")
    except KeyError:  # a character outside the alphabet, so decoders leave the whole text alone
        return not re.search("[\ud800-\udfff]", text)
