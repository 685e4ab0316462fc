"""Verbs about language models: try learning rates, choose one, train, measure.

Several runs of one arm and seed share a process: options that differ between them take a value for each.
"""

from __future__ import annotations

from pathlib import Path

from gqvae.verbs.parsers import THREADS, Verbs, add_verb, argument, file, folder, folders, not_negative, positive

RESULT = file("--out", "JSON", "file to write")
TEXT = (
    folder("--tokens", "folder of the corpus encoded by the arm's tokenizer"),
    folder("--corpus", "folder of the corpus"),
)
KEPT = ("--kept", "folders, one for each run, that keep its results for later attempts")
RUNS = (
    argument("--settings", nargs="+", required=True, metavar="FILE|JSON", help="LanguageModel blocks (configs/README.md)"),
    argument("--arm", required=True, help="name of the arm, recorded in the result"),
    argument(
        "--seed", type=not_negative, nargs="+", default=[0], help="seed of weights and order of the text: of all runs, or of each"
    ),
    argument("--train-bytes", type=positive, nargs="+", required=True, metavar="B", help="bytes of training text of each run"),
    *TEXT,
    folders("--state", "folders for the state that a stopped run resumes from; removed on success"),
    THREADS,
)


def add_parsers(verbs: Verbs) -> None:
    """Register the verbs of this module."""
    text = "--tokens results/x/tokens/bpe/v1024 --corpus results/x/corpus"
    run, model = f"--settings '{{}}' --arm bpe --seed 0 --train-bytes 250000 {text}", "language_models/bpe-s0-b250000-l2w64"
    trials = "language_models/tuning/bpe-s0-r"
    add_verb(
        verbs, "language_models.check_amounts", "say how much text each amount of training text takes, in whole documents",
        "--corpus results/x/corpus --train-bytes 250000 500000 --out results/x/language_models/amounts.json",
        folder("--corpus", "folder of the corpus"),
        argument("--train-bytes", type=positive, nargs="+", required=True, metavar="B", help="bytes of training text of each run"),
        RESULT,
    )  # fmt: skip
    add_verb(
        verbs, "language_models.train_lm", "train language models on an arm's tokens, one after the other",
        f"{run} --out results/x/{model} --state results/x/.state/{model}",
        *RUNS, folders(*KEPT, required=False),
        argument(
            "--learning-rate", type=Path, metavar="JSON", help="output of choose-learning-rate, instead of the settings' rate"
        ),
        folders(
            "--tried", "folders that keep trials of learning rates: what one of them has trained is used, and the weights deleted",
            required=False,
        ),
        folders("--out", "folders of weights, curve.csv and training.json"),
    )  # fmt: skip
    add_verb(
        verbs, "language_models.measure_lm", "measure bits per byte of trained language models, with breakdowns",
        f"--model results/x/{model} {text} --out results/x/{model}",
        folders("--model", "folders that train-lm wrote"),
        *TEXT, folders("--out", "folders of costs.npy, tables and result.json"),
        folders(
            "--main", "those of --out that also get contexts.csv (other ways to cut the text into windows) and samples.csv (what the "
            "model writes)", required=False,
        ),
        argument("--tokenizer", type=Path, metavar="DIR", help="folder of the arm's tokenizer; --main needs it"),
        folders(*KEPT, required=False), THREADS,
    )  # fmt: skip
    add_verb(
        verbs, "language_models.try_learning_rate",
        "train with learning rates and measure on the validation split; a divergence is recorded",
        f"{run} --out results/x/{trials}0.003/result.json --state results/x/.state/{trials}0.003 --kept results/x/.state/{trials}0.003.kept",
        *RUNS, folders(*KEPT), argument("--out", type=Path, nargs="+", required=True, metavar="JSON", help="files to write"),
    )  # fmt: skip
    add_verb(
        verbs, "language_models.choose_learning_rate", "choose an arm's learning rate by the validation loss of its runs",
        f"--runs results/x/{trials}0.003/result.json results/x/{trials}0.006/result.json "
        "--out results/x/language_models/tuning/bpe.json",
        argument("--runs", type=Path, nargs="+", required=True, metavar="JSON", help="outputs of try-learning-rate"),
        RESULT,
    )  # fmt: skip
