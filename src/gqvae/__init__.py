"""GQ-VAE: a gated quantized VAE for learning variable length tokens (arXiv 2512.21913), and the study around it.

from gqvae import load_tokenizer

tokenizer = load_tokenizer("results/default/tokenizers/gqvae-s0/v512")
ids = tokenizer.encode("Once upon a time")
assert tokenizer.decode(ids) == "Once upon a time"
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"
__all__ = ["Tokenizer", "UserError", "load_tokenizer"]

if TYPE_CHECKING:
    from gqvae.errors import UserError
    from gqvae.tokenizers.load import Tokenizer, load_tokenizer


def __getattr__(name: str) -> object:
    """Import public names on first use, so that `gqvae --help` stays fast."""
    if name in __all__:
        return getattr(import_module("gqvae.errors" if name == "UserError" else "gqvae.tokenizers.load"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
