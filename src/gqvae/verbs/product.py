"""`gqvae tokenizer <verb>`: train, use, inspect and export a tokenizer."""

from __future__ import annotations

import argparse
from pathlib import Path

from gqvae.jobs.product_training import METHODS, NETWORK
from gqvae.verbs.parsers import Verbs, add_file, add_folder, add_folders, add_verb, not_negative, positive, separator

SEPARATOR = "<|endoftext|>"
FORMS = ("text", "npy", "u16", "u32")


def add_parsers(verbs: Verbs) -> None:
    """Register `tokenizer` and its verbs."""
    text = "train a tokenizer on your text, use it, inspect it, export it"
    inner = verbs.add_parser("tokenizer", help=text, description=f"{text[0].upper()}{text[1:]}.").add_subparsers(
        title="verbs", required=True, metavar="<verb>"
    )

    _add_train(inner)

    parser = add_verb(
        inner, "encode", "product.encode", "encode text into token ids",
        "gqvae tokenizer encode --tokenizer mine story.txt --out story.npy",
    )  # fmt: skip
    _tokenizer(parser)
    _streams(parser, "text, UTF-8")
    parser.add_argument("--format", choices=FORMS, help="format of the ids (default: by the name of --out, else text)")
    parser.add_argument("--workers", type=positive, default=1, help="processes (%(default)s)")
    parser.add_argument(
        "--separator", type=separator, metavar="LINE", help="line between documents; each document then ends with id 256"
    )

    parser = add_verb(
        inner, "decode", "product.decode", "decode token ids into text",
        "gqvae tokenizer decode --tokenizer mine story.npy --out story.txt",
    )  # fmt: skip
    _tokenizer(parser)
    _streams(parser, "ids")
    parser.add_argument("--format", choices=FORMS, help="format of the ids (default: by the input's name, else text)")
    parser.add_argument("--separator", type=separator, metavar="LINE", help="line to write at the end of each document")

    parser = add_verb(
        inner, "inspect", "product.inspect", "show token lengths, use on a text and segmentations; write the vocabulary",
        "gqvae tokenizer inspect --tokenizer mine --text story.txt --csv vocabulary.csv",
    )  # fmt: skip
    _tokenizer(parser)
    parser.add_argument("--text", type=Path, metavar="FILE", help="count tokens on this text")
    parser.add_argument("--csv", type=Path, metavar="CSV", help="write the vocabulary, one row per id")

    parser = add_verb(
        inner, "compare", "product.compare", "compare compression, fertility, fallback and speed on one text",
        "gqvae tokenizer compare --tokenizers mine results/default/tokenizers/bpe/v512 --text story.txt",
    )  # fmt: skip
    add_folders(parser, "--tokenizers", "folders of tokenizers")
    parser.add_argument("--text", type=Path, required=True, metavar="FILE", help="the text, UTF-8")
    parser.add_argument("--csv", type=Path, metavar="CSV", help="also write the table to a file")

    parser = add_verb(
        inner, "export", "product.export", "write files for tokenizers.Tokenizer.from_file and transformers.AutoTokenizer",
        "gqvae tokenizer export --tokenizer results/default/tokenizers/bpe/v512 --out exported",
    )  # fmt: skip
    add_folder(parser, "--tokenizer", "folder of the tokenizer")
    add_folder(parser, "--out", "folder for tokenizer.json and tokenizer_config.json")

    parser = add_verb(
        inner, "explore", "product.explore", "write an HTML page: your text under several tokenizers, side by side",
        "gqvae tokenizer explore --tokenizers mine results/default/tokenizers/bpe/v512 --out tokens.html",
    )  # fmt: skip
    add_folders(parser, "--tokenizers", "folders of tokenizers")
    parser.add_argument("--text", type=Path, metavar="FILE", help="passage to show first (default: a story)")
    add_file(parser, "--out", "HTML", "page to write")


def _tokenizer(parser: argparse.ArgumentParser) -> None:
    add_folder(parser, "--tokenizer", "folder of the tokenizer")
    parser.add_argument(
        "--encoder", choices=("neural", "distilled"), help="encoder of a learned tokenizer (default: the saved one)"
    )


def _streams(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument("input", nargs="?", default="-", metavar="FILE", help=f"{what} (default: standard input)")
    parser.add_argument("--out", default="-", metavar="FILE", help="default: standard output")


def _add_train(verbs: Verbs) -> None:
    parser = add_verb(
        verbs,
        "train",
        "product_training.train",
        "train a tokenizer by one of four methods",
        "gqvae tokenizer train --method pathpiece --text stories.txt --vocab-size 4096 --out mine",
        "Train a tokenizer by one of four methods. pathpiece compresses best and takes seconds: it prunes a large "
        "vocabulary to the strings that save most tokens. bpe is the standard and the fastest; unigram, sentencepiece's other "
        "method, compresses less. gqvae is the paper's method, for research: it trains a network, which takes minutes, and "
        "resumes when called again. All read the same training split of the text, so their tokenizers can be compared.",
    )
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
        help="number of ids: strings, 256 bytes, end of document; one training serves several sizes",
    )
    parser.add_argument(
        "--settings",
        metavar="FILE|JSON",
        help="settings of the method: a NetworkRun block (configs/README.md) for gqvae, the Settings of "
        "gqvae/tokenizers/<method>.py for the others",
    )
    add_folder(parser, "--out", "folder of the tokenizer; several sizes go into subfolders v<size>")
    network = parser.add_argument_group(f"options of --method {NETWORK} only", argument_default=argparse.SUPPRESS)
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
