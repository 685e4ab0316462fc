"""A vocabulary that stayed smaller than was requested is compared with no larger one as if they were of one size."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from fabricated_study import fabricate, fabricated_settings
from gqvae.config import Study
from gqvae.figures import across, claims
from gqvae.figures.style import CorpusFacts, styled
from gqvae.report.effects import effects
from gqvae.report.summary import summarize
from gqvae.study import layout
from gqvae.study.ablations import collect_ablations
from gqvae.study.across import finished_studies
from gqvae.study.collect import collect
from gqvae.study.provenance import write_provenance
from gqvae.study.sizes import same_size, size_in_words
from gqvae.study.tables import read_table


@pytest.fixture
def study() -> Study:
    return fabricated_settings(seeds=(0, 1))


@pytest.fixture
def results(study: Study, tmp_path: Path) -> Path:
    """The networks of `gqvae` found 531 strings instead of 1,024; those of `fixed` two too few."""
    fabricate(study, tmp_path)
    for arm, reached in (("gqvae", 531), ("fixed", 1022)):
        for seed in study.seeds:
            path = layout.compression_path(tmp_path, layout.learned_family(arm, seed))
            table = pd.read_csv(path)
            table.loc[table["variant"] == "v1024", "vocab_size"] = reached
            table.to_csv(path, index=False)
    return tmp_path


def test_only_vocabularies_of_its_size_are_divided_by_bpe(study: Study, results: Path) -> None:
    collect(study, results, results / "tables")
    table = read_table(results / "tables", "results").set_index("arm")
    assert math.isnan(table.loc["gqvae", "ratio_to_bpe"]) and table.loc["gqvae", "vocab_size"] == 531
    assert table.loc["fixed", "ratio_to_bpe"] == table.loc["fixed", "bytes_per_token"] / table.loc["bpe", "bytes_per_token"]
    collect_ablations(study, results, results / "tables")
    ablations = read_table(results / "tables", "ablations").set_index("arm")
    assert ablations.loc["gqvae", ["neural_ratio_to_bpe", "distilled_ratio_to_bpe"]].isna().all(axis=None)
    assert ablations.loc["fixed", ["neural_ratio_to_bpe", "distilled_ratio_to_bpe"]].notna().all(axis=None)


def test_the_summary_says_which_sizes_a_claim_compares(study: Study, results: Path) -> None:
    collect(study, results, results / "tables")
    summarize(study, results, results / "summary.md")
    text = (results / "summary.md").read_text(encoding="utf-8")
    assert "| `gqvae` (V = 531) against `bpe` (V = 1,024) |" in text
    assert "| `gqvae` (V = 531) against `fixed` (V = 1,022) |" in text


def test_figures_and_the_table_of_effects_say_so_too(study: Study, results: Path) -> None:
    """Both figures of claims, and the table of several studies, which compares arms of one requested size."""
    collect(study, results, results / "tables")
    with styled():
        figure = claims.draw(claims.points(results / "tables"), CorpusFacts("a corpus", False))
    said = " ".join(" ".join(text.get_text() for text in figure.axes[0].texts).split())
    assert "GQ-VAE (V = 531) against BPE (V = 1,024)" in said
    write_provenance(study, results, results / "provenance.json")
    (finished,) = finished_studies([results])
    found = across.points([finished]).set_index("claim")
    assert found.loc["C2", "sizes"] == "V = 531 : 1,024" and found.loc["C1", "sizes"] == "V = 531 : 1,022"
    assert found.loc["C4a", "sizes"] == ""  # of equal compression, not of one size
    with styled():
        figure = across.draw(found.reset_index(), CorpusFacts("some studies", False))
    assert (
        sum("V = 531 : 1,024" in text.get_text() for text in figure.axes[0].texts) == (found["sizes"] == "V = 531 : 1,024").sum()
    )
    table = effects([finished]).splitlines()
    for opponent, reached in (("fixed length", "(V = 531 : 1,022)"), ("BPE", "(V = 531 : 1,024)")):
        assert any(line.startswith(f"| bytes per token, against {opponent} |") and reached in line for line in table)


@pytest.mark.parametrize(
    ("first", "second", "same"), [(1024, 1024, True), (4094.4, 4096, True), (531, 1024, False), (304, 336, False)]
)
def test_a_few_strings_too_few_make_no_other_size(first: float, second: float, same: bool) -> None:
    assert same_size(first, second) == same_size(second, first) == same
    assert same_size(first, math.nan)


def test_sizes_that_were_not_recorded_are_not_told() -> None:
    assert size_in_words(SimpleNamespace(first_vocab_size=math.nan, second_vocab_size=math.nan), "first") == ""
    assert size_in_words(SimpleNamespace(), "first") == ""
    claim = SimpleNamespace(first_vocab_size=304.0, second_vocab_size=336.0)
    assert [size_in_words(claim, place) for place in ("first", "second")] == [" (V = 304)", " (V = 336)"]
