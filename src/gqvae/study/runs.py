"""Language models of a study and their paths under `results/<study>/language_models/`: pure functions of the configuration.

A *run* is one language model: an arm, a seed, an amount of training text and a size of model.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gqvae.config import Study
from gqvae.study.layout import arm_names, family, variant

TRAINED_FILES = ("model.safetensors", "curve.csv", "training.json")
MEASURED_FILES = ("costs.npy", "documents.csv", "breakdown.csv", "contexts.csv", "result.json")
COLLECTED_FILES = ("curve.csv", "documents.csv", "breakdown.csv", "contexts.csv", "result.json")


@dataclass(frozen=True)
class LanguageModelRun:
    """One language model of the study and the tokenizer it reads."""

    arm: str
    seed: int
    train_bytes: int
    size: str
    family: str
    variant: str

    @property
    def name(self) -> str:
        """The folder of the run under `language_models/`, e.g. `gqvae-s0-b1000000-l2w128`."""
        return f"{self.arm}-s{self.seed}-b{self.train_bytes}-{self.size}"

    def path(self, results: Path | str) -> Path:
        """The folder of its files."""
        return Path(results) / "language_models" / self.name


def language_model_runs(study: Study) -> list[LanguageModelRun]:
    """Every language model of the study by arm and seed."""
    return [
        LanguageModelRun(arm, seed, train_bytes, size, family(study, arm, seed), variant(study, arm))
        for arm in arm_names(study)
        if study.arms[arm].language_model
        for seed in study.seeds
        for train_bytes, size in amounts_and_sizes(study)
    ]


def amounts_and_sizes(study: Study) -> list[tuple[int, str]]:
    """The runs of one arm and seed: the main size on each amount of text, then other sizes on the most."""
    model = study.language_model
    return [(size, model.name) for size in model.train_bytes] + [
        (max(model.train_bytes), size.name) for size in model.other_sizes
    ]


def main_runs(study: Study) -> list[LanguageModelRun]:
    """The runs of the main size with the most training text, whose curves and breakdowns are drawn."""
    model = study.language_model
    return [run for run in runs_of_size(study, model.name) if run.train_bytes == max(model.train_bytes)]


def runs_of_size(study: Study, size: str) -> list[LanguageModelRun]:
    """The runs of one size."""
    return [run for run in language_model_runs(study) if run.size == size]


def tuning_path(results: Path | str, arm: str, seed: int, rate: float) -> Path:
    """The folder of the language model that tries a learning rate."""
    return Path(results) / "language_models" / "tuning" / f"{arm}-s{seed}-r{rate!r}"


def chosen_rate_path(results: Path | str, arm: str) -> Path:
    """The file with the learning rate of an arm."""
    return Path(results) / "language_models" / "tuning" / f"{arm}.json"


def tuning_bytes(study: Study) -> int:
    """The amount of training text after which learning rates are compared: the largest, since few steps favour high rates."""
    return max(study.language_model.train_bytes)


def tuning_seeds(study: Study) -> tuple[int, ...]:
    """The seeds that every rate is tried with: with one run, the choice would be left to chance."""
    return study.seeds[: study.language_model.rate_seeds]
