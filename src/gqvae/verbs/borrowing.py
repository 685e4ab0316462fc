"""The verb that takes a tokenizer of another arm or study; a module of its own, so that it makes no other tokenizer again."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_parsers(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the verb of this module."""
    text = "copy a tokenizer of another arm or study, set to an encoder"
    example = (
        "gqvae borrow-tokenizer --tokenizer results/x/tokenizers/gqvae-s0/v1024 --encoder distilled "
        "--out results/x/tokenizers/gqvae_distilled-s0/v1024"
    )
    parser = verbs.add_parser("borrow-tokenizer", help=text, description=text, epilog=f"example: {example}")
    parser.add_argument("--tokenizer", type=Path, required=True, metavar="DIR", help="folder of the tokenizer")
    parser.add_argument("--encoder", choices=("neural", "distilled"), help="of a network (default: the one it was saved with)")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of the copy")
    parser.set_defaults(run=borrow_tokenizer)


def borrow_tokenizer(arguments: argparse.Namespace) -> None:
    """Write another arm's tokenizer, perhaps with its other encoder."""
    from gqvae.tokenizers.load import load_with_encoder

    load_with_encoder(arguments.tokenizer, arguments.encoder).save(arguments.out)
