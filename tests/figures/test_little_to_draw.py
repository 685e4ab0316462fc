"""Figures of which there is little or nothing to draw."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from fabricated_study import fabricate, fabricated_settings
from gqvae.errors import UserError
from gqvae.figures.plot import plot
from gqvae.figures.registry import plots_of
from gqvae.study.collect import collect


def test_a_study_without_networks_still_has_its_figures(tmp_path: Path) -> None:
    study = fabricated_settings(seeds=(0,), arms={"bpe": {"kind": "bpe", "language_model": False}})
    collect(study, fabricate(study, tmp_path), tmp_path / "tables")
    assert "training" not in plots_of(study)
    for name in (*plots_of(study), "training"):  # a figure with nothing to show can be drawn
        plot(name, tmp_path / "tables", tmp_path / "corpus" / "corpus.json", tmp_path / "figures")
    assert pd.read_csv(tmp_path / "figures" / "training.csv").empty
    assert len(pd.read_csv(tmp_path / "figures" / "rank_frequency.csv")) > 10


def test_an_unknown_figure_and_a_missing_table_are_one_sentence(tmp_path: Path) -> None:
    study = fabricated_settings(seeds=(0,), arms={"bpe": {"kind": "bpe", "language_model": False}})
    results = fabricate(study, tmp_path / "results")
    collect(study, results, results / "tables")
    with pytest.raises(UserError, match="no figure 'pie'"):
        plot("pie", results / "tables", results / "corpus" / "corpus.json", tmp_path)
    with pytest.raises(UserError, match=r"training\.csv does not exist"):
        plot("training", tmp_path, results / "corpus" / "corpus.json", tmp_path)
