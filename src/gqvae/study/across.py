"""Finished studies, for comparisons: only their provenance and tables are read, so published studies can be compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from gqvae.config import DEFAULT_CLAIMS, LanguageModel, Study, parse, read_settings
from gqvae.errors import UserError
from gqvae.files import read_json
from gqvae.study.columns import COLUMNS
from gqvae.study.tables import read_columns

PUBLISHED = Path("results/published")
LIST = "side-by-side.yaml"


@dataclass(frozen=True)
class FinishedStudy:
    """A study's folder and facts from its provenance."""

    folder: Path
    name: str
    corpus: str
    train_sha256: str  # digest of the training split
    test_sha256: str  # digest of the test split
    synthetic: bool
    arms: dict[str, dict[str, Any]]
    vocab_size: int  # of its claims
    decisive_steps: int  # runs with fewer steps decide nothing; the default if the provenance lacks it
    epochs: float  # passes of language models over their text

    @classmethod
    def read(cls, folder: Path) -> FinishedStudy:
        """Read the provenance.

        Raises:
            UserError: it is missing, or another version wrote it.
        """
        path = Path(folder) / "provenance.json"
        if not path.is_file():
            raise UserError(f"{path} does not exist: finish the study in that folder first.")
        record = read_json(path)
        try:
            corpus = record["corpus"]
            return cls(
                Path(folder),
                str(record["study"]),
                str(corpus["label"]),
                str(corpus["splits"]["train"]["sha256"]),
                str(corpus["splits"]["test"]["sha256"]),
                bool(corpus["synthetic"]),
                dict(record["config"]["arms"]),
                int(record["config"]["vocabulary"]["size"]),
                int(record["config"]["language_model"].get("decisive_steps", LanguageModel().decisive_steps)),
                float(record["config"]["language_model"]["epochs"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError):
            message = f"{path} lacks the study, its corpus, arms, vocabulary or language model: run the study again."
            raise UserError(message) from None

    def settings(self) -> Study:
        """The study's configuration, with today's default claims beside its own unless it replaced all of them."""
        path = self.folder / "provenance.json"
        study = parse(Study, read_json(path)["config"], str(path))
        replaced = study.claims and study.claims.keys().isdisjoint(DEFAULT_CLAIMS)
        return study if replaced else study.model_copy(update={"claims": DEFAULT_CLAIMS | study.claims})

    @property
    def tables(self) -> Path:
        """The folder of its tables."""
        return self.folder / "tables"

    def table(self, name: str, columns: Sequence[str]) -> pd.DataFrame:
        """Some columns of one of its tables, which is in the study's folder or in its `tables/`."""
        path = self.folder / f"{name}.csv"
        kinds = {column: COLUMNS[name][column] for column in columns}
        return read_columns(path if path.is_file() else self.tables / f"{name}.csv", kinds)


def finished_studies(folders: Sequence[Path]) -> list[FinishedStudy]:
    """The studies in these folders, in the given order.

    Raises:
        UserError: one is not finished, or two have the same name.
    """
    studies = [FinishedStudy.read(folder) for folder in folders]
    names = [study.name for study in studies]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UserError(f"--results names the study {twice!r} twice: name each once.")
    return studies


def side_by_side(published: Path = PUBLISHED) -> dict[str, list[str]]:
    """Published comparisons: the folder of each one's figures → the studies it compares, in order.

    Raises:
        UserError: the list is missing, or names a study that is not published.
    """
    found, origin = read_settings(str(published / LIST))
    listed: dict[str, list[str]] = {str(folder): [str(study) for study in studies] for folder, studies in found.items()}
    for study in (study for studies in listed.values() for study in studies):
        if not (published / study / "provenance.json").is_file():
            raise UserError(f"{origin} names {study}, which is not in {published}: correct the list.")
    return listed
