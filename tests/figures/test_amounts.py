"""Optimiser steps stand on the figures, and points of too few are hollow."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fabricated_study import fabricate, fabricated_settings
from gqvae.config import LanguageModel
from gqvae.figures import advantage, convergence, learnability
from gqvae.figures.style import CorpusFacts, styled
from gqvae.study.collect import collect


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results")
    study = fabricated_settings()
    collect(study, fabricate(study, folder), folder / "tables")
    return folder / "tables"


def drawn(module: ModuleType, tables: Path) -> tuple[pd.DataFrame, Figure]:
    with styled():
        points = module.points(tables)
        return points, module.draw(points, CorpusFacts("a real corpus", False))


def hollow_at(axes: Axes) -> set[tuple[float, float]]:
    """Where markers have a white face."""
    lines = [line for line in axes.get_lines() if line.get_markerfacecolor() == "white"]
    return {(float(x), float(y)) for line in lines for x, y in np.asarray(line.get_xydata())}


def test_amounts_of_text_say_how_many_steps_they_are_and_too_few_are_hollow(tables: Path) -> None:
    points, figure = drawn(learnability, tables)
    figure.canvas.draw()
    table = pd.read_csv(tables / "learnability.csv")
    steps = table.groupby("train_bytes")["steps"]
    expected = [f"{fewest:,}–{most:,}" for fewest, most in zip(steps.min(), steps.max(), strict=True)]
    assert [label.get_text().splitlines()[1] for label in figure.axes[0].get_xticklabels()] == expected
    few = table.groupby(["train_bytes", "arm"]).agg(fewest=("steps", "min"), bpb=("test_bpb", "mean")).reset_index()
    few = few[few["fewest"] < LanguageModel().decisive_steps]
    hollow = hollow_at(figure.axes[0])
    assert 0 < len(few) < len(points[(points["series"] == "mean") & (points["panel"] == "training text")])
    np.testing.assert_allclose(sorted(hollow), sorted(zip(few["train_bytes"], few["bpb"], strict=True)))
    assert any(f"fewer than {LanguageModel().decisive_steps} optimiser steps" in text.get_text() for text in figure.texts)


def test_an_advantage_has_the_steps_of_both_arms(tables: Path) -> None:
    points, figure = drawn(advantage, tables)
    table = pd.read_csv(tables / "learnability.csv")
    rows = points[(points["arm"] == "gqvae") & (points["panel"] == "training text")]
    assert len(rows)
    for row in rows.itertuples():
        runs = table[table["arm"].isin(["gqvae", "bpe_matched"]) & (table["train_bytes"] == row.amount)]
        runs = runs if row.series == "mean" else runs[runs["seed"] == row.seed]
        assert (row.fewest_steps, row.most_steps) == (runs["steps"].min(), runs["steps"].max())
    while_training = points[(points["arm"] == "gqvae") & (points["panel"] == "while training") & (points["series"] == "mean")]
    assert set(while_training["fewest_steps"]) == set(
        rows.loc[(rows["amount"] == 1_000_000) & (rows["series"] == "mean"), "fewest_steps"]
    )
    (line,) = (line for line in figure.axes[1].get_lines() if line.get_label() == "gqvae")
    x, y = np.asarray(line.get_xydata())[0]
    assert (x, y) in hollow_at(figure.axes[1])  # the least text


@pytest.mark.parametrize(("amount", "few"), [(250_000, True), (3_000_000, False)])
def test_convergence_says_whether_its_runs_have_too_few_steps(tmp_path: Path, amount: int, few: bool) -> None:
    study = fabricated_settings(
        arms={"bpe": {"kind": "bpe"}, "fixed": {"kind": "fixed"}}, language_model={"train_bytes": [amount]}
    )
    collect(study, fabricate(study, tmp_path), tmp_path / "tables")
    _, figure = drawn(convergence, tmp_path / "tables")
    steps = pd.read_csv(tmp_path / "tables" / "learnability.csv")["steps"]
    (note,) = (text.get_text() for text in figure.texts if "validation split" in text.get_text())
    assert (
        f"{steps.min():,}–{steps.max():,} optimiser steps" in note
        and (f"fewer than {LanguageModel().decisive_steps} decide nothing" in note) == few
    )
