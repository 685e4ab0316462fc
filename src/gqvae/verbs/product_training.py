"""`gqvae tokenizer train`: any of the methods on a text of the user's, from the same training split to the same kind of folder."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from gqvae.errors import UserError
from gqvae.verbs.numbers import not_negative, positive
from gqvae.verbs.streams import separator

if TYPE_CHECKING:
    from gqvae.config import CorpusBase
    from gqvae.tokenizers.base import Tokenizer

Verbs: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # what `add_subparsers` returns

NETWORK = "gqvae"
METHODS = (NETWORK, "pathpiece", "bpe", "unigram")
OF_NETWORK = ("bytes_per_token", "encoder", "seed", "threads")  # options that the other methods do not have
SEPARATOR = "<|endoftext|>"

logger = logging.getLogger("gqvae")


def add_parser(verbs: Verbs) -> None:
    """Register `train`."""
    parser = verbs.add_parser(
        "train",
        help="train a tokenizer by one of four methods",
        description="Train a tokenizer by one of four methods. pathpiece compresses best and takes seconds: it prunes a large "
        "vocabulary to the strings that save most tokens. bpe is the standard and the fastest; unigram, sentencepiece's other "
        "method, compresses less. gqvae is the paper's method and meant for research: it trains a network, which takes minutes, and, "
        "called again after a kill, goes on. All read the same training split of the text, so that their tokenizers may be compared.",
        epilog="example: gqvae tokenizer train --method pathpiece --text stories.txt --vocab-size 4096 --out mine",
    )
    parser.set_defaults(run=train)
    parser.add_argument("--method", choices=METHODS, default=NETWORK, help="see above (%(default)s)")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--text", type=Path, metavar="FILE", help="a file of documents, plain or .xz, .gz, .zst")
    source.add_argument("--corpus", metavar="FILE|JSON", help="settings of any source of text, see configs/README.md")
    parser.add_argument(
        "--separator",
        type=separator,
        default=SEPARATOR,
        metavar="LINE",
        help="the line between two documents of --text; '' for blank lines (%(default)s)",
    )
    parser.add_argument(
        "--vocab-size",
        type=positive,
        nargs="+",
        required=True,
        metavar="V",
        help="ids: strings, 256 bytes, the end of a document; one training serves several sizes",
    )
    parser.add_argument(
        "--settings",
        metavar="FILE|JSON",
        help="of the method, in place of its defaults: a NetworkRun block of configs/README.md for gqvae, the Settings of "
        "gqvae/tokenizers/<method>.py for the others",
    )
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="DIR",
        help="folder of the tokenizer; of several sizes, one folder v<size> each in it",
    )
    network = parser.add_argument_group(f"options of --method {NETWORK} alone", argument_default=argparse.SUPPRESS)
    network.add_argument(
        "--bytes-per-token", type=float, metavar="R", help="set the gates to this compression (default: the fewest tokens)"
    )
    network.add_argument(
        "--encoder",
        choices=("neural", "distilled"),
        help="gates, or the fewest tokens of the vocabulary (default: distilled; neural with --bytes-per-token)",
    )
    network.add_argument("--seed", type=not_negative, help="seed of weights and batches (default: 0)")
    network.add_argument("--threads", type=positive, help="threads torch may use (default: 1)")


def train(arguments: argparse.Namespace) -> None:
    """Train, save and export."""
    from gqvae.config import RESERVED_IDS, TextCorpus, load_corpus
    from gqvae.tokenizers.from_text import folders_of

    corpus = (
        load_corpus(arguments.corpus, "--corpus")
        if arguments.corpus
        else TextCorpus(path=str(arguments.text), separator=arguments.separator)
    )
    if min(arguments.vocab_size) <= RESERVED_IDS:
        raise UserError(
            f"--vocab-size is {min(arguments.vocab_size)}: give more than {RESERVED_IDS} (256 bytes, the end of a document)."
        )
    made = (_by_network if arguments.method == NETWORK else _by_counts)(corpus, arguments)
    folders = folders_of(arguments.out, arguments.vocab_size)
    for size, tokenizer in made.items():
        logger.info("%s: %d ids%s", folders[size], tokenizer.vocab_size, tokenizer.encoder and f", encoder {tokenizer.encoder}")


def _by_network(corpus: CorpusBase, arguments: argparse.Namespace) -> dict[int, Tokenizer]:
    """Train a network and prune its codes."""
    from gqvae.config import Distillation, NetworkRun, load_settings, parse

    rate, encoder = getattr(arguments, "bytes_per_token", None), getattr(arguments, "encoder", None)
    if rate is not None and encoder == "distilled":
        raise UserError("--bytes-per-token sets the gates, which --encoder distilled does not ask: leave one of them out.")
    encoder = encoder or ("distilled" if rate is None else "neural")
    wanted = parse(Distillation, {"encoder": encoder, "sizes": arguments.vocab_size, "bytes_per_token": rate}, "the command line")
    run = load_settings(NetworkRun, arguments.settings) if arguments.settings else None
    from gqvae.training.tokenizer import train_tokenizer  # torch takes seconds: what is wrong above is said at once

    seed, threads = getattr(arguments, "seed", 0), getattr(arguments, "threads", 1)
    return train_tokenizer(corpus, wanted, arguments.out, run=run, seed=seed, threads=threads)


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
    return train_counted(corpus, wanted, arguments.out)
