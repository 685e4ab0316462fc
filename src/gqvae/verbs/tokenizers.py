"""Verbs that make tokenizers, measure them, and encode the corpus with them."""

from __future__ import annotations

import argparse

from gqvae.verbs.parsers import Verbs, add_file, add_folder, add_folders, add_settings, add_threads, add_verb, not_negative

COUNTS = "pre-token counts written by count-pretokens"
SEVERAL = "folder for the tokenizers, one folder v<size> each"


def add_parsers(verbs: Verbs) -> None:
    """Register the verbs of this module."""
    parser = add_verb(
        verbs, "train-network", "networks.train_network", "train the network of a GQ-VAE or fixed-length tokenizer",
        "gqvae train-network --settings '{\"training\": {\"steps\": 50, \"unquantized_steps\": 30}}' --label gqvae --seed 0 "
        "--pretokens results/x/pretokens --out results/x/networks/gqvae-s0 --state results/x/.state/networks/gqvae-s0",
    )  # fmt: skip
    _add_network(parser)
    parser.add_argument("--settings", required=True, metavar="FILE|JSON", help="settings of that module; NetworkRun for gqvae")
    parser.add_argument("--label", default="network", help="name of the run in progress lines")
    parser.add_argument("--seed", type=not_negative, default=0, help="seed of weights and batches")
    add_folder(parser, "--pretokens", COUNTS)
    add_folder(parser, "--out", "folder of the network")
    add_folder(parser, "--state", "folder of the state for resumption; removed on success")
    add_threads(parser)

    parser = add_verb(
        verbs, "make-tokenizers", "networks.make_tokenizers", "make tokenizers of several sizes from a trained network",
        "gqvae make-tokenizers --settings '{\"sizes\": [512, 1024]}' --trained results/x/networks/gqvae-s0 "
        "--pretokens results/x/pretokens --out results/x/tokenizers/gqvae-s0",
    )  # fmt: skip
    _add_network(parser)
    add_settings(parser, "Distillation")
    add_folder(parser, "--trained", "folder of a trained network")
    add_folder(parser, "--pretokens", COUNTS)
    add_folder(parser, "--out", SEVERAL)

    parser = add_verb(
        verbs, "measure-rates", "networks.measure_rates",
        "compare requested rates with those reached, and how near tokenizers come to a requested compression",
        "gqvae measure-rates --tokenizers results/x/tokenizers/gqvae-s0/v1024 --bpe results/x/tokenizers/bpe/v1024 "
        "--pretokens results/x/pretokens --out rates.csv",
    )  # fmt: skip
    add_folders(parser, "--tokenizers", "learned tokenizers <family>/<variant>")
    add_folder(parser, "--bpe", "BPE of the same vocabulary size; up to 90 %% of its compression is requested")
    add_folder(parser, "--pretokens", COUNTS)
    add_file(parser, "--out", "CSV", "table to write")

    parser = add_verb(
        verbs, "make-bytes", "tokenizers.make_bytes", "make the tokenizer of single bytes",
        "gqvae make-bytes --out results/x/tokenizers/bytes",
    )  # fmt: skip
    add_folder(parser, "--out", "folder for the tokenizer's folder v257")

    parser = add_verb(
        verbs, "train-counted", "tokenizers.train_counted", "make tokenizers of several sizes from pre-token counts, e.g. BPE",
        "gqvae train-counted --settings '{\"tokenizer\": \"bpe\", \"sizes\": [1024]}' --pretokens results/x/pretokens/train.npz "
        "--out results/x/tokenizers/bpe",
    )  # fmt: skip
    add_settings(parser, "CountedTraining")
    add_file(parser, "--pretokens", "NPZ", "counts of the training text's pre-tokens")
    add_folder(parser, "--out", SEVERAL)

    parser = add_verb(
        verbs, "match-compression", "tokenizers.match_compression",
        "search for the vocabulary size that matches a tokenizer's compression",
        "gqvae match-compression --settings '{\"tokenizer\": \"bpe\"}' --target results/x/tokenizers/gqvae-s0/v1024 "
        "--pretokens results/x/pretokens --out results/x/tokenizers/bpe_matched-s0/matched",
    )  # fmt: skip
    add_settings(parser, "Matching")
    add_folder(parser, "--target", "folder of the tokenizer to match")
    add_folder(parser, "--pretokens", COUNTS)
    add_folder(parser, "--out", "folder of the matched tokenizer")

    parser = add_verb(
        verbs, "borrow-tokenizer", "tokenizers.borrow_tokenizer", "copy another arm's or study's tokenizer, set to an encoder",
        "gqvae borrow-tokenizer --tokenizer results/x/tokenizers/gqvae-s0/v1024 --encoder distilled "
        "--out results/x/tokenizers/gqvae_distilled-s0/v1024",
    )  # fmt: skip
    add_folder(parser, "--tokenizer", "folder of the tokenizer")
    parser.add_argument("--encoder", choices=("neural", "distilled"), help="of a learned tokenizer (default: the saved one)")
    add_folder(parser, "--out", "folder of the copy")

    parser = add_verb(
        verbs, "measure-compression", "tokenizers.measure_compression",
        "bytes per token of tokenizers on the validation and test splits",
        "gqvae measure-compression --arm bpe --tokenizers results/x/tokenizers/bpe/v1024 --pretokens results/x/pretokens --out bpe.csv",
    )  # fmt: skip
    parser.add_argument("--arm", required=True, help="name of the arm")
    parser.add_argument("--seed", type=not_negative, default=None, help="seed of the tokenizers, if they have one")
    add_folders(parser, "--tokenizers", "folders of the tokenizers")
    add_folder(parser, "--pretokens", COUNTS)
    add_file(parser, "--out", "CSV", "table to write")

    parser = add_verb(
        verbs, "encode-corpus", "tokenizers.encode_corpus", "write the token ids of all splits",
        "gqvae encode-corpus --tokenizer results/x/tokenizers/bpe/v1024 --corpus results/x/corpus --out results/x/tokens/bpe/v1024",
    )  # fmt: skip
    add_folder(parser, "--tokenizer", "folder of the tokenizer")
    add_folder(parser, "--corpus", "corpus written by prepare-corpus")
    add_folder(parser, "--out", "folder of the token files")

    parser = add_verb(
        verbs, "measure-distribution", "tokenizers.measure_distribution",
        "measure the token distribution of an encoded corpus, and how well bigram counts predict it",
        "gqvae measure-distribution --tokens results/x/tokens/bpe/v1024 --out results/x/distribution/bpe-v1024",
    )  # fmt: skip
    add_folder(parser, "--tokens", "folder of the corpus encoded by the tokenizer")
    add_folder(parser, "--out", "folder for rank_frequency.csv and distribution.json")


def _add_network(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--network", default="gqvae", help="a module of gqvae/networks (%(default)s)")
