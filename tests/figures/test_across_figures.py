"""Figures of several studies: what is beyond an axis is said, signs and steps stand on them, and nothing is drawn twice."""

from __future__ import annotations

from pathlib import Path

import matplotlib.colors
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gqvae.figures import across, advantage, by_text, frontier, learnability
from gqvae.figures.claims import axis_end
from gqvae.figures.labels import Word, write_beside
from gqvae.figures.style import CorpusFacts, arm_style, new_figure, styled
from gqvae.study.across import finished_studies

PUBLISHED = Path(__file__).parents[2] / "results" / "published"
FACTS = CorpusFacts("some studies", False)
SMALL_AND_LARGE = ["tinystories-replication", "control-1024-larger", "control-4096"]


def points_of(module, names: list[str]) -> pd.DataFrame:
    return module.points(finished_studies([PUBLISHED / name for name in names]))


def drawn(module, names: list[str]) -> tuple[pd.DataFrame, Figure]:
    data = points_of(module, names)
    with styled():
        figure = module.draw(data, FACTS)
        figure.canvas.draw()
    return data, figure


def markers(axes: Axes, color: str, faces: tuple[str, ...]) -> set[tuple[float, float]]:
    """Where there are single markers of a colour with one of these faces."""
    lines = [line for line in axes.get_lines() if line.get_color() == color and line.get_markerfacecolor() in faces]
    return {
        (round(float(x), 9), round(float(y), 9))
        for line in lines
        for x, y in np.asarray(line.get_xydata())
        if line.get_marker() != "None"
    }


@pytest.fixture(scope="module")
def forest() -> tuple[pd.DataFrame, Figure]:
    return drawn(across, ["tinystories-replication", "gpu-minutes"])


def test_effects_far_larger_than_most_are_arrows_with_their_number(forest: tuple[pd.DataFrame, Figure]) -> None:
    data, figure = forest
    (axes,) = figure.axes
    reach = axis_end(data)
    assert axes.get_xlim() == (-reach, reach)
    far = data[100 * data["effect"].abs() > reach]
    assert len(far) and set(far["claim"]) <= {"O1", "S1"} and 100 * data["effect"].max() > 2 * reach
    arrows = [line for line in axes.get_lines() if line.get_marker() == ">" and line.get_xdata()[0] == reach]
    assert len(arrows) == (100 * data[["effect", "high"]].max(axis=1) > reach).sum()
    texts = [text.get_text() for text in axes.texts]
    for row in far.itertuples():
        assert any(text.startswith(f"{100 * row.effect:+.1f} %") for text in texts)


def test_matched_arms_are_said_to_be_as_they_were_trained() -> None:
    data = points_of(by_text, ["control-1024", "control-4096"])
    with styled():
        figures = [by_text.draw(data[data["second"].str.contains("matched") == chosen], FACTS) for chosen in (True, False)]
    noted = [any(by_text.AS_TRAINED in text.get_text() for text in figure.texts) for figure in figures]
    assert noted == [True, False]
    for plot in (learnability.PLOT, advantage.PLOT):
        assert "interpolate" in plot.caption and "trained" in plot.caption


def test_a_decided_sign_is_a_bold_word(forest: tuple[pd.DataFrame, Figure]) -> None:
    data, figure = forest
    numbers = [text for text in figure.axes[0].texts if "%  " in text.get_text()]
    assert len(numbers) == len(data) and 0 < (data["sign"] != "undecided").sum() < len(data)
    for text, row in zip(numbers, data.itertuples(), strict=True):
        decided = row.sign != "undecided"
        assert text.get_text().endswith(f"]  {row.sign}") == decided and (text.get_fontweight() == "bold") == decided


def test_amounts_of_text_have_their_steps_and_undecided_points_are_hollow() -> None:
    data, figure = drawn(by_text, SMALL_AND_LARGE)
    pairs = list(dict.fromkeys(zip(data["first"], data["second"], strict=True)))
    assert len(figure.axes) == len(pairs) > 1 and 0 < data["decides"].sum() < len(data)
    for axes, (first, second) in zip(figure.axes, pairs, strict=True):
        own = data[(data["first"] == first) & (data["second"] == second)]
        ticks = dict(zip(axes.get_xticks(), (label.get_text() for label in axes.get_xticklabels()), strict=True))
        assert set(ticks) | set(axes.get_xticks(minor=True)) == set(own["train_bytes"])
        at = own[own["train_bytes"] == 1_000_000]
        assert ticks[1_000_000] == f"1 MB\n{at['fewest_steps'].min()}–{at['most_steps'].max()}"
        means = own[own["series"] == "mean"]
        hollow = [line for line in axes.get_lines() if line.get_markerfacecolor() == "white"]
        assert sum(len(line.get_xydata()) for line in hollow) == (~means["decides"]).sum()
        drawn_at = np.concatenate([np.asarray(line.get_ydata()) for line in hollow])
        np.testing.assert_allclose(sorted(drawn_at), sorted(means.loc[~means["decides"], "advantage"]))


@pytest.fixture(scope="module")
def loss_by_compression() -> tuple[pd.DataFrame, Figure]:
    return drawn(frontier, SMALL_AND_LARGE)


def test_each_panel_of_the_frontier_says_its_text_and_steps(loss_by_compression: tuple[pd.DataFrame, Figure]) -> None:
    _, figure = loss_by_compression
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        "1 MB, 245–318 steps", "4 MB, 977–1,003 steps", "4 MB, 1,194–1,310 steps"
    ]  # fmt: skip
    left = [axes.get_ylabel() for axes in figure.axes]
    assert left == ["222 k parameters\nbits per byte ↓", "", "1.77 M parameters\nbits per byte ↓"]
    by_column = {round(axes.get_position().x0, 6) for axes in figure.axes}
    by_row = {round(axes.get_position().y0, 6) for axes in figure.axes}
    assert (len(by_column), len(by_row)) == (3, 1)  # no empty place where a size did not read an amount


def test_the_frontier_joins_the_sizes_of_one_kind_and_names_them(loss_by_compression: tuple[pd.DataFrame, Figure]) -> None:
    data, figure = loss_by_compression
    axes = figure.axes[0]
    own = data[(data["train_bytes"] == 1_000_000)]
    curve = own[own["series"] == "BPE"]
    (line,) = (line for line in axes.get_lines() if line.get_label() == "BPE")
    np.testing.assert_allclose(line.get_xydata(), curve[["bytes_per_token", "test_bpb"]])
    sizes = own.loc[own["series"] != "", "vocab_size"]  # the control has a curve as well
    assert len(curve) == 4 and sorted(text.get_text() for text in axes.texts) == sorted(f"{size:,.0f}" for size in sizes)
    hollow = markers(axes, arm_style("gqvae").color, ("white",))
    undecided = own[(own["arm"] == "gqvae") & ~own["decides"]]
    assert (
        hollow == {(round(row.bytes_per_token, 9), round(row.test_bpb, 9)) for row in undecided.itertuples()} and len(hollow) == 1
    )


def test_an_arm_far_above_the_curves_is_named_and_not_drawn(loss_by_compression: tuple[pd.DataFrame, Figure]) -> None:
    data, figure = loss_by_compression
    weak = data[(data["arm"] == "bpe_weak") & (data["study"] == "tinystories-replication")].iloc[0]
    (note,) = (text.get_text().replace("\n", " ") for text in figure.texts if "Too far above" in text.get_text())
    assert f"BPE, weak: {weak['test_bpb']:.3f} at 1 MB" in note
    shown = markers(figure.axes[0], arm_style("bpe_weak").color, ("white", arm_style("bpe_weak").color))
    assert not shown


def test_words_beside_points_touch_neither_each_other_nor_markers(loss_by_compression: tuple[pd.DataFrame, Figure]) -> None:
    _, figure = loss_by_compression
    for axes in figure.axes:
        boxes = [text.get_window_extent() for text in axes.texts]
        places = [axes.transData.transform(line.get_xydata()) for line in axes.get_lines() if len(line.get_xydata()) == 1]
        for place, box in enumerate(boxes):
            assert not any(box.overlaps(other) for other in boxes[:place])
            assert not any(box.contains(*point) for points in places for point in points)


def test_a_word_that_markers_on_one_another_share_is_written_once() -> None:
    with styled():
        figure = new_figure(3, 3)
        axes = figure.add_subplot()
        marks = np.array([[1.0, 1.0], [1.0, 1.001], [1.0, 2.0]])
        axes.plot(marks[:, 0], marks[:, 1], "o")
        words = [Word(x, y, text, (0.0, 0.0, 0.0)) for (x, y), text in zip(marks, ("1,024", "1,024", "1,024"), strict=True)]
        write_beside(axes, [*words, Word(1.0, 1.0, "4,096", (0.0, 0.0, 0.0))], marks, [], 5.5)
    assert [text.get_text() for text in axes.texts] == ["1,024", "1,024", "4,096"]


def test_texts_of_one_name_are_told_apart_by_their_studies() -> None:
    data, figure = drawn(frontier, ["tinystories-replication", "stories-1024", "wikitext2"])
    first_lines = [axes.get_title(loc="left").splitlines()[0] for axes in figure.axes]
    assert list(dict.fromkeys(first_lines)) == ["tinystories-replication", "stories-1024", "wikitext2_valid_test.txt.xz"]
    assert data.groupby(frontier.PANEL).ngroups == len(figure.axes)


def test_colours_of_the_curves_are_those_of_their_arms(loss_by_compression: tuple[pd.DataFrame, Figure]) -> None:
    _, figure = loss_by_compression
    (legend,) = figure.legends
    shown = {text.get_text(): handle for text, handle in zip(legend.get_texts(), legend.legend_handles, strict=True)}
    assert matplotlib.colors.same_color(shown["BPE"].get_color(), arm_style("bpe").color)
    assert "BPE, matched" not in shown and "too few steps: decides nothing" in shown
