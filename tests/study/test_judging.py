"""Finished studies are judged by the rule of today, from what was published of them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from fabricated_study import fabricate, fabricated_settings
from gqvae.cli import main
from gqvae.files import read_json, write_json
from gqvae.study.collect import collect
from gqvae.study.provenance import write_provenance
from gqvae.study.tables import read_table


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study with what is judged of one that is published: its provenance and tables."""
    folder = tmp_path_factory.mktemp("judging")
    study = fabricated_settings()
    collect(study, fabricate(study, folder / "results"), folder / "results" / "tables")
    write_provenance(study, folder / "results", folder / "published" / "provenance.json")
    shutil.copytree(folder / "results" / "tables", folder / "published" / "tables")
    shutil.copy(folder / "results" / "claims.csv", folder / "published")
    return folder / "published"


@pytest.fixture
def finished(published: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(published, tmp_path / "finished"))


def record(folder: Path, claims: dict[str, object], **language_model: object) -> None:
    """Change what the provenance says was to be decided, and how."""
    found = read_json(folder / "provenance.json")
    found["config"]["claims"] = claims
    found["config"]["language_model"] |= language_model
    write_json(folder / "provenance.json", found)


def test_the_same_rule_gives_the_same_claims(finished: Path) -> None:
    before = (finished / "claims.csv").read_bytes()
    (finished / "claims.csv").unlink()
    assert main(["judge", "--results", str(finished)]) == 0
    assert (finished / "claims.csv").read_bytes() == before


def test_default_claims_written_since_are_judged_beside_the_recorded_ones(finished: Path) -> None:
    every = list(read_table(finished / "tables", "claims")["claim"])
    own = {"text": "x", "measure": "bytes_per_token", "first": "bpe", "second": "bytes"}
    record(finished, {"mine": own, "C2": own | {"first": "gqvae", "second": "bpe", "margin": 0.01}})
    assert main(["judge", "--results", str(finished)]) == 0
    found = read_table(finished / "tables", "claims").set_index("claim")
    assert sorted(found.index) == sorted([*every, "mine"]) and found.loc["C2", "margin"] == 0.01


def test_claims_that_replaced_the_default_ones_are_judged_alone(finished: Path) -> None:
    record(finished, {"mine": {"text": "x", "measure": "bytes_per_token", "first": "bpe", "second": "bytes"}})
    assert main(["judge", "--results", str(finished)]) == 0
    assert list(read_table(finished / "tables", "claims")["claim"]) == ["mine"]


def test_the_number_of_decisive_steps_is_the_recorded_one(finished: Path) -> None:
    for steps, verdicts in ((1000, 1), (10, 0)):
        record(finished, {}, decisive_steps=steps)
        assert main(["judge", "--results", str(finished)]) == 0
        found = read_table(finished / "tables", "claims")
        assert (found.loc[found["measure"] == "test_bpb", "verdict"] == "too few steps").mean() == verdicts


@pytest.mark.parametrize("lost", ["tables/milestones.csv", "provenance.json"])
def test_what_is_missing_is_named_and_no_study_is_touched(finished: Path, lost: str, capsys: pytest.CaptureFixture[str]) -> None:
    broken = Path(shutil.copytree(finished, finished.parent / "broken"))
    (broken / lost).unlink()
    for folder in (finished, broken):
        (folder / "claims.csv").write_text("old\n")
    capsys.readouterr()
    assert main(["judge", "--results", str(finished), str(broken)]) == 2
    said = capsys.readouterr().err.strip()
    assert lost in said and "broken" in said and said.count("\n") == 0 and said.endswith(".")
    assert {(folder / "claims.csv").read_text() for folder in (finished, broken)} == {"old\n"}


def test_a_study_whose_arms_decide_nothing_is_named(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = read_json(finished / "provenance.json")
    found["config"] |= {"arms": {"bytes": {"kind": "bytes"}, "bpe": {"kind": "bpe"}}, "claims": {}}
    write_json(finished / "provenance.json", found)
    assert main(["judge", "--results", str(finished)]) == 2
    assert "has no claim that its arms decide" in capsys.readouterr().err
