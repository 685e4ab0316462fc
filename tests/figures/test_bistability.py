"""The figure of requested and reached gate rates: its points are those of the two tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from fabricated_study import fabricate, fabricate_rates, fabricated_settings
from gqvae.config import Study
from gqvae.errors import UserError
from gqvae.figures import bistability
from gqvae.figures.plot import plot
from gqvae.figures.style import CorpusFacts, styled
from gqvae.study.ablations import collect_ablations

CORPUS = CorpusFacts("a real corpus", False)


def sweep(weights: tuple[float, ...]) -> Study:
    arms: dict[str, Any] = {"gqvae": {"kind": "gqvae"}, "fixed": {"kind": "fixed"}}
    arms |= {
        f"paper_{place}": {"kind": "gqvae", "objective": {"name": "paper", "alpha": alpha}} for place, alpha in enumerate(weights)
    }
    return fabricated_settings(seeds=(0, 1, 2), arms={name: arm | {"language_model": False} for name, arm in arms.items()})


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    study = sweep((3.0, 0.1, 10.0))
    collect_ablations(study, fabricate(study, tmp_path), tmp_path / "tables")
    fabricate_rates(study, tmp_path / "tables")
    return tmp_path / "tables"


def test_weights_and_shares_come_from_the_table_of_ablations(tables: Path) -> None:
    points = bistability.points(tables)
    paper = points[points["panel"] == "paper"]
    assert paper["x"].tolist() == [0.1] * 3 + [3.0] * 3 + [10.0] * 3
    assert paper["arm"].unique().tolist() == ["paper_1", "paper_0", "paper_2"] and paper["seed"].tolist() == [0, 1, 2] * 3
    ablations = pd.read_csv(tables / "ablations.csv", float_precision="round_trip").set_index(["arm", "seed"])
    for row in paper.itertuples():
        assert row.y == ablations.loc[(row.arm, row.seed), "gate_share"]
        assert row.floor * ablations.loc[(row.arm, row.seed), "hard_rate"] == pytest.approx(row.y)


def test_requests_are_shares_and_each_is_drawn_once(tables: Path) -> None:
    points = bistability.points(tables)
    ours = points[(points["panel"] == "rate_controlled") & (points["arm"] == "gqvae")]
    assert ours["request"].tolist() == [1.05, 1.3, 1.6, 2.0, 2.4] * 3  # not again for the second size, nor for a compression
    np.testing.assert_allclose(ours["x"], ours["request"] / 3.9)
    np.testing.assert_allclose(ours["y"] / ours["x"], 1.02 + 0.01 * ours["seed"].astype(float) / ours["request"])
    assert not points.loc[points["panel"] == "rate_controlled", "arm"].str.startswith("paper").any()


def test_compressions_are_tokens_per_byte_asked_for_and_emitted(tables: Path) -> None:
    points = bistability.points(tables)
    met = points[(points["panel"] == "compression") & (points["arm"] == "gqvae")]
    rates = pd.read_csv(tables / "rates.csv")
    wanted = rates[rates["target_bytes_per_token"].notna() & (rates["arm"] == "gqvae")]
    assert len(met) == len(wanted) > 0
    np.testing.assert_allclose(met["x"], 1 / wanted["target_bytes_per_token"])
    np.testing.assert_allclose(met["y"], 1 / wanted["bytes_per_token"])


def test_panels_share_their_scale_and_show_every_point(tables: Path) -> None:
    with styled():
        points = bistability.points(tables)
        figure = bistability.draw(points, CORPUS)
    left, right = figure.axes
    assert left.get_ylim() == right.get_ylim() and left.get_xscale() == "log" and right.get_xscale() == "linear"
    drawn = {str(line.get_label()): np.asarray(line.get_xydata()) for line in [*left.get_lines(), *right.get_lines()]}
    for seed in (0, 1, 2):
        paper = points[(points["panel"] == "paper") & (points["seed"] == seed)]
        np.testing.assert_allclose(drawn[f"paper seed {seed}"][:, 1], paper["y"])
        assert np.abs(np.log10(drawn[f"paper seed {seed}"][:, 0] / paper["x"].astype(float))).max() < 0.1  # beside its α
        ours = points[(points["panel"] == "rate_controlled") & (points["arm"] == "gqvae") & (points["seed"] == seed)]
        np.testing.assert_allclose(drawn[f"gqvae seed {seed}"], ours[["x", "y"]])


def test_a_missing_table_is_named_and_empty_ones_make_an_empty_figure(tables: Path, tmp_path: Path) -> None:
    corpus = tmp_path / "corpus" / "corpus.json"
    (tables / "rates.csv").write_text((tables / "rates.csv").read_text().splitlines()[0] + "\n")
    plot("bistability", tables, corpus, tmp_path / "half")
    assert set(pd.read_csv(tmp_path / "half" / "bistability.csv")["panel"]) == {"paper"}
    (tables / "rates.csv").unlink()
    with pytest.raises(UserError, match=r"rates\.csv does not exist"):
        plot("bistability", tables, corpus, tmp_path / "none")
    assert not (tmp_path / "none").exists()
