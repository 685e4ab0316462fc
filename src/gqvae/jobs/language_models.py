"""Language models: try learning rates, choose one, train, measure. Lightning is imported only for training."""

from __future__ import annotations

import argparse
import contextlib
import logging
import math
import shutil
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from gqvae.code_state import code_state
from gqvae.config import LanguageModel, load_settings, measures
from gqvae.corpus.documents import RECORD as CORPUS_RECORD
from gqvae.corpus.documents import DocumentStore, Shard
from gqvae.corpus.pretokenizers import module_of
from gqvae.errors import DivergedError, UserError
from gqvae.files import json_digest, read_json, write_json
from gqvae.jobs.kept import Kept
from gqvae.study import tuning
from gqvae.study.amounts import MORE
from gqvae.tokenizers.token_files import RECORD
from gqvae.training.resume import RunState

if TYPE_CHECKING:
    from gqvae.jobs.lm_training import Run

TRIED = "model"  # within the folder that keeps a trial: what it has trained

logger = logging.getLogger("gqvae")


def check_amounts(arguments: argparse.Namespace) -> None:
    """Write how much text each amount of training text takes: whole documents, so that it can be more than was asked for.

    Raises:
        UserError: two amounts take the same documents, or the training split is smaller than one of them.
    """
    from gqvae.training.windows import documents_of_budget

    sizes = DocumentStore.open(arguments.corpus, "train", Shard(1, 1)).sizes
    used = {asked: int(sizes[documents_of_budget(sizes, asked)].sum()) for asked in sorted(set(arguments.train_bytes))}
    for (less, taken), (more, again) in pairwise(used.items()):
        if taken == again:
            raise UserError(
                f"language_model.train_bytes asks for {less:,} and {more:,} bytes, but both take the same whole documents, "
                f"{taken:,} bytes: leave one of them out, or use text with shorter documents."
            )
    for asked, taken in used.items():
        if taken > (1 + MORE) * asked:
            logger.warning(
                "language_model.train_bytes asks for %s bytes, and whole documents make them %s: figures show what was used.",
                f"{asked:,}", f"{taken:,}",
            )  # fmt: skip
    write_json(arguments.out, {str(asked): taken for asked, taken in used.items()})


def train_lm(arguments: argparse.Namespace) -> None:
    """Train language models one after the other, or resume the same runs if they were stopped.

    A run that has been trained as a trial of its learning rate is taken from there. Then the trials' weights are deleted.
    """
    from gqvae.jobs.lm_training import FILES, train

    changes = {"learning_rate": _chosen_rate(arguments.learning_rate)} if arguments.learning_rate else {}
    tried = [folder / TRIED for folder in arguments.tried or ()]
    for run, out, folder in _runs(arguments, changes):
        train(run, out, folder and _kept(folder, [out / name for name in FILES], run, "train_lm", tried))
    for folder in tried:
        shutil.rmtree(folder, ignore_errors=True)


def measure_lm(arguments: argparse.Namespace) -> None:
    """Measure trained language models one after the other."""
    from gqvae.jobs.lm_files import TRAINING
    from gqvae.jobs.lm_measuring import FILES, FILES_OF_MAIN, measure

    if arguments.main and not arguments.tokenizer:
        raise UserError("--main needs the tokenizer that decodes what the models write: give --tokenizer DIR.")
    text = [read_json(arguments.corpus / CORPUS_RECORD), read_json(arguments.tokens / RECORD)]
    for model, out, folder in _each(arguments, "model", "out", "kept"):
        main = out in (arguments.main or ())
        kept, files = None, FILES_OF_MAIN if main else FILES
        with contextlib.suppress(KeyError, TypeError, AttributeError):  # damaged records: `measure` says so
            if folder is not None:
                trained = read_json(model / TRAINING)
                modules = [f"measures.{name}" for name in measures("losses")] + [
                    module_of(text[1]["pretokenizer"]).removeprefix("gqvae.")
                ]
                state = _code("measure_lm", trained["settings"]["kind"], *modules)
                kept = Kept(folder, [out / name for name in files], json_digest([trained, text, state]))
        if kept is not None and kept.restore(f"measures of {model.name}"):
            continue
        tokenizer = arguments.tokenizer if main else None
        measure(model, arguments.tokens, arguments.corpus, out, threads=arguments.threads, tokenizer=tokenizer)
        if kept is not None:
            kept.keep()


def try_learning_rate(arguments: argparse.Namespace) -> None:
    """Train with each learning rate and measure only on the whole validation split; a divergence is recorded, not raised."""
    from gqvae.jobs.lm_files import load_trained
    from gqvae.jobs.lm_text import Split, measure_trained
    from gqvae.jobs.lm_training import FILES, train

    for run, out, folder in _runs(arguments):
        kept = _kept(folder, [out], run, "try_learning_rate")
        if kept.restore(run.label):
            continue
        result = {"arm": run.arm, "learning_rate": run.settings.learning_rate, "valid_bpb": None}
        trained = folder / TRIED
        try:
            train(run, trained, _kept(trained, [trained / name for name in FILES], run, "train_lm"))
            model, settings, _ = load_trained(trained)
            loss = measure_trained(model, Split.open(run.tokens, run.corpus, "valid").stream(), settings).value
            result["valid_bpb"] = loss if math.isfinite(loss) else None
        except DivergedError as error:
            logger.warning("%s", error)
            with RunState(run.state, run.identity()) as state:
                state.clear()
        write_json(out, result)
        kept.keep()


def choose_learning_rate(arguments: argparse.Namespace) -> None:
    """Choose the best learning rate of the trial runs."""
    tuning.choose_learning_rate(arguments.runs, arguments.out)


def _chosen_rate(path: Path) -> float:
    chosen = read_json(path)
    if not isinstance(chosen, dict) or not isinstance(chosen.get("learning_rate"), float):
        raise UserError(f"{path} holds no learning_rate: make it with `gqvae choose-learning-rate`.")
    return float(chosen["learning_rate"])


def _each(arguments: argparse.Namespace, *options: str) -> Iterator[tuple[Any, ...]]:
    """The values of these options, run by run; --kept may be left out."""
    values = [getattr(arguments, option) or [None] * len(arguments.out) for option in options]
    if len({len(given) for given in values}) > 1:
        raise UserError(f"Give as many values to each of {', '.join(f'--{option}' for option in options)}.".replace("_", "-"))
    return zip(*values, strict=True)


def _runs(arguments: argparse.Namespace, changes: Mapping[str, Any] = MappingProxyType({})) -> Iterator[tuple[Run, Path, Any]]:
    """The runs of a job, each with its output and the folder that keeps it, if any; `changes` are made to the settings of all."""
    from gqvae.jobs.lm_training import Run

    arm, tokens, corpus = arguments.arm, arguments.tokens, arguments.corpus
    if len(arguments.seed) == 1:
        arguments.seed = arguments.seed * len(arguments.out)  # a new list: the old one may be the parser's default
    options = ("settings", "seed", "train_bytes", "state", "out", "kept")
    for block, seed, train_bytes, state, out, kept in _each(arguments, *options):
        settings = load_settings(LanguageModel, block).model_copy(update=changes)
        yield Run(settings, arm, seed, train_bytes, tokens, corpus, state, arguments.threads), out, kept


def _code(verb: str, kind: str, *modules: str) -> list[str]:
    """The code of a verb of this module with a kind of language model, and other modules that it imports by name."""
    also = [f"gqvae.{name}" for name in (f"language_models.{kind}", *modules)]
    return code_state(f"gqvae.jobs.language_models.{verb}", also)


def _kept(folder: Path, files: list[Path], run: Run, verb: str, others: Sequence[Path] = ()) -> Kept:
    """The kept files of a run of a verb."""
    return Kept(folder, files, json_digest([run.identity(), _code(verb, run.settings.kind)]), others)
