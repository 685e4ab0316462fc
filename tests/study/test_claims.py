from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from fabricated_study import fabricate, fabricated_settings
from gqvae.config import Claim, Study
from gqvae.study.claims import TABLES, advantages, claims_table
from gqvae.study.collect import collect
from gqvae.study.tables import read_table
from gqvae.study.verdicts import holm, p_value, verdict

LANGUAGE_MODELS = ["C3a", "C3b", "C3b-paper", "C4a", "C4b", "S1"]


def deciding(study: Study, steps: int) -> Study:
    """The study where language models decide from so many steps on."""
    return study.model_copy(update={"language_model": study.language_model.model_copy(update={"decisive_steps": steps})})


@pytest.fixture(scope="module")
def study() -> Study:
    """Language models have 80 to 180 steps after 500 kB and 1 MB, but fewer after 250 kB."""
    return deciding(fabricated_settings(many=True), 75)


@pytest.fixture(scope="module")
def tables(study: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    results = fabricate(study, tmp_path_factory.mktemp("claims"))
    collect(study, results, results / "tables")
    return results / "tables"


def judged(study: Study, tables: Path, **changed: pd.DataFrame) -> pd.DataFrame:
    """The claims by name, from the tables with some of them changed."""
    return claims_table(study, {name: read_table(tables, name) for name in TABLES} | changed, "a corpus").set_index("claim")


def test_every_claim_of_the_paper_has_a_row_and_a_verdict(study: Study, tables: Path) -> None:
    found = read_table(tables, "claims")
    ours, papers = ["C1", "C2", "C3a", "C3b", "C4a", "C4b", "C5a", "C5b", "S1"], ["C2-paper", "C3b-paper", "C5a-paper"]
    assert list(found["claim"]) == sorted([*ours, *papers])
    about = found["claim"].str.endswith("-paper")
    assert set(found.loc[about, "first"]) == {"gqvae_paper"} and found.loc[about, "text"].str.contains("paper's objective").all()
    assert set(found["seeds"]) == {3} and (found["low"] < found["effect"]).all() and (found["effect"] < found["high"]).all()
    assert set(found["verdict"]) <= {"supported", "not supported", "contradicted"}
    assert set(found["sign"]) <= {"better", "worse", "undecided"}


def test_compression_is_that_of_the_table(tables: Path) -> None:
    """C2 by hand: BPE has one tokenizer for all seeds."""
    rows = read_table(tables, "compression")
    rows = rows[rows["used_downstream"] & (rows["split"] == "test")].set_index("arm")["bytes_per_token"]
    by_hand = (rows["gqvae"] / float(rows["bpe"])) - 1
    claims = read_table(tables, "claims").set_index("claim")
    assert claims.loc["C2", "effect"] == pytest.approx(by_hand.mean(), rel=1e-12)
    assert claims.loc["C2", "second_mean"] == pytest.approx(float(rows["bpe"]), rel=1e-12)


def test_vocabulary_sizes_are_those_that_were_reached(study: Study, tables: Path) -> None:
    rows = read_table(tables, "compression")
    rows.loc[rows["arm"] == "gqvae", "vocab_size"] = 400  # fewer strings than were requested
    found = judged(study, tables, compression=rows).loc["C2", ["first_vocab_size", "second_vocab_size"]]
    assert list(found) == [400, study.vocabulary.size]


def test_the_best_opponent_is_chosen_on_the_validation_split(tables: Path) -> None:
    rows = read_table(tables, "compression")
    rows = rows[rows["used_downstream"] & (rows["split"] == "valid") & rows["arm"].isin(["fixed", "fixed_2"])]
    assert (
        read_table(tables, "claims").set_index("claim").loc["C1", "second"]
        == rows.groupby("arm")["bytes_per_token"].mean().idxmax()
    )


@pytest.mark.parametrize(("steps", "best"), [(75, "fixed"), (0, "fixed_2")])
def test_amounts_with_too_few_steps_choose_no_opponent(study: Study, tables: Path, steps: int, best: str) -> None:
    runs = read_table(tables, "learnability")
    small = runs["train_bytes"] == 250_000
    runs.loc[runs["arm"].isin(["fixed", "fixed_2"]), "valid_bpb"] = 1.5
    runs.loc[~small & (runs["arm"] == "fixed"), "valid_bpb"] = 1.4
    runs.loc[small & (runs["arm"] == "fixed_2"), "valid_bpb"] = 0.5
    few = runs["arm"].isin(["fixed", "fixed_2", "gqvae"])
    runs.loc[few, "steps"] = 75
    runs.loc[few & small, "steps"] = 74
    claim = Claim(text="x", measure="learnability", first="gqvae", second="fixed*")
    asked = deciding(study, steps).model_copy(update={"claims": {"mine": claim}})
    assert judged(asked, tables, learnability=runs).loc["mine", "second"] == best


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


def test_fewer_changes_by_an_edit_are_an_advantage(study: Study, tables: Path) -> None:
    claim = Claim(text="x", measure="changed_by_typo", first="gqvae", second="bpe")
    found = judged(study.model_copy(update={"claims": {"mine": claim}}), tables).loc["mine"]
    values = read_table(tables, "distribution")
    ours, theirs = (values.loc[values["arm"] == arm, "changed_by_typo"].to_numpy() for arm in ("gqvae", "bpe"))
    assert found["effect"] == pytest.approx((1 - ours / theirs).mean(), rel=1e-12)


def test_a_learned_tokenizer_is_compared_with_the_best_dictionary(tmp_path: Path) -> None:
    arms = {f"dictionary_{size}": {"kind": "dictionary", "chunk_bytes": size} for size in (2, 3)}
    study = fabricated_settings(arms={"gqvae": {"kind": "gqvae"}} | arms)
    collect(study, fabricate(study, tmp_path), tmp_path / "tables")
    found = read_table(tmp_path / "tables", "claims").set_index("claim")
    rows = read_table(tmp_path / "tables", "compression").query("used_downstream and split == 'test'")
    means = rows.groupby("arm")["bytes_per_token"].mean()
    assert list(found.index) == ["O1"]
    assert found.loc["O1", "effect"] == pytest.approx(means["gqvae"] / means.drop("gqvae").max() - 1, rel=1e-12)


def test_what_a_match_leaves_is_interpolated(study: Study, tables: Path) -> None:
    """Bits per byte fall in proportion to bytes per token: at equal compression nothing is left."""
    rows = read_table(tables, "compression")
    used = rows["used_downstream"] & (rows["split"] == "test")
    for arm, size in (("gqvae", 3.0), ("bpe_matched", 2.98), ("bpe", 3.2)):
        rows.loc[used & (rows["arm"] == arm), "bytes_per_token"] = size
    runs = read_table(tables, "learnability")
    for arm, size in (("gqvae", 3.0), ("bpe_matched", 2.98), ("bpe", 3.2)):
        runs.loc[runs["arm"] == arm, "test_bpb"] = 2.0 - 0.1 * size
    found = judged(study, tables, compression=rows, learnability=runs).loc["C4b"]
    assert found["effect"] == pytest.approx(0, abs=1e-12) and "bpe_matched interpolated with bpe" in found["cells"]
    turned = study.model_copy(
        update={"claims": {"C4b": study.claims["C4b"].model_copy(update={"first": "bpe_matched", "second": "gqvae"})}}
    )
    found = judged(turned, tables, compression=rows, learnability=runs).loc["C4b"]
    assert found["effect"] == pytest.approx(0, abs=1e-12) and "bpe_matched interpolated with bpe" in found["cells"]
    rows.loc[used & (rows["arm"] == "bpe"), "bytes_per_token"] = 3.01  # too near to tell
    found = judged(study, tables, compression=rows, learnability=runs).loc["C4b"]
    assert found["effect"] == pytest.approx(1 - 1.7 / 1.702, rel=1e-6) and "interpolated" not in found["cells"]


@pytest.mark.parametrize("seeds", [3, 5])
def test_a_claim_without_an_effect_is_rarely_decided(seeds: int) -> None:
    """Two equal arms whose seeds share noise: one test decides one time in twenty, half of that in either direction."""
    random, repetitions, said = np.random.default_rng(0), 4000, []
    for _ in range(repetitions):
        shared, own = random.normal(1.5, 0.1, seeds), random.normal(0, 0.02, (2, seeds))
        first, second = (dict(enumerate(shared + noise)) for noise in own)
        effects = advantages(first, second, more_is_better=False)
        said.append(verdict(float(np.mean(effects)), 0.0, p_value(effects)))
    for decided in ("supported", "contradicted"):
        assert said.count(decided) / repetitions == pytest.approx(0.025, abs=0.008)


def test_an_effect_is_found_where_it_is_large_beside_the_noise() -> None:
    random = np.random.default_rng(1)
    first = dict(enumerate(random.normal(1.4, 0.002, 3)))
    second = dict(enumerate(random.normal(1.5, 0.002, 3)))
    for ours, theirs, said in ((first, second, "supported"), (second, first, "contradicted")):
        effects = advantages(ours, theirs, more_is_better=False)
        assert verdict(float(np.mean(effects)), 0.0, p_value(effects)) == said


def test_verdicts_and_signs_are_those_of_t_tests_corrected_together(study: Study, tables: Path) -> None:
    found = read_table(tables, "claims").set_index("claim")
    main = read_table(tables, "compression").query("used_downstream and split == 'test'").set_index("arm")["bytes_per_token"]
    effects = main["gqvae"] / float(main["bpe"]) - 1
    assert found.loc["C2", "p"] == pytest.approx(stats.ttest_1samp(effects, -0.05).pvalue, rel=1e-9)
    assert found.loc["C2", "sign_p"] == pytest.approx(stats.ttest_1samp(effects, 0.0).pvalue, rel=1e-9)
    with_margin = found["margin"] > 0
    assert list(found.index[with_margin]) == ["C2", "C2-paper", "C3b", "C3b-paper"]
    tested = [*found["p"], *found.loc[with_margin, "sign_p"]]
    assert [*found["p_holm"], *found.loc[with_margin, "sign_p_holm"]] == pytest.approx(holm(tested), rel=1e-12)
    for row in found.itertuples():
        decided = row.p_holm < 0.05
        assert row.verdict == ("not supported" if not decided else "supported" if row.effect > -row.margin else "contradicted")
        signed = row.sign_p_holm < 0.05
        assert row.sign == ("undecided" if not signed else "better" if row.effect > 0 else "worse")
        if not row.margin:
            assert (row.p, row.p_holm) == (row.sign_p, row.sign_p_holm)


def test_pairs_ahead_are_counted(study: Study, tables: Path) -> None:
    runs = read_table(tables, "learnability")
    largest = runs["train_bytes"] == 1_000_000
    for seed, ahead in ((0, True), (1, False), (2, True)):
        theirs = runs.loc[largest & (runs["arm"] == "bpe") & (runs["seed"] == seed), "test_bpb"].item()
        runs.loc[largest & (runs["arm"] == "gqvae") & (runs["seed"] == seed), "test_bpb"] = theirs * (0.99 if ahead else 1.01)
    assert judged(study, tables, learnability=runs).loc["C3b", "ahead"] == 2


def test_learnability_leaves_out_amounts_with_too_few_steps(study: Study, tables: Path) -> None:
    runs = read_table(tables, "learnability")
    runs = runs[runs["arm"].isin(["gqvae", "bpe_matched"])]
    assert runs.groupby("train_bytes")["steps"].min().ge(75).to_dict() == {250_000: False, 500_000: True, 1_000_000: True}
    used = runs[runs["train_bytes"] > 250_000]
    logs = np.log(used["test_bpb"]).groupby([used["arm"], used["seed"]]).mean()
    row = read_table(tables, "claims").set_index("claim").loc["C4b"]
    assert row["effect"] == pytest.approx((1 - np.exp(logs["gqvae"] - logs["bpe_matched"])).mean(), rel=1e-9)
    assert row["steps"] == used["steps"].min() and "test_bpb at train_bytes 500000, 1000000;" in row["cells"]
    assert row["verdict"] != "too few steps"


def test_language_models_with_too_few_steps_decide_nothing(study: Study, tables: Path) -> None:
    found = judged(deciding(study, 1000), tables)
    assert list(found.index[found["verdict"] == "too few steps"]) == LANGUAGE_MODELS
    undecided = found.loc[LANGUAGE_MODELS]
    assert undecided[["p", "p_holm", "sign_p", "sign_p_holm"]].isna().all(axis=None) and set(undecided["sign"]) == {"undecided"}
    left = found.drop(index=LANGUAGE_MODELS)
    margins = left.index[left["margin"] > 0]
    tested = [*left["p"], *left.loc[margins, "sign_p"]]
    assert list(margins) == ["C2", "C2-paper"] and [*left["p_holm"], *left.loc[margins, "sign_p_holm"]] == pytest.approx(
        holm(tested)
    )
    assert left["steps"].isna().all()
    runs = read_table(tables, "learnability")
    logs = np.log(runs["test_bpb"]).groupby([runs["arm"], runs["seed"]]).mean()
    by_hand = (1 - np.exp(logs["gqvae"] - logs["bpe_matched"])).mean()
    assert undecided.loc["C4b", "effect"] == pytest.approx(by_hand, rel=1e-9)  # shown, over all amounts


@pytest.mark.parametrize(("arm", "seed"), [("gqvae", 0), ("bpe", 2)])
def test_one_run_with_too_few_steps_is_enough(study: Study, tables: Path, arm: str, seed: int) -> None:
    runs = read_table(tables, "learnability")
    run = (runs["arm"] == arm) & (runs["seed"] == seed) & (runs["train_bytes"] == 1_000_000)
    for steps, decides in ((75, True), (74, False)):
        runs.loc[run, "steps"] = steps
        row = judged(study, tables, learnability=runs).loc["C3b"]
        assert row["steps"] == steps and (row["verdict"] != "too few steps") == decides == pd.notna(row["p_holm"])


def test_vocabularies_made_without_a_network_are_compared_where_they_are(tmp_path: Path) -> None:
    chunks = {"kind": "dictionary", "chunk_bytes": 3}
    arms = {"gqvae": {"kind": "gqvae"}, "pathpiece": chunks, "pathpiece_matched": {"kind": "bpe", "match": "gqvae"}}
    study = fabricated_settings(arms=arms)
    collect(study, fabricate(study, tmp_path), tmp_path / "tables")
    found = read_table(tmp_path / "tables", "claims").set_index("claim")
    assert found[["measure", "second"]].to_dict("index") == {
        "N1": {"measure": "bytes_per_token", "second": "pathpiece"},
        "N2": {"measure": "test_bpb", "second": "pathpiece"},
        "N3a": {"measure": "convergence", "second": "pathpiece_matched"},
        "N3b": {"measure": "learnability", "second": "pathpiece_matched"},
    }


def test_convergence_is_the_mean_of_the_milestones(tables: Path) -> None:
    means = (
        read_table(tables, "milestones").drop_duplicates(["arm", "seed"]).pivot(index="seed", columns="arm", values="mean_bpb")
    )
    row = read_table(tables, "claims").set_index("claim").loc["C4a"]
    assert row["effect"] == pytest.approx((1 - means["gqvae"] / means["bpe_matched"]).mean(), rel=1e-12)


def test_one_pair_of_tokenizers_is_one_observation(tmp_path: Path) -> None:
    claim = Claim(text="x", measure="bytes_per_token", first="bpe", second="bytes")
    study = fabricated_settings(arms={"bytes": {"kind": "bytes"}, "bpe": {"kind": "bpe"}}, claims={"mine": claim})
    results = fabricate(study, tmp_path)
    collect(study, results, tmp_path / "tables")
    (row,) = read_table(tmp_path / "tables", "claims").to_dict("records")
    assert row["seeds"] == row["ahead"] == 1 and pd.isna(row["low"]) and pd.isna(row["p"]) and pd.isna(row["sign_p_holm"])
    assert (row["verdict"], row["sign"]) == ("not supported", "undecided")


def test_tokenizers_matched_to_one_from_elsewhere_are_one_observation(study: Study, tables: Path) -> None:
    rows = read_table(tables, "compression").replace({"arm": {"gqvae": "theirs"}})
    rows.loc[rows["arm"] == "theirs", "seed"] = pd.NA
    arms = {
        "bpe": {"kind": "bpe"},
        "theirs": {"kind": "external", "path": "a.json"},
        "bpe_matched": {"kind": "bpe", "match": "theirs"},
    }
    claim = Claim(text="x", measure="bytes_per_token", first="bpe_matched", second="bpe")
    row = judged(fabricated_settings(arms=arms, claims={"mine": claim}), tables, compression=rows).loc["mine"]
    assert row["seeds"] == 1 and pd.isna(row["p"]) and row["cells"].endswith("seed 0")


def test_a_study_without_claims_has_an_empty_table(tmp_path: Path) -> None:
    study = fabricated_settings(arms={"bytes": {"kind": "bytes"}, "bpe": {"kind": "bpe"}})
    collect(study, fabricate(study, tmp_path), tmp_path / "tables")
    assert read_table(tmp_path / "tables", "claims").empty
