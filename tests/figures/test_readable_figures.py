"""Every figure of studies of every shape is readable: one size or several, one amount of text, few and many seeds and arms."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from fabricated_study import fabricate, fabricate_rates, fabricated_settings
from gqvae.config import Study
from gqvae.figures import across, by_text, frontier
from gqvae.figures.plot import drawn, figure_module
from gqvae.figures.registry import plots
from gqvae.figures.style import CorpusFacts, arm_style, series_style, styled
from gqvae.study.ablations import collect_ablations
from gqvae.study.across import FinishedStudy
from gqvae.study.collect import collect
from gqvae.study.provenance import write_provenance
from readable import assert_readable

ONE_SIZE: dict[str, Any] = {"vocabulary": {"size": 1024}, "language_model": {"train_bytes": [3_000_000]}}
MANY: dict[str, Any] = {
    **{name: {"kind": "bpe"} for name in ("bpe", "bpe_weak", "unigram", "a_tokenizer_of_another_library", "words_of_a_dictionary")},
    "bytes": {"kind": "bytes"},
    "bpe_matched": {"kind": "bpe", "match": "gqvae"},
    "pathpiece": {"kind": "pathpiece"},
    "pathpiece_matched": {"kind": "pathpiece", "match": "gqvae"},
    **{f"fixed_{length}": {"kind": "fixed", "chunk_bytes": length} for length in (2, 3, 4, 6, 8)},
    **{name: {"kind": "gqvae"} for name in ("gqvae", "gqvae_without_revival_of_codes", "gqvae_wide", "gqvae_slow", "gqvae_early")},
    "gqvae_paper": {"kind": "gqvae", "objective": {"name": "paper"}},
}  # fmt: skip
STUDIES: dict[str, dict[str, Any]] = {
    "one size, one amount of text, one seed": {"seeds": (0,), **ONE_SIZE},
    "one size, one amount of text, two seeds": {"seeds": (0, 1), **ONE_SIZE},
    "several sizes, one seed": {"seeds": (0,)},
    "several sizes, two seeds": {"seeds": (0, 1)},
    "one size, twenty arms": {"seeds": (0, 1, 2), "arms": MANY, **ONE_SIZE},
    "several sizes, twenty arms": {"seeds": (0, 1), "arms": MANY},
}
FACTS = CorpusFacts("a real corpus", False)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Any:
    @cache
    def tables(name: str) -> tuple[Study, Path]:
        folder, settings = tmp_path_factory.mktemp("study"), fabricated_settings(**STUDIES[name])
        collect(settings, fabricate(settings, folder), folder / "tables")
        collect_ablations(settings, folder, folder / "tables")
        fabricate_rates(settings, folder / "tables")
        return settings, folder

    return tables


def test_there_are_twenty_arms() -> None:
    assert len(MANY) == 20


@pytest.mark.parametrize("figure", plots())
@pytest.mark.parametrize("name", STUDIES)
def test_no_text_touches_another_or_leaves_a_figure(name: str, figure: str, study: Any) -> None:
    _, folder = study(name)
    module = figure_module(figure)
    facts = CorpusFacts(
        "synthetic stories", True, ("a_tokenizer_of_another_library", "words_of_a_dictionary") * ("twenty" in name)
    )
    with styled():
        assert_readable(drawn(module, module.points(folder / "tables"), facts), figure)


@pytest.mark.parametrize("figure", [across, by_text, frontier])
@pytest.mark.parametrize("names", [[name] for name in STUDIES] + [list(STUDIES)], ids=lambda names: f"{len(names)}: {names[0]}")
def test_no_text_on_figures_of_several_studies_touches_another(names: list[str], figure: Any, study: Any) -> None:
    found = [finished(*study(name), name) for name in names]
    with styled():
        assert_readable(drawn(figure, figure.points(found), FACTS), figure.__name__)


def finished(settings: Study, folder: Path, name: str) -> FinishedStudy:
    write_provenance(settings, folder, folder / "provenance.json")
    arms = settings.model_dump(mode="json")["arms"]
    sizes = (settings.vocabulary.size, settings.language_model.decisive_steps, settings.language_model.epochs)
    return FinishedStudy(folder, name.replace(", ", "-"), "a corpus", f"train {name}", f"test {name}", False, arms, *sizes)


def test_arms_of_one_size_have_a_row_each_and_no_leaders(study: Any) -> None:
    _, folder = study("one size, twenty arms")
    module = figure_module("compression")
    points = module.points(folder / "tables")
    with styled():
        (axes,) = drawn(module, points, FACTS).axes
    means = points[points["series"] == "mean"].sort_values("bytes_per_token", ascending=False, kind="stable")
    shown = {
        str(line.get_label()): line.get_xydata()[0] for line in axes.get_lines() if not str(line.get_label()).startswith("_")
    }
    expected = {f"{row.arm} {row.encoder}".strip(): (row.bytes_per_token, place) for place, row in enumerate(means.itertuples())}
    assert {name: tuple(point) for name, point in shown.items()} == expected
    assert not [line for line in axes.get_lines() if line.get_transform() == axes.transAxes]


def test_single_bytes_do_not_flatten_the_others_and_are_an_arrow(study: Any) -> None:
    _, folder = study("one size, twenty arms")
    module = figure_module("compression")
    with styled():
        (axes,) = drawn(module, module.points(folder / "tables"), FACTS).axes
    left, _ = axes.get_xlim()
    assert left > 1
    arrows = [
        line.get_xdata()[0]
        for line in axes.get_lines()
        if line.get_marker() == "<" and line.get_color() == arm_style("bytes").color
    ]
    assert arrows == [left]


def test_series_have_no_colour_of_an_arm() -> None:
    arms = {arm_style(arm).color.lower() for arm in (*MANY, "dictionary", "bpe_tinystories", "my_arm", "other", "words")}
    series = [series_style(place) for place in range(9)]
    assert len(set(series)) == 9 and not arms & {color.lower() for color, _ in series}


def test_codes_in_use_begin_with_quantization(study: Any, tmp_path: Path) -> None:
    _, folder = study("several sizes, one seed")
    module = figure_module("training")
    table = (folder / "tables" / "training.csv").read_text().splitlines()
    header = table[0].split(",")
    place = {name: header.index(name) for name in ("step", "codes_used")}
    rows = [line.split(",") for line in table[1:]]
    for row in rows:
        if int(row[place["step"]]) < 500:
            row[place["codes_used"]] = "0.0"
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "training.csv").write_text("\n".join([table[0], *map(",".join, rows)]) + "\n")
    points = module.points(tmp_path / "tables")
    used = points[points["measure"] == "codes_used"]
    assert len(used) and used["step"].min() == 500 and points.loc[points["measure"] == "hard_rate", "step"].min() == 50
