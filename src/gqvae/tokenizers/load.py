"""`load_tokenizer` with every kind registered; torch is imported only for the kinds that need it."""

from __future__ import annotations

from pathlib import Path

from gqvae.files import read_json
from gqvae.tokenizers import base, bpe, bytes
from gqvae.tokenizers.base import MANIFEST, Tokenizer

__all__ = ["load_tokenizer"]

_PLAIN = {bytes.BytesTokenizer.kind, bpe.BPETokenizer.kind}


def load_tokenizer(folder: Path | str) -> Tokenizer:
    """Load any saved tokenizer; see `gqvae.tokenizers.base.load_tokenizer` for what it refuses."""
    manifest = read_json(Path(folder) / MANIFEST)
    if isinstance(manifest, dict) and manifest.get("kind") not in _PLAIN:
        from gqvae.tokenizers import learned  # noqa: F401  (registers its kind)
    return base.load_tokenizer(folder)
