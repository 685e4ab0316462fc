"""`gqvae tokenizer train`: every method reads the same training split, unless it is told to read all, and writes the same kind of folder."""

from __future__ import annotations

import argparse
import logging
from typing import TYPE_CHECKING

from gqvae.errors import UserError

if TYPE_CHECKING:
    from gqvae.config import CorpusBase
    from gqvae.tokenizers.base import Tokenizer

NETWORK = "gqvae"
METHODS = (NETWORK, "pathpiece", "bpe", "unigram")
OF_NETWORK = ("steps", "bytes_per_token", "encoder", "seed", "threads")  # options that the other methods do not have

logger = logging.getLogger("gqvae")


def train(arguments: argparse.Namespace) -> None:
    """Train, save and export."""
    from gqvae.config import RESERVED_IDS, SOURCES, load_corpus, parse
    from gqvae.corpus.local_files import input_path
    from gqvae.corpus.pretokenizers import pretokenizer
    from gqvae.tokenizers.from_text import folders_of
    from gqvae.tokenizers.sentencepieces import LARGEST

    corpus = (
        load_corpus(arguments.corpus, "--corpus")
        if arguments.corpus
        else parse(
            SOURCES["text"],
            {"path": str(input_path(arguments.text)), "separator": arguments.separator, "field": arguments.field},
            "--text",
        )
    )
    if min(arguments.vocab_size) <= RESERVED_IDS:
        raise UserError(
            f"--vocab-size is {min(arguments.vocab_size)}: give more than {RESERVED_IDS} (256 bytes, the end of a document)."
        )
    if max(arguments.vocab_size) > LARGEST:
        raise UserError(f"--vocab-size is {max(arguments.vocab_size)}: give {LARGEST:,} at most.")
    pretokenizer(arguments.pretokenizer)  # is there such a one? Counting comes later
    made = (_by_network if arguments.method == NETWORK else _by_counts)(corpus, arguments)
    folders = folders_of(arguments.out, arguments.vocab_size)
    for size, tokenizer in made.items():
        logger.info("%s: %d ids%s", folders[size], tokenizer.vocab_size, tokenizer.encoder and f", encoder {tokenizer.encoder}")


def _by_network(corpus: CorpusBase, arguments: argparse.Namespace) -> dict[int, Tokenizer]:
    """Train a network and prune its codes."""
    from gqvae.config import Distillation, parse, read_settings
    from gqvae.training.default_run import run_with

    if arguments.all_text:
        raise UserError(
            f"--method {NETWORK} needs text for validation, and --all-text leaves none: leave it out, or choose another method."
        )
    rate, encoder = getattr(arguments, "bytes_per_token", None), getattr(arguments, "encoder", None)
    if rate is not None and encoder == "distilled":
        raise UserError("--bytes-per-token sets the gates, which --encoder distilled does not use: leave one of them out.")
    encoder = encoder or ("distilled" if rate is None else "neural")
    wanted = parse(Distillation, {"encoder": encoder, "sizes": arguments.vocab_size, "bytes_per_token": rate}, "the command line")
    settings, origin = read_settings(arguments.settings) if arguments.settings else ({}, "the command line")
    run = run_with(settings, origin, max(wanted.sizes), getattr(arguments, "steps", None))
    from gqvae.training.tokenizer import train_tokenizer  # torch takes seconds: report the errors above first

    seed, threads = getattr(arguments, "seed", 0), getattr(arguments, "threads", 1)
    return train_tokenizer(corpus, wanted, arguments.out, run, seed=seed, threads=threads, pretokenizer=arguments.pretokenizer)


def _by_counts(corpus: CorpusBase, arguments: argparse.Namespace) -> dict[int, Tokenizer]:
    """Count pre-tokens and choose strings."""
    from gqvae.config import CountedTraining, parse, read_settings
    from gqvae.tokenizers.from_text import train_counted

    given = [f"--{name.replace('_', '-')}" for name in OF_NETWORK if hasattr(arguments, name)]
    if given:
        raise UserError(
            f"--method {arguments.method} has no {' and no '.join(given)}: leave it out, or choose --method {NETWORK}."
        )
    settings, origin = read_settings(arguments.settings) if arguments.settings else ({}, "the command line")
    wanted = parse(CountedTraining, {"tokenizer": arguments.method, "settings": settings, "sizes": arguments.vocab_size}, origin)
    return train_counted(corpus, wanted, arguments.out, arguments.pretokenizer, all_text=arguments.all_text)
