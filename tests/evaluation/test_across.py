from __future__ import annotations

from pathlib import Path

import pytest

from gqvae.evaluation.across import away_from_home, finished_studies
from gqvae.figures.plot_across import plot_across

PUBLISHED = Path(__file__).parents[2] / "results" / "published"


def folders(*names: str) -> list[Path]:
    return [PUBLISHED / name for name in names]


def test_tokenizers_of_another_text_are_away_from_home() -> None:
    found = away_from_home(finished_studies(folders("tinystories-sample", "wikitext2")))
    assert set(found["origin"]) == {"tinystories-sample"}
    assert {(row.study, row.place) for row in found.itertuples()} == {
        ("tinystories-sample", "home"), ("wikitext2", "native"), ("wikitext2", "borrowed")
    }  # fmt: skip


@pytest.mark.parametrize("names", [("tinystories-replication", "tinystories-4096"), ("tinystories-4096",), ("wikitext2",)])
def test_tokenizers_of_the_same_text_or_of_one_unknown_are_not(names: tuple[str, ...]) -> None:
    assert away_from_home(finished_studies(folders(*names))).empty


def test_a_figure_with_nothing_to_show_does_not_stay(tmp_path: Path) -> None:
    plot_across(folders("tinystories-sample", "wikitext2"), tmp_path)
    assert (tmp_path / "away.csv").exists()
    plot_across(folders("wikitext2"), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["across.csv", "across.pdf", "across.png"]
