"""Every published figure is drawn again and looked over: no text is cut off or touches another, and no point is left out unsaid."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

from gqvae.figures import across, away, by_text, frontier
from gqvae.figures.plot import drawn, figure_module
from gqvae.figures.style import CorpusFacts, styled
from gqvae.study.across import finished_studies
from readable import assert_readable

PUBLISHED = Path(__file__).parents[2] / "results" / "published"
STUDIES = sorted(path.parent for path in PUBLISHED.glob("*/provenance.json"))
SIDE_BY_SIDE = sorted(path.parent for path in PUBLISHED.glob("*/across.csv"))


def look_over(module: ModuleType, data: pd.DataFrame, facts: CorpusFacts) -> None:
    with styled():
        assert_readable(drawn(module, data, facts), module.__name__)


@pytest.mark.parametrize("study", STUDIES, ids=lambda path: path.name)
def test_a_published_figure_is_readable(study: Path) -> None:
    facts = CorpusFacts.read(study / "provenance.json")
    names = sorted(path.stem for path in study.glob("figures/*.csv"))
    assert names
    for name in names:
        look_over(figure_module(name), figure_module(name).points(study / "tables"), facts)


@pytest.mark.parametrize("folder", SIDE_BY_SIDE, ids=lambda path: path.name)
def test_a_figure_of_several_studies_is_readable(folder: Path) -> None:
    names = dict.fromkeys(pd.read_csv(folder / "across.csv")["study"])
    studies = finished_studies([PUBLISHED / name for name in names])
    for module in (across, by_text, frontier, away):
        data = module.points(studies)
        if not data.empty:
            look_over(module, data, CorpusFacts(f"{len(studies)} studies", False))
