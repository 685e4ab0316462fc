"""The verb that trains and measures a downstream language model."""

from __future__ import annotations

import argparse
import logging
import shutil
from pathlib import Path

from gqvae.config import LanguageModel, load_settings
from gqvae.errors import DivergedError, UserError
from gqvae.files import read_json, write_json
from gqvae.verbs.numbers import not_negative, positive

logger = logging.getLogger("gqvae")


def add_parsers(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the verbs of this module."""
    parser = verbs.add_parser(
        "train-lm",
        help="train a language model on an arm's tokens and measure its bits per byte",
        epilog="example: gqvae train-lm --settings '{}' --arm bpe --seed 0 --train-bytes 250000 --tokenizer results/x/tokenizers/bpe/v1024 "
        "--tokens results/x/tokens/bpe/v1024 --corpus results/x/corpus --out results/x/language_models/bpe-s0-b250000-l2w64 "
        "--state results/x/.state/language_models/bpe-s0-b250000-l2w64",
    )
    parser.add_argument("--settings", required=True, metavar="FILE|JSON", help="LanguageModel settings, a YAML file or JSON text")
    parser.add_argument("--arm", required=True, help="name of the arm, recorded in the result")
    parser.add_argument("--seed", type=not_negative, default=0, help="seed of weights and order of the text")
    parser.add_argument("--train-bytes", type=positive, required=True, metavar="B", help="bytes of training text")
    for name, text in (
        ("--tokenizer", "folder of the tokenizer"),
        ("--tokens", "folder of the corpus encoded with it"),
        ("--corpus", "folder of the corpus"),
        ("--out", "folder of curve.csv and result.json"),
        ("--state", "folder of the state for resumption; removed on success"),
    ):
        parser.add_argument(name, type=Path, required=True, metavar="DIR", help=text)
    parser.add_argument(
        "--learning-rate", type=Path, metavar="JSON", help="what choose-learning-rate wrote, in place of the settings'"
    )
    parser.add_argument(
        "--extent",
        choices=("full", "brief", "trial"),
        default="full",
        help="full: with a curve and other windows; brief: final values; trial of a rate: validation only, and diverging is a result",
    )
    parser.add_argument("--threads", type=positive, default=1, help="threads torch may use")
    parser.set_defaults(run=train_lm)

    parser = verbs.add_parser(
        "choose-learning-rate",
        help="choose an arm's learning rate by the validation loss of its runs",
        epilog="example: gqvae choose-learning-rate --runs results/x/language_models/tuning/bpe-r0/result.json "
        "results/x/language_models/tuning/bpe-r1/result.json --out results/x/language_models/tuning/bpe.json",
    )
    parser.add_argument("--runs", type=Path, nargs="+", required=True, metavar="JSON", help="result.json of each run")
    parser.add_argument("--out", type=Path, required=True, metavar="JSON", help="file to write")
    parser.set_defaults(run=choose_learning_rate)


def train_lm(arguments: argparse.Namespace) -> None:
    """Train one language model, going on where a stopped run of the same kind was."""
    settings = load_settings(LanguageModel, arguments.settings)
    if arguments.learning_rate:
        chosen = read_json(arguments.learning_rate)
        if not isinstance(chosen, dict) or not isinstance(chosen.get("learning_rate"), float):
            raise UserError(f"{arguments.learning_rate} holds no learning_rate: make it with `gqvae choose-learning-rate`.")
        settings = settings.model_copy(update={"learning_rate": chosen["learning_rate"]})

    from gqvae.jobs.language_model import run_language_model, trial_result

    try:
        run_language_model(
            settings,
            arm=arguments.arm,
            seed=arguments.seed,
            train_bytes=arguments.train_bytes,
            tokenizer=arguments.tokenizer,
            tokens=arguments.tokens,
            corpus=arguments.corpus,
            out=arguments.out,
            state=arguments.state,
            threads=arguments.threads,
            extent=arguments.extent,
        )
    except DivergedError as error:
        if arguments.extent != "trial":
            raise
        logger.warning("%s", error)
        shutil.rmtree(arguments.state, ignore_errors=True)
        write_json(arguments.out / "result.json", trial_result(arguments.arm, settings.learning_rate, None))


def choose_learning_rate(arguments: argparse.Namespace) -> None:
    """Compare the runs."""
    from gqvae.study.tuning import choose_learning_rate as choose

    choose(arguments.runs, arguments.out)
