from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from gqvae.config import LanguageModel
from gqvae.figures import across, away, by_text
from gqvae.figures.plot import plot_across
from gqvae.study.across import finished_studies
from gqvae.study.tables import read_table

PUBLISHED = Path(__file__).parents[2] / "results" / "published"


def folders(*names: str) -> list[Path]:
    return [PUBLISHED / name for name in names]


def test_tokenizers_of_another_text_are_away_from_home() -> None:
    found = away.points(finished_studies(folders("stories-1024", "wikitext2")))
    assert set(found["origin"]) == {"stories-1024"}
    assert {(row.study, row.place) for row in found.itertuples()} == {
        ("stories-1024", "home"), ("wikitext2", "native"), ("wikitext2", "borrowed")
    }  # fmt: skip


@pytest.mark.parametrize("names", [("tinystories-replication", "control-4096"), ("control-4096",), ("wikitext2",)])
def test_tokenizers_of_the_same_text_or_of_one_unknown_are_not(names: tuple[str, ...]) -> None:
    assert away.points(finished_studies(folders(*names))).empty


def test_what_shared_tokenizers_are_like_is_said_once() -> None:
    found = across.points(finished_studies(folders("control-1024", "control-1024-larger")))
    said = {claim: list(rows["study"]) for claim, rows in found.groupby("claim")}
    assert said["C2"] == said["C5a"] == ["control-1024"]  # the same tokenizers, measured twice
    assert said["C3b"] == said["C4b"] == ["control-1024", "control-1024-larger"]  # other language models


def test_claims_of_one_study_alone_are_left_to_its_own_figure() -> None:
    studies = finished_studies(folders("stories-1024", "stories-4096"))
    names = [set(across.points(chosen)["claim"]) for chosen in (studies, studies[:1], studies[1:])]
    assert names[0] == names[1] & names[2] and {"C1", "S1"} <= names[1] ^ names[2]


def test_advantages_with_the_most_text_are_what_the_claims_say() -> None:
    studies = finished_studies(folders("tinystories-replication", "control-1024-larger"))
    found = by_text.points(studies)
    opponents = {"fixed_8", "bpe", "bpe_matched", "pathpiece", "pathpiece_matched"}
    assert set(zip(found["first"], found["second"], strict=True)) == {("gqvae", of) for of in opponents}
    claims = pd.concat([across.points([study]) for study in studies])
    claims = claims[(claims["measure"] == "test_bpb") & (claims["first"] == "gqvae")]
    assert len(claims) == 5
    for claim in claims.itertuples():
        own = found[(found["study"] == claim.study) & (found["second"] == claim.second)]
        own = own[own["train_bytes"] == own["train_bytes"].max()]
        assert sorted(own["series"]) == ["mean"] + ["seed"] * 5
        mean = own[own["series"] == "mean"].iloc[0]
        assert [mean["advantage"], mean["low"], mean["high"]] == pytest.approx([claim.effect, claim.low, claim.high])
        assert mean["fewest_steps"] == claim.steps


def test_an_advantage_decides_something_where_both_arms_have_the_steps_that_their_study_asks_for() -> None:
    (study,) = finished_studies(folders("tinystories-replication"))
    found = by_text.points([study])
    means = found[(found["series"] == "mean") & (found["second"] == "bpe_matched")].set_index("train_bytes")
    runs = read_table(study.tables, "learnability")
    steps = runs[runs["arm"].isin(["gqvae", "bpe_matched"])].groupby("train_bytes")["steps"]
    assert means["fewest_steps"].to_dict() == steps.min().to_dict() and means["most_steps"].to_dict() == steps.max().to_dict()
    assert study.decisive_steps == LanguageModel().decisive_steps  # it ran before studies said so
    assert means["decides"].to_dict() == {62_500: False, 160_000: False, 400_000: False, 1_000_000: True}
    strict = replace(study, decisive_steps=int(means.loc[1_000_000, "fewest_steps"]) + 1)
    assert not by_text.points([strict])["decides"].all()
    assert not by_text.points([replace(study, decisive_steps=0)])["decides"].eq(False).any()


def test_a_figure_with_nothing_to_show_does_not_stay(tmp_path: Path) -> None:
    plot_across(folders("stories-1024", "wikitext2"), tmp_path)
    assert (tmp_path / "away.csv").exists()
    plot_across(folders("wikitext2"), tmp_path)
    assert {path.stem for path in tmp_path.iterdir()} == {"across", "by_text", "frontier"}
