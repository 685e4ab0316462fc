"""Language models of a study and their paths under `results/<study>/language_models/`: pure functions of the configuration.

A *run* is one language model: an arm, a seed, an amount of training text, a size of model and the number of its repeat.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from gqvae.config import REPEAT_SEEDS, Study
from gqvae.study.layout import BASELINE, arm_names, family, has_baseline, variant

TRAINED_FILES = ("model.safetensors", "curve.csv", "training.json")
MEASURED_FILES = ("costs.npy", "documents.csv", "breakdown.csv", "result.json")
MAIN_FILES = ("contexts.csv", "samples.csv")  # of main runs only: they cost more than all other measures together
COLLECTED_FILES = ("curve.csv", "documents.csv", "breakdown.csv", "result.json")


@dataclass(frozen=True)
class LanguageModelRun:
    """One language model of the study and the tokenizer it reads."""

    arm: str
    seed: int
    train_bytes: int
    size: str
    repeat: int
    main: bool  # of the main size with the most training text: curves and breakdowns are drawn
    family: str
    variant: str

    @property
    def name(self) -> str:
        """The folder of the run under `language_models/`, e.g. `gqvae-s0-b1000000-l2w128`; `-r1` follows for the first repeat."""
        return f"{self.arm}-s{self.seed}-{self.within_seed}"

    @property
    def within_seed(self) -> str:
        """The end of the name, which tells the runs of one arm and seed apart."""
        return f"b{self.train_bytes}-{self.size}" + (f"-r{self.repeat}" if self.repeat else "")

    @property
    def model_seed(self) -> int:
        """The seed of its weights and of the order of the text."""
        return self.seed + REPEAT_SEEDS * self.repeat

    def collected(self, results: Path | str) -> list[Path]:
        """The files that tables are made from."""
        names = (*COLLECTED_FILES, *MAIN_FILES) if self.main else COLLECTED_FILES
        return [self.path(results) / name for name in names]

    def path(self, results: Path | str) -> Path:
        """The folder of its files."""
        return Path(results) / "language_models" / self.name


def language_model_runs(study: Study) -> list[LanguageModelRun]:
    """Every language model of the study, by arm and seed: the main size on each amount of text, then other sizes on the most."""
    model = study.language_model
    trained = [(size, model.name) for size in model.train_bytes]
    trained += [(max(model.train_bytes), size.name) for size in model.other_sizes]
    return [
        LanguageModelRun(
            arm,
            seed,
            train_bytes,
            size,
            repeat,
            (train_bytes, size) == trained[len(model.train_bytes) - 1],
            family(study, arm, seed),
            variant(study, arm),
        )
        for arm in arm_names(study)
        if study.arms[arm].language_model
        for seed in study.seeds
        for train_bytes, size in trained
        for repeat in range(model.repeats)
    ]


def runs_of_one_seed(study: Study) -> list[LanguageModelRun]:
    """The runs of the first arm with language models and of the first seed; those of others differ only in arm and seed."""
    every = language_model_runs(study)
    return [run for run in every if (run.arm, run.seed) == (every[0].arm, every[0].seed)]


def model_seeds(study: Study, seed: int) -> list[int]:
    """The seeds of the models of `runs_of_one_seed` at another seed."""
    return [replace(run, seed=seed).model_seed for run in runs_of_one_seed(study)]


def main_runs(study: Study) -> list[LanguageModelRun]:
    """The runs of the main size with the most training text."""
    return [run for run in language_model_runs(study) if run.main]


def runs_of_size(study: Study, size: str) -> list[LanguageModelRun]:
    """The runs of one size."""
    return [run for run in language_model_runs(study) if run.size == size]


def timed_tokenizers(study: Study) -> list[tuple[str, str]]:
    """Family and variant of every tokenizer whose speed is measured: BPE of the same size, if any, and those of language models.

    There is none in a study without language models.
    """
    read = [(run.family, run.variant) for run in language_model_runs(study)]
    baseline = [(BASELINE, variant(study, BASELINE))] if has_baseline(study) else []
    return list(dict.fromkeys(baseline + read)) if read else []


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
