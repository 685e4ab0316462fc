"""Exports byte-level BPE for `tiktoken`: ranks in its text format, and the other arguments of `tiktoken.Encoding` as JSON.

`tiktoken` merges the pair whose bytes have the lowest rank, leftmost first. Our pieces are merged in the order of their ids, so an
id is a rank. See docs/exports.md for how to load the files.
"""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path

from gqvae.config import END_OF_DOCUMENT
from gqvae.corpus.pretokenizers import pretokenizer
from gqvae.errors import UserError
from gqvae.files import atomic_open
from gqvae.tokenizers.base import Tokenizer
from gqvae.tokenizers.export import OTHER_EXPORT, check_texts
from gqvae.tokenizers.special_tokens import SpecialTokens

RANKS = "ranks.tiktoken"
ENCODING = "tiktoken.json"


def export_tiktoken(tokenizer: Tokenizer, folder: Path, specials: SpecialTokens) -> None:
    """Write the two files.

    Raises:
        UserError: the tokenizer does not merge pairs, or the folder holds other files of these names.
    """
    if tokenizer.segmentation != "merges":
        raise UserError(
            f"tiktoken merges pairs of tokens, but a tokenizer of kind {tokenizer.kind} does not: leave out --format."
        )
    splitter = pretokenizer(tokenizer.pretokenizer)
    if not splitter.portable:
        raise UserError(f"tiktoken may read the expression of {splitter.name!r} otherwise than Oniguruma: leave out --format.")
    check_texts(tokenizer, specials)
    ranks = [
        f"{b64encode(token).decode()} {rank}\n" for rank, token in enumerate(tokenizer.token_bytes) if rank != END_OF_DOCUMENT
    ]
    encoding = {
        "name": f"gqvae-{tokenizer.vocab_size}",
        "pat_str": splitter.expression("\\x{{{:x}}}".format),
        "special_tokens": specials.ids,
        "explicit_n_vocab": len(ranks) + len(specials.ids),
    }
    files = {folder / RANKS: "".join(ranks), folder / ENCODING: json.dumps(encoding, indent=2) + "\n"}
    for path, text in files.items():
        if path.exists() and path.read_bytes() != text.encode("utf-8"):
            raise UserError(f"{path} {OTHER_EXPORT}")
    folder.mkdir(parents=True, exist_ok=True)
    for path, text in files.items():
        with atomic_open(path) as stream:
            stream.write(text)
