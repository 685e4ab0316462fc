"""What `results/published/` shows can be made again from what lies beside it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from gqvae.config import Study, parse
from gqvae.figures.plot import figure_module, plot_across
from gqvae.files import write_csv
from gqvae.report import pages
from gqvae.study import layout
from gqvae.study.across import side_by_side

ROOT = Path(__file__).parents[1]
PUBLISHED = ROOT / "results" / "published"
SIDE_BY_SIDE = side_by_side(PUBLISHED)
TELLING = sorted(  # of the version that says where networks were trained
    path.parent.name for path in PUBLISHED.glob("*/provenance.json") if "network_devices" in path.read_text(encoding="utf-8")
)
DRAWN = sorted(path for path in PUBLISHED.glob("*/figures/*.csv"))


@pytest.mark.parametrize("drawn", DRAWN, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_every_published_figure_comes_from_the_tables_beside_it(drawn: Path, tmp_path: Path) -> None:
    write_csv(figure_module(drawn.stem).points(drawn.parents[1] / "tables"), tmp_path / drawn.name)
    assert (tmp_path / drawn.name).read_bytes() == drawn.read_bytes()
    assert drawn.with_suffix(".png").stat().st_size > 1000


@pytest.mark.parametrize("folder", SIDE_BY_SIDE)
def test_what_several_studies_say_comes_from_what_is_published_of_them(folder: str, tmp_path: Path) -> None:
    plot_across([PUBLISHED / study for study in SIDE_BY_SIDE[folder]], tmp_path)
    published = PUBLISHED / folder
    assert {path.name for path in published.iterdir()} <= {path.name for path in tmp_path.iterdir()}
    for path in tmp_path.glob("*.csv"):
        assert path.read_bytes() == (published / path.name).read_bytes()


def test_a_picture_is_published_if_a_document_shows_it() -> None:
    shown = {
        (document.parent / target).resolve()
        for document in (ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *PUBLISHED.rglob("*.md"))
        for target in re.findall(r"\]\(([^)\s]+\.(?:png|pdf|svg))\)", document.read_text(encoding="utf-8"))
    }
    published = {path for path in PUBLISHED.rglob("*") if path.suffix in (".png", ".pdf", ".svg")}
    assert len(published) > 100 and published <= shown


@pytest.mark.parametrize("study", TELLING)
def test_the_networks_of_a_study_are_told_beside_it(study: str) -> None:
    facts, paths = _provenance(study), list((PUBLISHED / study).glob("networks/*.json"))
    names = layout.learned_families(parse(Study, facts["config"], "provenance.json"))
    assert sorted(path.stem for path in paths) == sorted(names)
    assert sorted({json.loads(path.read_text(encoding="utf-8"))["device"] for path in paths}) == facts["network_devices"]


def _provenance(study: str) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((PUBLISHED / study / "provenance.json").read_text(encoding="utf-8"))
    return record


def test_the_generated_tables_of_results_are_current(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    pages.check()
