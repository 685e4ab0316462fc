from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fabricated_study import fabricate, fabricated_settings
from gqvae import layout
from gqvae.config import Claim, Study, parse
from gqvae.errors import UserError
from gqvae.evaluation.claims import advantage, verdict
from gqvae.evaluation.collect import collect
from gqvae.evaluation.intervals import Interval
from gqvae.evaluation.tables import read_table


@pytest.fixture(scope="module")
def study() -> Study:
    return fabricated_settings(many=True)


@pytest.fixture(scope="module")
def tables(study: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    results = fabricate(study, tmp_path_factory.mktemp("claims"))
    collect(study, results, results / "tables")
    return results / "tables"


def test_every_claim_of_the_paper_has_a_row_and_a_verdict(study: Study, tables: Path) -> None:
    found = read_table(tables, "claims")
    assert list(found["claim"]) == ["C1", "C2", "C3a", "C3b", "C4a", "C4b", "C5a", "C5b", "S1"]
    assert set(found["seeds"]) == {3} and (found["low"] < found["effect"]).all() and (found["effect"] < found["high"]).all()
    assert set(found["verdict"]) <= {"supported", "not supported", "contradicted"}


def test_compression_is_that_of_the_table(tables: Path) -> None:
    """C2 by hand: BPE has one tokenizer for all seeds."""
    rows = read_table(tables, "compression")
    rows = rows[rows["used_downstream"] & (rows["split"] == "test")].set_index("arm")["bytes_per_token"]
    by_hand = (rows["gqvae"] / float(rows["bpe"])) - 1
    claims = read_table(tables, "claims").set_index("claim")
    assert claims.loc["C2", "effect"] == pytest.approx(by_hand.mean(), rel=1e-12)
    assert claims.loc["C2", "second_mean"] == pytest.approx(float(rows["bpe"]), rel=1e-12)


def test_the_best_opponent_is_chosen_on_the_validation_split(tables: Path) -> None:
    rows = read_table(tables, "compression")
    rows = rows[rows["used_downstream"] & (rows["split"] == "valid") & rows["arm"].isin(["fixed", "fixed_2"])]
    assert (
        read_table(tables, "claims").set_index("claim").loc["C1", "second"]
        == rows.groupby("arm")["bytes_per_token"].mean().idxmax()
    )


def test_fewer_bits_are_an_advantage(tables: Path) -> None:
    runs = read_table(tables, "learnability")
    runs = runs[runs["train_bytes"] == runs["train_bytes"].max()].pivot(index="seed", columns="arm", values="test_bpb")
    claims = read_table(tables, "claims").set_index("claim")
    assert claims.loc["C3b", "effect"] == pytest.approx((1 - runs["gqvae"] / runs["bpe"]).mean(), rel=1e-12)


def test_fewer_bits_of_a_bigram_model_are_an_advantage(tables: Path) -> None:
    values = read_table(tables, "distribution").pivot(index="seed", columns="arm", values="bigram_bpb")
    row = read_table(tables, "claims").set_index("claim").loc["C5b"]
    assert row["effect"] == pytest.approx((1 - values["gqvae"] / values["bpe_matched"]).mean(), rel=1e-12)
    assert (row["first"], row["second"], row["seeds"]) == ("gqvae", "bpe_matched", 3)


def test_a_learned_tokenizer_is_compared_with_the_best_dictionary(tmp_path: Path) -> None:
    arms = {
        f"dictionary_{size}": {"kind": "counted", "tokenizer": "dictionary", "settings": {"chunk_bytes": size}} for size in (2, 3)
    }
    study = fabricated_settings(arms={"gqvae": {"kind": "gqvae"}} | arms)
    collect(study, fabricate(study, tmp_path), tmp_path / "tables")
    found = read_table(tmp_path / "tables", "claims").set_index("claim")
    rows = read_table(tmp_path / "tables", "compression").query("used_downstream and split == 'test'")
    means = rows.groupby("arm")["bytes_per_token"].mean()
    assert list(found.index) == ["O1"]
    assert found.loc["O1", "effect"] == pytest.approx(means["gqvae"] / means.drop("gqvae").max() - 1, rel=1e-12)


@pytest.mark.parametrize(
    ("low", "high", "margin", "said"),
    [
        (0.01, 0.03, 0.0, "supported"),
        (-0.01, 0.03, 0.0, "not supported"),
        (-0.03, -0.01, 0.0, "contradicted"),
        (-0.03, -0.01, 0.05, "supported"),  # behind, but by less than counts
        (-0.08, -0.01, 0.05, "not supported"),
        (None, None, 0.0, "not supported"),  # one seed
    ],
)
def test_verdicts(low: float | None, high: float | None, margin: float, said: str) -> None:
    assert verdict(Interval(0.0, low, high, 3), margin) == said


@pytest.mark.parametrize("seeds", [3, 5])
def test_a_claim_without_an_effect_is_rarely_decided(seeds: int) -> None:
    """Two equal arms whose seeds share noise: 95 % intervals decide one time in twenty, half of that in either direction."""
    random, repetitions, said = np.random.default_rng(0), 4000, []
    for _ in range(repetitions):
        shared, own = random.normal(1.5, 0.1, seeds), random.normal(0, 0.02, (2, seeds))
        first, second = (dict(enumerate(shared + noise)) for noise in own)
        said.append(verdict(advantage(first, second, more_is_better=False), 0.0))
    for decided in ("supported", "contradicted"):
        assert said.count(decided) / repetitions == pytest.approx(0.025, abs=0.008)


def test_an_effect_is_found_where_it_is_large_beside_the_noise() -> None:
    random = np.random.default_rng(1)
    first = dict(enumerate(random.normal(1.4, 0.002, 3)))
    second = dict(enumerate(random.normal(1.5, 0.002, 3)))
    found = advantage(first, second, more_is_better=False)
    assert found.mean == pytest.approx(1 - 1.4 / 1.5, abs=0.005) and verdict(found, 0.0) == "supported"
    assert verdict(advantage(second, first, more_is_better=False), 0.0) == "contradicted"


def test_convergence_is_the_mean_of_the_milestones(tables: Path) -> None:
    means = (
        read_table(tables, "milestones").drop_duplicates(["arm", "seed"]).pivot(index="seed", columns="arm", values="mean_bpb")
    )
    row = read_table(tables, "claims").set_index("claim").loc["C4a"]
    assert row["effect"] == pytest.approx((1 - means["gqvae"] / means["bpe_matched"]).mean(), rel=1e-12)


def test_claims_of_the_paper_without_their_arms_are_left_out() -> None:
    small = fabricated_settings(arms={"bpe": {"kind": "bpe"}, "gqvae": {"kind": "gqvae", "language_model": False}})
    assert list(layout.decidable_claims(small)) == ["C2", "C5a"]


@pytest.mark.parametrize(
    ("first", "second", "measure", "wrong"),
    [
        ("gqvae", "bpe", "test_bpb", "first is 'gqvae'"),  # no language model
        ("gq*", "bpe", "bytes_per_token", "first is 'gq\\*'"),
        ("bpe", "bp*", "bytes_per_token", "second is 'bp\\*'.* but not bpe"),
        ("bpe", "raw", "bytes_per_token", "second is 'raw'"),  # never quantized
        ("raw", "bpe", "bytes_per_token", "first is 'raw'"),
    ],
)
def test_claims_that_nothing_decides_are_refused(first: str, second: str, measure: str, wrong: str) -> None:
    raw = {"kind": "gqvae", "language_model": False, "changes": {"training.quantize": False}}
    arms = {"bpe": {"kind": "bpe"}, "gqvae": {"kind": "gqvae", "language_model": False}, "raw": raw}
    settings = fabricated_settings(arms=arms).model_dump(mode="json")
    settings["claims"] = {"mine": {"text": "x", "measure": measure, "first": first, "second": second}}
    with pytest.raises(UserError, match=rf"claims\.mine\.{wrong}"):
        parse(Study, settings, "test")


def test_one_pair_of_tokenizers_is_one_observation(tmp_path: Path) -> None:
    claim = Claim(text="x", measure="bytes_per_token", first="bpe", second="bytes")
    study = fabricated_settings(arms={"bytes": {"kind": "bytes"}, "bpe": {"kind": "bpe"}}, claims={"mine": claim})
    results = fabricate(study, tmp_path)
    collect(study, results, tmp_path / "tables")
    (row,) = read_table(tmp_path / "tables", "claims").to_dict("records")
    assert row["seeds"] == 1 and pd.isna(row["low"]) and row["verdict"] == "not supported"


def test_a_study_without_claims_has_an_empty_table(tmp_path: Path) -> None:
    study = fabricated_settings(arms={"bytes": {"kind": "bytes"}, "bpe": {"kind": "bpe"}})
    results = fabricate(study, tmp_path)
    collect(study, results, tmp_path / "tables")
    assert isinstance(read_table(tmp_path / "tables", "claims"), pd.DataFrame) and read_table(tmp_path / "tables", "claims").empty
