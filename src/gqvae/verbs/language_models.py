"""Verbs about language models: try learning rates, choose one, train, measure."""

from __future__ import annotations

from pathlib import Path

from gqvae.verbs.parsers import STATE, THREADS, Verbs, add_verb, argument, file, folder, not_negative, positive, settings

RESULT = file("--out", "JSON", "file to write")
TEXT = (
    folder("--tokens", "folder of the corpus encoded by the arm's tokenizer"),
    folder("--corpus", "folder of the corpus"),
)
RUN = (
    settings("LanguageModel"),
    argument("--arm", required=True, help="name of the arm, recorded in the result"),
    argument("--seed", type=not_negative, default=0, help="seed of weights and order of the text"),
    argument("--train-bytes", type=positive, required=True, metavar="B", help="bytes of training text"),
    *TEXT,
    STATE,
    THREADS,
)


def add_parsers(verbs: Verbs) -> None:
    """Register the verbs of this module."""
    text = "--tokens results/x/tokens/bpe/v1024 --corpus results/x/corpus"
    run, model = f"--settings '{{}}' --arm bpe --seed 0 --train-bytes 250000 {text}", "language_models/bpe-s0-b250000-l2w64"
    trials = "language_models/tuning/bpe-s0-r"
    add_verb(
        verbs, "language_models.train_lm", "train a language model on an arm's tokens",
        f"{run} --out results/x/{model} --state results/x/.state/{model}",
        *RUN,
        argument(
            "--learning-rate", type=Path, metavar="JSON", help="output of choose-learning-rate, instead of the settings' rate"
        ),
        folder("--out", "folder of weights, curve.csv and training.json"),
    )  # fmt: skip
    add_verb(
        verbs, "language_models.measure_lm", "measure bits per byte of a trained language model, with breakdowns",
        f"--model results/x/{model} {text} --out results/x/{model}",
        folder("--model", "folder that train-lm wrote"),
        *TEXT, folder("--out", "folder of costs.npy, tables and result.json"), THREADS,
    )  # fmt: skip
    add_verb(
        verbs, "language_models.try_learning_rate",
        "train with one learning rate and measure on the validation split; a divergence is recorded",
        f"{run} --out results/x/{trials}0.003/result.json --state results/x/.state/{trials}0.003",
        *RUN, RESULT,
    )  # fmt: skip
    add_verb(
        verbs, "language_models.choose_learning_rate", "choose an arm's learning rate by the validation loss of its runs",
        f"--runs results/x/{trials}0.003/result.json results/x/{trials}0.006/result.json "
        "--out results/x/language_models/tuning/bpe.json",
        argument("--runs", type=Path, nargs="+", required=True, metavar="JSON", help="outputs of try-learning-rate"),
        RESULT,
    )  # fmt: skip
