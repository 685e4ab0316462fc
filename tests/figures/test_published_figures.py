"""Every published figure is drawn again and looked over: nothing written on it is cut off by its edge."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from gqvae.figures import across, away, by_text, frontier
from gqvae.figures.plot import figure_module
from gqvae.figures.style import CorpusFacts, styled
from gqvae.study.across import finished_studies

PUBLISHED = Path(__file__).parents[2] / "results" / "published"
STUDIES = sorted(path.parent for path in PUBLISHED.glob("*/provenance.json"))
SIDE_BY_SIDE = sorted(path.parent for path in PUBLISHED.glob("*/across.csv"))


def written(figure: Figure) -> Iterator[Text]:
    """All text but that of ticks outside of what the axes show, which is not drawn."""
    yield from figure.texts
    for legend in figure.legends:
        yield from legend.get_texts()
    for axes in figure.axes:
        yield from (axes.title, axes.xaxis.label, axes.yaxis.label, *axes.texts)
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            yield from (tick.label1 for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high)


def assert_nothing_is_cut_off(module: ModuleType, data: pd.DataFrame, facts: CorpusFacts) -> None:
    with styled():
        figure = module.draw(data, facts)
        figure.set_dpi(200)  # that of the PNG: letters are as wide as its pixels let them
        figure.draw_without_rendering()
        shown = [text for text in written(figure) if text.get_visible() and text.get_text()]
        assert shown
        for text in shown:
            box, paper = text.get_window_extent(), figure.bbox.padded(0.5)
            inside = paper.x0 <= box.x0 and box.x1 <= paper.x1 and paper.y0 <= box.y0 and box.y1 <= paper.y1
            assert inside, f"{module.__name__}: {text.get_text()!r}"


@pytest.mark.parametrize("study", STUDIES, ids=lambda path: path.name)
def test_nothing_written_on_a_published_figure_is_cut_off(study: Path) -> None:
    facts = CorpusFacts.read(study / "provenance.json")
    names = sorted(path.stem for path in study.glob("figures/*.csv"))
    assert names
    for name in names:
        data = figure_module(name).points(study / "tables")
        if not data.empty:
            assert_nothing_is_cut_off(figure_module(name), data, facts)


@pytest.mark.parametrize("folder", SIDE_BY_SIDE, ids=lambda path: path.name)
def test_nothing_written_on_a_figure_of_several_studies_is_cut_off(folder: Path) -> None:
    names = dict.fromkeys(pd.read_csv(folder / "across.csv")["study"])
    studies = finished_studies([PUBLISHED / name for name in names])
    for module in (across, by_text, frontier, away):
        data = module.points(studies)
        if not data.empty:
            assert_nothing_is_cut_off(module, data, CorpusFacts(f"{len(studies)} studies", False))
