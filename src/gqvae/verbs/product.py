"""`gqvae tokenizer <verb>`: train, use, inspect and export a tokenizer."""

from __future__ import annotations

import argparse
from pathlib import Path

from gqvae.corpus.pretokenizers import DEFAULT
from gqvae.corpus.separators import DEFAULT as DEFAULT_SEPARATOR
from gqvae.jobs.product_training import METHODS, NETWORK
from gqvae.measures.parity import UNITS
from gqvae.report.comparison_columns import notes
from gqvae.verbs.parsers import (
    PATTERN,
    Argument,
    Once,
    Verbs,
    add_verb,
    argument,
    file,
    folder,
    folders,
    not_negative,
    positive,
    separator,
)

FORMS = ("text", "npy", "u16", "u32")
TOKENIZER = folder("--tokenizer", "folder of the tokenizer")
USED = (
    TOKENIZER,
    argument("--encoder", choices=("neural", "distilled"), help="encoder of a learned tokenizer (default: the saved one)"),
)
OUT = argument("--out", default="-", metavar="FILE", help="default: standard output")
FIELD = argument("--field", default="text", metavar="NAME", help="where .jsonl and .parquet files hold text (%(default)s)")
SEPARATOR = argument(
    "--separator", type=separator, default=DEFAULT_SEPARATOR, metavar="LINE",
    help="what stands between two documents of --text; '' for blank lines (%(default)s)",
)  # fmt: skip
DOCUMENTS = "a file, a folder, a quoted pattern or - (standard input); .txt, .jsonl or .parquet, plain or .xz, .gz, .zst"
TOKENIZERS = folders("--tokenizers", "folders of tokenizers; also tokenizer.json, .tiktoken and .model files of other programs")


def add_parsers(verbs: Verbs) -> None:
    """Register `tokenizer` and its verbs."""
    text = "train a tokenizer on your text, use it, inspect it, export it"
    inner = verbs.add_parser("tokenizer", help=text, description=f"{text[0].upper()}{text[1:]}.").add_subparsers(
        title="verbs", required=True, metavar="<verb>"
    )
    _add_train(inner)
    add_verb(
        inner, "product.encode", "encode text into token ids", "--tokenizer mine story.txt --out story.npy",
        *USED, _input("text, UTF-8"), OUT,
        argument("--format", choices=FORMS, help="format of the ids (default: by the name of --out, else text)"),
        argument("--threads", "--workers", type=positive, default=1, help="threads (%(default)s)"),
        argument(
            "--separator", type=separator, metavar="LINE", help="what stands between documents; each document then ends with id 256"
        ),
        argument("--field", metavar="NAME", help="where a .jsonl or .parquet file holds text; each row is then such a document"),
    )  # fmt: skip
    add_verb(
        inner, "product.decode", "decode token ids into text", "--tokenizer mine story.npy --out story.txt",
        *USED, _input("ids"), OUT,
        argument("--format", choices=FORMS, help="format of the ids (default: by the input's name, else text)"),
        argument("--separator", type=separator, metavar="LINE", help="line to write at the end of each document"),
    )  # fmt: skip
    add_verb(
        inner, "product.inspect", "show token lengths, sample segmentations and token use on a text; write the vocabulary",
        "--tokenizer mine --text story.txt --csv vocabulary.csv",
        *USED, PATTERN,
        argument("--text", type=Path, metavar="FILE", help=f"count tokens on these documents: {DOCUMENTS}"), FIELD, SEPARATOR,
        argument("--csv", type=Path, metavar="CSV", help="write the vocabulary, one row per id"),
    )  # fmt: skip
    add_verb(
        inner, "product.compare",
        "compare compression, fertility, fallback, speed, what small edits change, and what the parts of a text cost",
        "--tokenizers mine results/default/tokenizers/bpe/v512 --text de.txt en.txt --per document",
        TOKENIZERS, PATTERN,
        argument(
            "--text", type=Path, nargs="+", action="extend", required=True, metavar="FILE",
            help=f"documents: {DOCUMENTS}; of several, each is a part, e.g. a language",
        ),
        FIELD, SEPARATOR,
        argument("--label", metavar="NAME", help="where .jsonl and .parquet files say to which part a row belongs (default: a file is a part)"),
        argument(
            "--per", choices=UNITS, default="character",
            help="what the tokens of a part are counted for; document, if the parts are translations of each other (%(default)s)",
        ),
        argument("--csv", type=Path, metavar="CSV", help="also write what is measured of each tokenizer to a file"),
        argument("--parts-csv", type=Path, metavar="CSV", help="also write what is measured of each part to a file"),
        notes=notes,
    )  # fmt: skip
    add_verb(
        inner, "exports.export", "write files for transformers, tokenizers or tiktoken (docs/exports.md)",
        "--tokenizer results/default/tokenizers/bpe/v512 --out exported --special bos=<s> --special '<|im_start|>'",
        TOKENIZER, folder("--out", "folder for the files"),
        argument(
            "--format", choices=("tokenizers", "tokenizers-1", "tiktoken"), default="tokenizers",
            help="tokenizer.json for transformers and tokenizers before 1, or for tokenizers 1 as well; ranks for tiktoken, from bpe only "
            "(%(default)s)",
        ),
        argument(
            "--special", action="append", default=[], metavar="[ROLE=]TEXT",
            help="a special token, with a role (bos, eos, pad, unk, sep, cls, mask) or without; give it again for more. eos (default: "
            "<|endoftext|>) has id 256, pad (default: <|pad|>) and then the others follow the vocabulary",
        ),
        argument(
            "--parse-special", action="store_true",
            help="text that spells a special token becomes that token, as chat templates need (default: it stays text)",
        ),
        argument("--card", action="store_true", help="also write a model card, README.md"),
        argument("--text", type=Path, metavar="FILE", help=f"documents on which the card gives the compression: {DOCUMENTS}"),
        FIELD, SEPARATOR,
        argument("--push-to-hub", metavar="NAME", help="upload the folder to a model repository of the hub, made if necessary"),
    )  # fmt: skip
    add_verb(
        inner, "product.explore", "write an HTML page: your text under several tokenizers, side by side",
        "--tokenizers mine results/default/tokenizers/bpe/v512 --out tokens.html",
        TOKENIZERS, PATTERN,
        argument("--text", type=Path, metavar="FILE", help="passage to show first, plain text (default: a story)"),
        file("--out", "HTML", "page to write"),
    )  # fmt: skip


def _input(what: str) -> Argument:
    return argument("input", nargs="?", default="-", metavar="FILE", help=f"{what} (default: standard input)")


def _add_train(verbs: Verbs) -> None:
    parser = add_verb(
        verbs,
        "product_training.train",
        "train a tokenizer by one of four methods",
        "--method pathpiece --text stories.txt --vocab-size 4096 --out mine",
        argument("--method", choices=METHODS, default=NETWORK, help="see above (%(default)s)"),
        description="Train a tokenizer by one of four methods. pathpiece compresses best and takes seconds: it prunes a large "
        "vocabulary to the strings that save most tokens. bpe is the standard and the fastest; unigram, sentencepiece's "
        "alternative to BPE, compresses less. gqvae is the paper's method, for research: it trains a network, which takes "
        "minutes, and goes on when it was stopped and is called again. All read the same training split of a text, so their tokenizers are comparable.",
    )
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--text", type=Path, action=Once, metavar="FILE", help=f"documents: {DOCUMENTS}")
    source.add_argument("--corpus", metavar="FILE|JSON", help="settings of any source of text, see configs/README.md")
    parser.add_argument(*SEPARATOR[0], **SEPARATOR[1])
    parser.add_argument(
        "--pretokenizer", default=DEFAULT, metavar="NAME",
        help="what no token crosses: gpt2, cl100k, o200k, whitespace, bytes (none) or pattern:EXPRESSION (%(default)s)",
    )  # fmt: skip
    parser.add_argument(*FIELD[0], **FIELD[1])
    parser.add_argument(
        "--vocab-size", type=positive, nargs="+", action="extend", required=True, metavar="V",
        help="number of ids: strings, 256 bytes, end of document; one training serves several sizes. Padding comes after them, with "
        "id V: give an embedding len(tokenizer) rows, not V",
    )  # fmt: skip
    parser.add_argument(
        "--all-text", action="store_true",
        help=f"train on all of the text, which may be one document, and not on its training split only; not for {NETWORK}, which "
        "needs other text for validation",
    )  # fmt: skip
    parser.add_argument(
        "--settings",
        metavar="FILE|JSON",
        help="settings that differ from the method's defaults: docs/training.md lists them",
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder of the tokenizer; several sizes go into subfolders v<size>"
    )
    network = parser.add_argument_group(f"options of --method {NETWORK} only", argument_default=argparse.SUPPRESS)
    network.add_argument(
        "--steps", type=positive, metavar="N", help="optimiser steps (default: 1600); 200 are enough for a first look"
    )
    network.add_argument(
        "--bytes-per-token", type=float, metavar="R", help="set the gates to this compression (default: the fewest tokens)"
    )
    network.add_argument(
        "--encoder",
        choices=("neural", "distilled"),
        help="split text at gates (neural) or into the fewest tokens (distilled; default, unless --bytes-per-token is given)",
    )
    network.add_argument("--seed", type=not_negative, help="seed of weights and batches (default: 0)")
    network.add_argument("--threads", type=positive, help="threads torch may use (default: 1)")
