"""Where curves reach a level, against curves whose crossing is known in closed form; means against integration on a fine grid."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from gqvae.measures import convergence
from gqvae.measures.milestones import first_reach, milestone_means_table, milestones_table
from gqvae.study.columns import COLUMNS

LARGEST = 1_000_000
SLOPES = {"bpe_matched": [0.20, 0.21, 0.19], "gqvae": [0.25, 0.24, 0.22]}


def falling(points: int = 9) -> pd.DataFrame:
    """Curves 6 − slope · ln(bytes), straight in log x, measured at log-spaced bytes; a smaller run that must not count."""
    rows = []
    for arm, slopes in SLOPES.items():
        for seed, slope in enumerate(slopes):
            for step, size in enumerate(np.geomspace(1000, LARGEST, points), start=1):
                amounts = {"step": 3 * step, "bytes": size, "tokens": size / 2.5, "flops": 1e6 * size}
                rows.append(
                    {"arm": arm, "seed": seed, "train_bytes": LARGEST, **amounts, "valid_bpb": 6 - slope * math.log(size)}
                )
    rows.append(rows[-1] | {"train_bytes": 250_000, "valid_bpb": 9.0})
    return pd.DataFrame(rows)


def test_levels_come_from_the_slowest_run_and_every_run_reaches_them() -> None:
    table = milestones_table(falling())
    best = 6 - 0.19 * math.log(LARGEST)
    for _, own in table.groupby(["arm", "seed"]):
        assert own["level"].tolist() == pytest.approx([best, 1.1 * best, 1.25 * best])
    assert set(table.columns) == set(COLUMNS["milestones"]) and table.notna().all(axis=None)
    slowest = table[(table["arm"] == "bpe_matched") & (table["seed"] == 2)].iloc[0]
    assert (slowest["bytes"], slowest["steps"]) == (LARGEST, 27)


def test_amounts_are_those_of_the_closed_form() -> None:
    for row in milestones_table(falling()).itertuples():
        size = math.exp((6 - row.level) / SLOPES[row.arm][row.seed])
        assert row.bytes == pytest.approx(size, abs=0.51)
        assert row.tokens == pytest.approx(size / 2.5, abs=0.51) and row.flops == pytest.approx(1e6 * size, rel=1e-9)


def test_means_are_integrals_over_the_bytes() -> None:
    """With many points the straight pieces are the curve: ∫ 6 − s ln x dx = x (6 + s − s ln x)."""
    table = milestones_table(falling(points=2000))
    for row in table.itertuples():
        slope = SLOPES[row.arm][row.seed]
        above, below = ((6 + slope - slope * math.log(size)) * size for size in (LARGEST, 1000))
        assert row.mean_bpb == pytest.approx((above - below) / (LARGEST - 1000), rel=1e-5)


def test_ratios_are_paired_by_seed() -> None:
    table = milestones_table(falling())
    means = milestone_means_table(table, "bpe_matched").set_index(["arm", "level"])
    level = table["level"].min()
    by_seed = table[table["level"] == level].pivot(index="seed", columns="arm", values="bytes").astype(float)
    ratios = by_seed["gqvae"] / by_seed["bpe_matched"]
    row = means.loc[("gqvae", level)]
    low, high = stats.t.interval(0.95, 2, loc=ratios.mean(), scale=stats.sem(ratios))
    assert [row["ratio"], row["ratio_low"], row["ratio_high"]] == pytest.approx([ratios.mean(), low, high])
    low, high = stats.t.interval(0.95, 2, loc=by_seed["gqvae"].mean(), scale=stats.sem(by_seed["gqvae"]))
    assert [row["bytes"], row["low"], row["high"]] == pytest.approx([by_seed["gqvae"].mean(), low, high])
    assert means.loc["bpe_matched", "ratio"].isna().all() and (means["seeds"] == 3).all()


def test_without_the_matched_arm_there_are_no_ratios() -> None:
    curves = falling()
    means = milestone_means_table(milestones_table(curves[curves["arm"] == "gqvae"]), "bpe_matched")
    assert len(means) == 3 and "ratio" not in means


def test_without_language_models_both_tables_are_empty() -> None:
    empty = milestones_table(falling().iloc[:0])
    assert empty.empty and milestone_means_table(empty, "bpe_matched").empty


@given(st.floats(0.01, 0.99))
def test_a_level_between_two_points_is_interpolated_in_logarithms(share: float) -> None:
    x, y = np.array([10.0, 1000.0, 100_000.0]), np.array([4.0, 3.0, 1.0])
    assert first_reach(x, y, 3 - 2 * share) == pytest.approx(np.exp(np.interp(share, [0, 1], np.log([1000, 100_000]))))


def test_the_first_of_several_crossings_counts() -> None:
    x = np.array([1.0, 2.0, 4.0, 8.0])
    y = np.array([3.0, 1.0, 2.0, 0.5])
    assert first_reach(x, y, 2.0) == pytest.approx(math.sqrt(2))
    assert first_reach(x, y, 3.5) == 1.0  # there from the start
    assert first_reach(x, y, 0.5) == 8.0
    assert math.isnan(first_reach(x, y, 0.4))


def test_the_mean_of_a_curve_is_exact_between_its_points() -> None:
    x, y = np.array([0.0, 2.0, 6.0]), np.array([4.0, 2.0, 0.0])
    assert convergence.of(x, y, 0, 6) == pytest.approx((2 * 3 + 4 * 1) / 6)
    assert convergence.of(x, y, 1, 3) == pytest.approx((2.5 + 1.75) / 2)
    area, _ = integrate.quad(lambda place: np.interp(place, x, y), 0.5, 5.5, points=[2.0])
    assert convergence.of(x, y, 0.5, 5.5) == pytest.approx(area / 5)
