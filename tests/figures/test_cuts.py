from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from fabricated_study import fabricate, fabricated_settings
from gqvae.figures import cuts
from gqvae.figures.style import CorpusFacts
from gqvae.study.collect import collect


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, study = tmp_path_factory.mktemp("cuts"), fabricated_settings()
    collect(study, fabricate(study, folder), folder / "tables")
    return folder / "tables"


def test_lines_are_means_of_the_table_and_networks_are_cut_at_their_gates(tables: Path) -> None:
    table = pd.read_csv(tables / "compression.csv").query("split == 'test' and encoder != 'distilled'")
    expected = table.groupby(["arm", "variant"])[["bytes_per_token", "cut_entropy"]].mean()
    figure = cuts.draw(cuts.points(tables), CorpusFacts("a real corpus", False))
    lines = {str(line.get_label()): line for line in figure.axes[0].lines}
    for arm in ("bpe", "gqvae", "fixed"):
        means = expected.loc[arm].sort_values("bytes_per_token")
        assert lines[arm].get_xdata() == pytest.approx(means["bytes_per_token"].tolist())
        assert lines[arm].get_ydata() == pytest.approx(means["cut_entropy"].tolist())


def test_tables_of_versions_that_did_not_measure_it_have_no_points(tables: Path, tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    table = pd.read_csv(tables / "compression.csv").drop(columns="cut_entropy")
    table.to_csv(tmp_path / "tables" / "compression.csv", index=False)
    assert cuts.points(tmp_path / "tables").empty
