"""Claims refuse tables that lack something, and say what."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from fabricated_study import fabricate, fabricated_settings
from gqvae.config import Study
from gqvae.errors import UserError
from gqvae.study.claims import TABLES, claims_table
from gqvae.study.collect import collect
from gqvae.study.tables import read_table


@pytest.fixture(scope="module")
def study() -> Study:
    return fabricated_settings(many=True)


@pytest.fixture(scope="module")
def tables(study: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    results = fabricate(study, tmp_path_factory.mktemp("damaged"))
    collect(study, results, results / "tables")
    return results / "tables"


def judged(study: Study, tables: Path, **changed: pd.DataFrame) -> pd.DataFrame:
    """The claims, from the tables with some of them changed."""
    return claims_table(study, {name: read_table(tables, name) for name in TABLES} | changed, "a corpus")


def test_a_row_that_a_table_lacks_is_named(study: Study, tables: Path) -> None:
    runs = read_table(tables, "learnability").query("arm != 'bpe' or seed != 1")
    with pytest.raises(UserError, match=r"learnability\.csv has no row of the arm bpe, seed 1, train_bytes 1000000"):
        judged(study, tables, learnability=runs)


def test_a_measure_that_is_zero_is_named(study: Study, tables: Path) -> None:
    facts = read_table(tables, "distribution")
    facts.loc[facts["arm"] == "bpe", "renyi_efficiency"] = 0.0
    with pytest.raises(UserError, match=r"claims\.C5a: renyi_efficiency of bpe is 0"):
        judged(study, tables, distribution=facts)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda runs: runs.assign(steps=pd.NA), "no value of steps of"),
        (lambda runs: pd.concat([runs, runs.assign(test_bpb=9.0)]), "several values of test_bpb of"),
    ],
)
def test_a_damaged_table_is_named(study: Study, tables: Path, change: Callable[[pd.DataFrame], pd.DataFrame], said: str) -> None:
    with pytest.raises(UserError, match=rf"learnability\.csv has {said} .*: collect the study's results again"):
        judged(study, tables, learnability=change(read_table(tables, "learnability")))


def test_documents_that_are_missing_are_named(study: Study, tables: Path) -> None:
    documents = read_table(tables, "documents")
    with pytest.raises(UserError, match=r"documents\.csv lacks documents of"):
        judged(study, tables, documents=documents[(documents["arm"] != "bpe") | (documents["document"] > 0)])
