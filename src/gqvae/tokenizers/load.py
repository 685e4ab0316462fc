"""`load_tokenizer` with every kind registered, and the choice of an encoder."""

from __future__ import annotations

from pathlib import Path

from gqvae.devices import claim_gpu
from gqvae.errors import UserError
from gqvae.tokenizers import bpe, bytes, learned  # noqa: F401  (each registers its kind)
from gqvae.tokenizers.base import Tokenizer, load_tokenizer

__all__ = ["Tokenizer", "load_on_device", "load_tokenizer", "load_with_encoder"]


def load_on_device(folder: Path) -> Tokenizer:
    """Load a tokenizer; its network, if it has one, runs on the GPU if there is one."""
    tokenizer = load_tokenizer(folder)
    if any(one.encoder == "neural" for one in tokenizer.encoders()):
        claim_gpu()
    return tokenizer.to("auto")


def load_with_encoder(folder: Path, encoder: str | None) -> Tokenizer:
    """Load a tokenizer with an encoder (None: the one it was saved with).

    Raises:
        UserError: `load_tokenizer` refuses the folder, or the tokenizer's kind has no such encoder.
    """
    tokenizer = load_tokenizer(folder)
    if encoder is None or encoder == tokenizer.encoder:
        return tokenizer
    for one in tokenizer.encoders():
        if one.encoder == encoder:
            return one
    raise UserError(f"{folder} holds a {tokenizer.kind} tokenizer, which has one encoder only: leave the encoder out.")
