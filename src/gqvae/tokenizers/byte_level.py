"""GPT-2's byte-level alphabet: each byte as one printable character, so that text files can hold any bytes.

Source: Radford et al. 2019, `bytes_to_unicode`. None of its characters is white space, a control character or U+2581.
"""

from __future__ import annotations

from gqvae.config import BYTE_VALUES

_PRINTABLE = [*range(33, 127), *range(161, 173), *range(174, 256)]
_OTHERS = [value for value in range(BYTE_VALUES) if value not in _PRINTABLE]
_TO_TEXT = {value: chr(value) for value in _PRINTABLE} | {value: chr(BYTE_VALUES + place) for place, value in enumerate(_OTHERS)}
_TO_BYTE = {character: value for value, character in _TO_TEXT.items()}
CHARACTERS = [_TO_TEXT[value] for value in range(BYTE_VALUES)]


def to_text(data: bytes) -> str:
    """Bytes as printable text of the same length."""
    return data.decode("latin-1").translate(_TO_TEXT)


def to_bytes(text: str) -> bytes:
    """The inverse of `to_text`.

    Raises:
        KeyError: a character is not in the alphabet.
    """
    return bytes(_TO_BYTE[character] for character in text)
