"""Figures draw exactly the points that lie beside them as CSV, say what they show, and come out the same every time."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import warnings
from pathlib import Path
from types import ModuleType

import matplotlib.image
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from fabricated_study import fabricate, fabricate_rates, fabricated_settings
from gqvae.figures.plot import figure_module, plot
from gqvae.figures.registry import plots
from gqvae.figures.style import SYNTHETIC_NOTE, CorpusFacts, arm_style, styled
from gqvae.study.ablations import collect_ablations
from gqvae.study.collect import collect

FIGURES = {name: figure_module(name) for name in plots()}
NATURAL = CorpusFacts("a real corpus", False)
LABELS = {
    "breakdown": [
        ("rank of the token in the training text", "bits per byte of the whole text ↓"),
        ("position of the token in its pre-token", ""),
        ("bytes of the token", ""),
    ],
    "tuning": [("peak learning rate", "validation loss (bits per byte) ↓")],
    "claims": [("relative advantage of the first arm → (dashed: margin)", "")],
    "compression": [("vocabulary size V, bytes included (tokens)", "compression (bytes per token) ↑")],
    "convergence": [
        ("training text (bytes)", "validation loss (bits per byte) ↓"),
        ("training tokens", ""),
        ("training compute (floating-point operations)", "validation loss (bits per byte) ↓"),
        ("optimiser steps", ""),
    ],
    "learnability": [
        ("training text (bytes) / optimiser steps", "test loss (bits per byte) ↓"),
        ("non-embedding parameters\nSTEPS optimiser steps each", ""),
    ],
    "advantage": [
        ("training text so far (bytes)\nvalidation split", "loss saved (share of bits per byte) ↑"),
        ("training text (bytes) / steps\ntest split", ""),
        ("non-embedding parameters\ntest split, STEPS steps each", ""),
    ],
    "cuts": [("compression (bytes per token)", "entropy of cuts (bits per pre-token)")],
    "serving": [("inference (floating-point operations per byte of text)", "test loss (bits per byte) ↓")],
    "training": [("", "")] * 12 + [("optimiser step", "")] * 4,  # its columns have titles
    "segmentations": [("", "")],
    "rank_frequency": [("rank of the token (1 = most frequent)", "share of all tokens")],
    "bistability": [
        ("weight α of the gate loss", "open gates (share of positions)"),
        ("requested (share of positions)", ""),
    ],
}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results")
    study = fabricated_settings(many=True)
    collect(study, fabricate(study, folder), folder / "tables")
    collect_ablations(study, folder, folder / "tables")
    fabricate_rates(study, folder / "tables")
    return folder


def drawn(module: ModuleType, results: Path, corpus: CorpusFacts = NATURAL) -> tuple[pd.DataFrame, Figure]:
    with styled():
        points = module.points(results / "tables")
        return points, module.draw(points, corpus)


def lines_of(figure: Figure, axes: int = 0) -> dict[str, np.ndarray]:
    """Points of the labelled lines of one axes, by label."""
    lines = figure.axes[axes].get_lines()
    return {str(line.get_label()): np.asarray(line.get_xydata()) for line in lines if not str(line.get_label()).startswith("_")}


@pytest.fixture(scope="module")
def plotted(results: Path) -> Path:
    for name in FIGURES:
        plot(name, results / "tables", results / "corpus" / "corpus.json", results / "figures")
    return results / "figures"


@pytest.mark.parametrize("name", FIGURES)
def test_files_are_complete(name: str, plotted: Path) -> None:
    image = matplotlib.image.imread(plotted / f"{name}.png")
    assert image.shape[0] > 500 and image.shape[1] > 900 and image[..., :3].std() > 0.05
    assert b"CreationDate" not in (plotted / f"{name}.pdf").read_bytes()


def test_another_process_with_another_hash_seed_writes_the_same_bytes(results: Path, plotted: Path, tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from gqvae.figures.plot import plot; from gqvae.figures.registry import plots\n"
        "for name in plots(): plot(name, *map(Path, sys.argv[1:]))"
    )
    command = [sys.executable, "-c", program, str(results / "tables"), str(results / "corpus" / "corpus.json"), str(tmp_path)]
    subprocess.run(command, check=True, env={"PYTHONHASHSEED": "1", "HOME": str(tmp_path), "OMP_NUM_THREADS": "1"})
    for name in FIGURES:
        for form in ("png", "pdf", "csv"):
            first, second = ((folder / f"{name}.{form}").read_bytes() for folder in (plotted, tmp_path))
            assert first == second and len(first) > 400, f"{name}.{form}"


@pytest.mark.parametrize("name", FIGURES)
def test_csv_holds_what_is_drawn(name: str, results: Path, plotted: Path) -> None:
    points = FIGURES[name].points(results / "tables")
    text = {column: "" for column in points if points[column].dtype == object}
    written = pd.read_csv(plotted / f"{name}.csv", dtype={"seed": "Int64"}, float_precision="round_trip").fillna(text)
    pd.testing.assert_frame_equal(written, points, check_dtype=False, check_exact=True)


@pytest.mark.parametrize("name", FIGURES)
def test_axes_say_what_they_show(name: str, results: Path) -> None:
    _, figure = drawn(FIGURES[name], results)
    shown = [
        (re.sub(r"\d[\d,]*(–\d[\d,]*)?(?= (optimiser )?steps)", "STEPS", axes.get_xlabel()), axes.get_ylabel())
        for axes in figure.axes
    ]
    assert shown == LABELS[name]


@pytest.mark.parametrize("name", FIGURES)
def test_a_synthetic_corpus_is_marked_in_every_figure(name: str, results: Path) -> None:
    for synthetic in (True, False):
        _, figure = drawn(FIGURES[name], results, CorpusFacts("some label", synthetic))
        texts = [text.get_text() for text in figure.texts]
        assert (SYNTHETIC_NOTE in texts) == synthetic
        seeds = {"tuning": "2 seeds", "segmentations": "seed 0"}.get(name, "3 seeds")  # rates are chosen with the first two
        assert any("some label" in text and seeds in text for text in texts)


def test_compression_lines_are_means_of_the_table(results: Path) -> None:
    _, figure = drawn(FIGURES["compression"], results)
    lines = lines_of(figure)
    table = pd.read_csv(results / "tables" / "compression.csv")
    rows = table[(table["arm"] == "gqvae") & (table["encoder"] == "distilled") & (table["split"] == "test")]
    expected = rows.groupby("vocab_size")["bytes_per_token"].mean()
    np.testing.assert_allclose(lines["gqvae distilled"], np.column_stack([expected.index, expected]))
    pair = lines["bpe_matched matched to gqvae"]
    matching = pd.read_csv(results / "tables" / "matching.csv")
    expected_pair = [
        [matching["vocab_size"].mean(), matching["test_bytes_per_token"].mean()],
        [1024, matching["test_target_bytes_per_token"].mean()],
    ]
    np.testing.assert_allclose(pair, expected_pair)
    assert figure.axes[0].get_xscale() == "log" and lines["bytes"].tolist() == [[257, 1]]


def test_an_encoder_of_another_arm_is_drawn_once(results: Path, tmp_path: Path) -> None:
    shutil.copytree(results / "tables", tmp_path / "tables")
    table = pd.read_csv(results / "tables" / "compression.csv")
    borrowed = table[(table["arm"] == "gqvae") & (table["variant"] == "v1024")].assign(arm="gqvae_distilled")
    pd.concat([table, borrowed]).to_csv(tmp_path / "tables" / "compression.csv", index=False)
    shown = FIGURES["compression"].points(tmp_path / "tables")
    pd.testing.assert_frame_equal(shown, FIGURES["compression"].points(results / "tables"))


def test_convergence_draws_the_largest_budget_with_its_band(results: Path) -> None:
    points, figure = drawn(FIGURES["convergence"], results)
    table = pd.read_csv(results / "tables" / "convergence.csv")
    curve = table[(table["arm"] == "gqvae") & (table["seed"] == 1) & (table["train_bytes"] == 1_000_000)]
    for axes, column in enumerate(("bytes", "tokens", "flops", "step")):
        np.testing.assert_allclose(lines_of(figure, axes)["gqvae seed 1"], curve[[column, "valid_bpb"]])
        mean = points[(points["panel"] == column) & (points["arm"] == "gqvae") & (points["series"] == "mean")]
        np.testing.assert_allclose(lines_of(figure, axes)["gqvae mean"], mean[["x", "y"]])
        assert (mean["low"] <= mean["y"]).all() and (mean["y"] <= mean["high"]).all()


def test_learnability_bars_are_the_intervals(results: Path) -> None:
    points, figure = drawn(FIGURES["learnability"], results)
    table = pd.read_csv(results / "tables" / "learnability.csv")
    sizes = pd.read_csv(results / "tables" / "model_sizes.csv")
    for place, (panel, runs, column) in enumerate(
        (("training text", table, "train_bytes"), ("model size", sizes, "parameters_non_embedding"))
    ):
        means = runs[runs["arm"] == "gqvae"].groupby(column)["test_bpb"].mean()
        np.testing.assert_allclose(lines_of(figure, place)["gqvae"], np.column_stack([means.index, means]))
        drawn_bars = [path for part in figure.axes[place].collections for path in part.get_paths()]
        bars = {tuple(np.round(np.concatenate(path.vertices), 9)) for path in drawn_bars}
        for row in points[(points["panel"] == panel) & (points["series"] == "mean") & (points["arm"] == "gqvae")].itertuples():
            assert tuple(np.round([row.amount, row.low, row.amount, row.high], 9)) in bars


def test_serving_joins_the_sizes_of_an_arm_at_what_a_byte_costs(results: Path) -> None:
    points, figure = drawn(FIGURES["serving"], results)
    runs = pd.read_csv(results / "tables" / "model_sizes.csv").query("arm == 'bpe_matched'")
    cost = runs["flops"] / runs["tokens"] / 3 * runs["test_tokens"] / runs["test_bytes"]
    means = runs.assign(cost=cost).groupby("parameters_non_embedding")[["cost", "test_bpb"]].mean()
    assert len(means) == 3
    np.testing.assert_allclose(lines_of(figure)["bpe_matched"], means.sort_values("cost"))
    seeds = points[(points["arm"] == "bpe_matched") & (points["series"] == "seed")]
    np.testing.assert_allclose(sorted(seeds["amount"]), sorted(cost))


def test_advantage_is_the_paired_share_of_the_loss_at_equal_compression(results: Path) -> None:
    points, figure = drawn(FIGURES["advantage"], results)
    shown = points[points["panel"] == "training text"]
    table = pd.read_csv(results / "tables" / "learnability.csv").set_index(["arm", "train_bytes", "seed"])["test_bpb"]
    for row in shown[shown["series"] == "seed"].itertuples():
        expected = 1 - table[row.arm, row.amount, row.seed] / table["bpe_matched", row.amount, row.seed]
        assert row.advantage == pytest.approx(expected, abs=1e-12)
    mean = shown[(shown["arm"] == "gqvae") & (shown["series"] == "mean")]
    np.testing.assert_allclose(lines_of(figure, 1)["gqvae"][:, 1], mean["advantage"])
    assert "bpe_matched" not in set(points["arm"]) and len(shown[shown["series"] == "mean"]) > len(mean)


def test_curves_are_compared_at_equal_amounts_of_text(results: Path, tmp_path: Path) -> None:
    """An arm whose loss is a straight line over log bytes, a tenth below the reference's, measured at other amounts."""
    tables = tmp_path / "tables"
    shutil.copytree(results / "tables", tables)
    theirs, ours = np.array([5e3, 2e4, 1e5, 9e5]), np.array([4e3, 5e4, 8e5])
    curves = [("bpe_matched", theirs, 10 - 0.5 * np.log(theirs)), ("gqvae", ours, 0.9 * (10 - 0.5 * np.log(ours)))]
    frames = [
        pd.DataFrame(
            {"arm": arm, "seed": seed, "train_bytes": 10, "step": 1, "bytes": x, "tokens": 1, "flops": 1.0, "valid_bpb": y}
        )
        for arm, x, y in curves
        for seed in (0, 1, 2)
    ]
    pd.concat(frames).to_csv(tables / "convergence.csv", index=False)
    points = FIGURES["advantage"].points(tables)
    mean = points[(points["panel"] == "while training") & (points["series"] == "mean")]
    assert mean["amount"].tolist() == [2e4, 1e5, 8e5]
    np.testing.assert_allclose(mean["advantage"], 0.1)


def test_two_seeds_have_points_and_no_bars(tmp_path: Path) -> None:
    study = fabricated_settings(seeds=(0, 1))
    collect(study, fabricate(study, tmp_path), tmp_path / "tables")
    points, figure = drawn(FIGURES["learnability"], tmp_path)
    assert points["low"].isna().all() and not figure.axes[0].collections


def test_one_amount_of_text_and_one_vocabulary_size_are_drawn_in_the_middle_with_whole_names(tmp_path: Path) -> None:
    study = fabricated_settings(
        seeds=(0, 1, 2),
        arms={
            "bpe": {"kind": "bpe"},
            "an_arm_with_a_very_long_name": {"kind": "bpe"},
            "bpe_matched": {"kind": "bpe", "match": "gqvae"},
            "gqvae": {"kind": "gqvae"},
        },
        vocabulary={"size": 1024},
        language_model={"train_bytes": [500_000]},
    )
    collect(study, fabricate(study, tmp_path), tmp_path / "tables")
    for name in ("compression", "learnability", "advantage", "convergence", "serving"):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            _, figure = drawn(FIGURES[name], tmp_path)
            figure.set_dpi(200)  # as it is saved
            figure.canvas.draw()
        axes = figure.axes[-1]
        lines = [np.asarray(line.get_xdata(), float) for line in axes.get_lines() if line.get_transform() == axes.transData]
        drawn_at, (left, right) = np.concatenate(lines), axes.get_xlim()
        assert name == "convergence" or (left < drawn_at.min() and drawn_at.max() < right), name  # there the start is cut off
        names = [text for text in axes.texts if "very long" in text.get_text()]
        assert len(names) == 1 and all(text.get_window_extent().x1 < figure.bbox.x1 for text in axes.texts), name


def test_training_leaves_out_what_was_not_measured(results: Path) -> None:
    _, figure = drawn(FIGURES["training"], results)
    table = pd.read_csv(results / "tables" / "training.csv")
    history = table[(table["arm"] == "gqvae") & (table["seed"] == 2)]
    row = 4 * list(dict.fromkeys(table["arm"])).index("gqvae")
    np.testing.assert_allclose(lines_of(figure, row)["gqvae seed 2 soft_rate"], history[["step", "soft_rate"]])
    exact = history[["step", "exact_token_accuracy"]].dropna()
    assert len(exact) < len(history)
    np.testing.assert_allclose(lines_of(figure, row + 3)["gqvae seed 2 exact_token_accuracy"], exact)


def test_arms_of_the_training_figure_have_a_row_each_above_the_others_in_grey(results: Path) -> None:
    points, figure = drawn(FIGURES["training"], results)
    arms = list(dict.fromkeys(points["arm"]))
    assert [axes.get_title(loc="left") for axes in figure.axes[:4]] == [label for _, label in FIGURES["training"].PANELS.values()]
    assert [text.get_text() for text in figure.texts if text.get_text() in {arm_style(arm).name for arm in arms}] == [
        arm_style(arm).name for arm in arms
    ]
    for place, axes in enumerate(figure.axes):
        own = [str(line.get_label()) for line in axes.get_lines()]
        assert own and all(label.startswith(f"{arms[place // 4]} seed ") for label in own)
        others = sum(len(part.get_segments()) for part in axes.collections)
        assert others == len(own) * (len(arms) - 1)  # as many seeds and measures of every other arm
