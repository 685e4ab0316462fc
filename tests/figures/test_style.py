"""One style per arm, labels that do not touch, means over seeds that were measured at different places."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_rgb

from gqvae.figures.convergence import seed_curves
from gqvae.figures.labels import LineEnd, label_line_ends, spread_apart
from gqvae.figures.style import arm_style, new_figure, styled
from gqvae.units import format_bytes

PUBLISHED = Path(__file__).parents[2] / "results" / "published"
KNOWN = (
    *("bytes", "bpe", "bpe_matched", "bpe_weak", "unigram", "dictionary", "fixed", "fixed_4", "fixed_6", "fixed_8"),
    *("gqvae", "gqvae_paper", "gqvae_distilled", "bpe_tinystories", "gqvae_tinystories"),
    *("pathpiece", "pathpiece_matched", "pathpiece_bpe", "pathpiece_substrings", "dictionary_pruned"),
)
# What people see of linear sRGB without cones for green and for red (Machado, Oliveira and Fernandes 2009, severity 1).
SIGHTS = {
    "all cones": np.eye(3),
    "no green": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]]),
    "no red": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]),
}


def test_known_arms_differ_in_colour_and_name() -> None:
    for first, second in itertools.combinations(KNOWN, 2):
        distance = np.linalg.norm(np.subtract(to_rgb(arm_style(first).color), to_rgb(arm_style(second).color)))
        assert distance > 0.25 and arm_style(first).name != arm_style(second).name


@pytest.mark.parametrize("sight", SIGHTS)
def test_known_arms_differ_for_people_who_lack_a_kind_of_cones(sight: str) -> None:
    for first, second in itertools.combinations(KNOWN, 2):
        seen = [lab(SIGHTS[sight] @ linear(arm_style(arm).color)) for arm in (first, second)]
        assert np.linalg.norm(seen[0] - seen[1]) > 17, (first, second)


@pytest.mark.parametrize("table", sorted(PUBLISHED.glob("*/tables/learnability.csv")), ids=lambda table: table.parts[-3])
def test_no_two_arms_of_a_published_study_look_alike(table: Path) -> None:
    looks = {arm: arm_style(arm)[:2] for arm in pd.read_csv(table)["arm"]}
    assert len(set(looks.values())) == len(looks), looks


def linear(color: str) -> np.ndarray:
    """Linear sRGB of a colour."""
    values = np.asarray(to_rgb(color))
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    """CIE L*a*b* (D65) of linear sRGB: distances there are distances to the eye, about 2 being the least that is seen."""
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ np.clip(rgb, 0, 1)
    x, y, z = (np.cbrt(value) if value > 0.008856 else 7.787 * value + 16 / 116 for value in xyz / [0.9505, 1, 1.089])
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def test_an_arm_of_another_name_has_one_style_and_a_name_from_its_kin() -> None:
    assert arm_style("fixed_2") == arm_style("fixed_2")
    assert arm_style("fixed_2").name == "fixed length, 2"
    assert arm_style("gqvae_paper_long").name == "GQ-VAE, paper, long"
    assert arm_style("my_arm").name == "my arm"
    assert arm_style("my_arm").color not in {arm_style(arm).color for arm in KNOWN}


@given(st.lists(st.floats(0, 1), max_size=12), st.floats(0.01, 0.08))
def test_labels_keep_their_distance_order_and_place(positions: list[float], distance: float) -> None:
    placed = spread_apart(positions, distance)
    order = sorted(range(len(positions)), key=lambda index: (positions[index], index))
    ordered = [placed[index] for index in order]
    assert all(upper - lower >= distance - 1e-9 for lower, upper in itertools.pairwise(ordered))
    assert all(-1e-9 <= value <= 1 + 1e-9 for value in placed)


@given(st.integers(1, 8))
def test_labels_that_fit_stay_where_they_are(count: int) -> None:
    positions = [0.1 * (place + 1) for place in range(count)]
    assert spread_apart(positions, 0.09) == pytest.approx(positions)


def test_written_labels_do_not_overlap() -> None:
    with styled():
        figure = new_figure(5, 3)
        figure.subplots_adjust(right=0.7)
        axes = figure.add_subplot()
        ends = [LineEnd(1.0, 1 + 0.001 * place, f"arm {place}", "#000000") for place in range(9)]
        for end in ends:
            axes.plot([0, 1], [0, end.y])
        label_line_ends(axes, ends)
        figure.canvas.draw()
        boxes = [text.get_window_extent() for text in axes.texts]
    assert len(boxes) == 9
    assert not any(first.overlaps(second) for first, second in itertools.combinations(boxes, 2))
    assert all(box.x1 <= figure.bbox.x1 for box in boxes)


def test_seeds_measured_at_different_places_are_averaged_where_all_are_known() -> None:
    curves = {
        0: pd.DataFrame({"x": [0.0, 1.0, 10.0, 100.0], "y": [9.0, 3.0, 2.0, 1.0]}),
        1: pd.DataFrame({"x": [2.0, 200.0], "y": [3.0, 1.0]}),
    }
    points = seed_curves("bpe", "bytes", curves)
    mean = points[points["series"] == "mean"]
    assert mean["x"].tolist() == [2, 10, 100]
    oracle = [
        np.interp(np.log(mean["x"]), np.log(curve["x"][curve["x"] > 0]), curve["y"][curve["x"] > 0]) for curve in curves.values()
    ]
    np.testing.assert_allclose(mean["y"], np.mean(oracle, axis=0))
    np.testing.assert_allclose(mean["low"], np.min(oracle, axis=0))
    np.testing.assert_allclose(mean["high"], np.max(oracle, axis=0))
    assert (points.loc[points["series"] == "seed", "x"] > 0).all()


def test_one_seed_has_no_mean() -> None:
    points = seed_curves("bpe", "bytes", {4: pd.DataFrame({"x": [1.0, 2.0], "y": [3.0, 2.0]})})
    assert points["series"].tolist() == ["seed", "seed"] and points["low"].isna().all()


@pytest.mark.parametrize(
    ("value", "text"), [(500, "500 B"), (250_000, "250 kB"), (999_600, "1 MB"), (1_000_000, "1 MB"), (2.5e9, "2.5 GB")]
)
def test_amounts_are_written_with_their_unit(value: float, text: str) -> None:
    assert format_bytes(value) == text
