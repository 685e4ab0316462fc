"""`load_tokenizer` with every kind registered."""

from __future__ import annotations

from gqvae.tokenizers import bpe, bytes, learned  # noqa: F401  (each registers its kind)
from gqvae.tokenizers.base import Tokenizer, load_tokenizer

__all__ = ["Tokenizer", "load_tokenizer"]
