"""Language models: try learning rates, choose one, train, measure. Lightning is imported only for training."""

from __future__ import annotations

import argparse
import logging
import math
from typing import TYPE_CHECKING

from gqvae.config import FEWEST_EVALUATIONS, LanguageModel, load_settings
from gqvae.errors import DivergedError, UserError
from gqvae.files import read_json, write_json
from gqvae.study import tuning
from gqvae.training.resume import RunState

if TYPE_CHECKING:
    from gqvae.jobs.lm_training import Run

logger = logging.getLogger("gqvae")


def train_lm(arguments: argparse.Namespace) -> None:
    """Train one language model, or resume the same run if it was stopped."""
    from gqvae.jobs.lm_training import train

    settings = load_settings(LanguageModel, arguments.settings)
    if arguments.learning_rate:
        chosen = read_json(arguments.learning_rate)
        if not isinstance(chosen, dict) or not isinstance(chosen.get("learning_rate"), float):
            raise UserError(f"{arguments.learning_rate} holds no learning_rate: make it with `gqvae choose-learning-rate`.")
        settings = settings.model_copy(update={"learning_rate": chosen["learning_rate"]})
    train(_run(settings, arguments), arguments.out)


def measure_lm(arguments: argparse.Namespace) -> None:
    """Measure a trained language model."""
    from gqvae.jobs.lm_measuring import measure

    measure(arguments.model, arguments.tokens, arguments.corpus, arguments.out, threads=arguments.threads)


def try_learning_rate(arguments: argparse.Namespace) -> None:
    """Train with one learning rate and measure only on the whole validation split; a divergence is recorded, not raised."""
    from gqvae.jobs.lm_text import Split, measure_trained
    from gqvae.jobs.lm_training import train_model

    settings = load_settings(LanguageModel, arguments.settings).model_copy(update={"evaluations": FEWEST_EVALUATIONS})
    run = _run(settings, arguments)
    result = {"arm": run.arm, "learning_rate": settings.learning_rate, "valid_bpb": None}
    with RunState(run.state, run.identity()) as state:
        try:
            model = train_model(run, state).module.model
            loss = measure_trained(model, Split.open(run.tokens, run.corpus, "valid").stream(), settings).value
            result["valid_bpb"] = loss if math.isfinite(loss) else None
        except DivergedError as error:
            logger.warning("%s", error)
        write_json(arguments.out, result)
        state.clear()


def choose_learning_rate(arguments: argparse.Namespace) -> None:
    """Choose the best learning rate of the trial runs."""
    tuning.choose_learning_rate(arguments.runs, arguments.out)


def _run(settings: LanguageModel, given: argparse.Namespace) -> Run:
    from gqvae.jobs.lm_training import Run

    return Run(settings, given.arm, given.seed, given.train_bytes, given.tokens, given.corpus, given.state, given.threads)
