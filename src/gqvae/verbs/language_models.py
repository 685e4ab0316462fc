"""Verbs about language models: try learning rates, choose one, train, measure."""

from __future__ import annotations

import argparse
from pathlib import Path

from gqvae.verbs.parsers import Verbs, add_file, add_folder, add_settings, add_threads, add_verb, not_negative, positive


def add_parsers(verbs: Verbs) -> None:
    """Register the verbs of this module."""
    common = (
        "--settings '{}' --arm bpe --seed 0 --train-bytes 250000 --tokens results/x/tokens/bpe/v1024 --corpus results/x/corpus"
    )
    model = "results/x/language_models/bpe-s0-b250000-l2w64"
    parser = add_verb(
        verbs, "train-lm", "language_models.train_lm", "train a language model on an arm's tokens",
        f"gqvae train-lm {common} --out {model} --state results/x/.state/language_models/bpe-s0-b250000-l2w64",
    )  # fmt: skip
    _add_run(parser)
    parser.add_argument(
        "--learning-rate", type=Path, metavar="JSON", help="output of choose-learning-rate, instead of the settings' rate"
    )
    add_folder(parser, "--out", "folder of weights, curve.csv and training.json")

    parser = add_verb(
        verbs, "measure-lm", "language_models.measure_lm", "measure bits per byte of a trained language model, with breakdowns",
        f"gqvae measure-lm --model {model} --tokens results/x/tokens/bpe/v1024 --corpus results/x/corpus --out {model}",
    )  # fmt: skip
    add_folder(parser, "--model", "folder that train-lm wrote")
    _add_text(parser)
    add_folder(parser, "--out", "folder of costs.npy, tables and result.json")
    add_threads(parser)

    parser = add_verb(
        verbs, "try-learning-rate", "language_models.try_learning_rate",
        "train with one learning rate and measure on the validation split; a divergence is recorded",
        f"gqvae try-learning-rate {common} --out results/x/language_models/tuning/bpe-s0-r0.003/result.json "
        "--state results/x/.state/language_models/tuning/bpe-s0-r0.003",
    )  # fmt: skip
    _add_run(parser)
    add_file(parser, "--out", "JSON", "file to write")

    parser = add_verb(
        verbs, "choose-learning-rate", "language_models.choose_learning_rate",
        "choose an arm's learning rate by the validation loss of its runs",
        "gqvae choose-learning-rate --runs results/x/language_models/tuning/bpe-s0-r0.003/result.json "
        "results/x/language_models/tuning/bpe-s0-r0.006/result.json --out results/x/language_models/tuning/bpe.json",
    )  # fmt: skip
    parser.add_argument("--runs", type=Path, nargs="+", required=True, metavar="JSON", help="outputs of try-learning-rate")
    add_file(parser, "--out", "JSON", "file to write")


def _add_run(parser: argparse.ArgumentParser) -> None:
    add_settings(parser, "LanguageModel")
    parser.add_argument("--arm", required=True, help="name of the arm, recorded in the result")
    parser.add_argument("--seed", type=not_negative, default=0, help="seed of weights and order of the text")
    parser.add_argument("--train-bytes", type=positive, required=True, metavar="B", help="bytes of training text")
    _add_text(parser)
    add_folder(parser, "--state", "folder of the state for resumption; removed on success")
    add_threads(parser)


def _add_text(parser: argparse.ArgumentParser) -> None:
    add_folder(parser, "--tokens", "folder of the corpus encoded by the arm's tokenizer")
    add_folder(parser, "--corpus", "folder of the corpus")
