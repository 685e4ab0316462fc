"""The learned arms side by side: every arm and seed is a row, and every number is one that the runs wrote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from fabricated_study import fabricate, fabricated_settings
from gqvae.config import Study
from gqvae.errors import UserError
from gqvae.study.ablations import collect_ablations
from gqvae.study.columns import ABLATION_MEASURES, COLUMNS
from gqvae.study.expected import ablation_files
from gqvae.study.tables import read_table

ARMS: dict[str, Any] = {
    "bpe": {"kind": "bpe", "language_model": False},
    "fixed": {"kind": "fixed", "language_model": False},
    "gqvae": {"kind": "gqvae", "language_model": False},
    "gqvae_paper": {"kind": "gqvae", "language_model": False, "objective": {"name": "paper", "alpha": 0.3}},
    "soft": {"kind": "gqvae", "language_model": False, "changes": {"training.quantize": False}},
}


@pytest.fixture
def study() -> Study:
    return fabricated_settings(seeds=(0, 3), arms=ARMS)


@pytest.fixture
def results(study: Study, tmp_path: Path) -> Path:
    return fabricate(study, tmp_path)


def collected(study: Study, results: Path) -> pd.DataFrame:
    collect_ablations(study, results, results / "tables")
    return read_table(results / "tables", "ablations").set_index(["arm", "seed"])


def test_every_learned_arm_and_seed_is_a_row(study: Study, results: Path) -> None:
    table = collected(study, results)
    assert table.index.tolist() == [(arm, seed) for arm in ("fixed", "gqvae", "gqvae_paper", "soft") for seed in (0, 3)]
    assert table["objective"].tolist() == 4 * ["rate_controlled"] + 2 * ["paper"] + 2 * ["rate_controlled"]
    assert table["alpha_set"].dropna().to_dict() == {("gqvae_paper", 0): 0.3, ("gqvae_paper", 3): 0.3}


def test_numbers_are_those_of_the_runs(study: Study, results: Path) -> None:
    row = collected(study, results).loc[("gqvae", 3)]
    measured = pd.read_csv(results / "compression" / "gqvae-s3.csv", float_precision="round_trip")
    measured = measured[(measured["variant"] == "v1024") & (measured["split"] == "test")].set_index("encoder")
    bpe = pd.read_csv(results / "compression" / "bpe.csv")
    bpe = bpe[(bpe["variant"] == "v1024") & (bpe["split"] == "test")]["bytes_per_token"].item()
    for encoder in ("neural", "distilled"):
        assert row[f"{encoder}_bytes_per_token"] == measured.loc[encoder, "bytes_per_token"]
        assert row[f"{encoder}_ratio_to_bpe"] == pytest.approx(measured.loc[encoder, "bytes_per_token"] / bpe)
    assert row["fallback_rate"] == measured.loc["neural", "fallback_rate"]
    assert row["exact_token_accuracy"] == measured.loc["neural", "exact_token_accuracy"]
    last = pd.read_csv(results / "networks" / "gqvae-s3" / "history.csv", float_precision="round_trip").iloc[-1]
    assert row["exact_tokens_valid"] == last["exact_token_accuracy"]
    for measure in ("codes_used", "hard_rate", "reconstruction"):
        assert row[measure] == last[measure]
    assert row["gate_share"] == pytest.approx(last["hard_rate"] * last["gate_mean"] / last["soft_rate"])
    assert row["seconds"] == json.loads((results / "networks" / "gqvae-s3" / "network.json").read_text())["seconds"]


def close_gates(path: Path, rows: slice) -> None:
    """Write into a history that soft gates are exactly 0, so that only the last byte of a pre-token ends a token."""
    history = pd.read_csv(path, float_precision="round_trip")
    history.loc[history.index[rows], ["soft_rate", "gate_mean", "hard_rate"]] = [0.0, 0.0, 1.0]
    history.to_csv(path, index=False)


@pytest.mark.parametrize(
    ("closed", "source"),
    [(slice(-1, None), "gqvae_paper-s0"), (slice(None), "fixed-s0")],
    ids=["closed at the end", "closed from the start"],
)
def test_the_share_of_gates_is_known_where_soft_gates_have_vanished(
    study: Study, results: Path, closed: slice, source: str
) -> None:
    before = collected(study, results)["gate_share"]
    close_gates(results / "networks" / "gqvae_paper-s0" / "history.csv", closed)
    open_gates = pd.read_csv(results / "networks" / source / "history.csv").query("gate_mean > 0").iloc[-1]
    after = collected(study, results)["gate_share"]
    assert after[("gqvae_paper", 0)] == pytest.approx(open_gates["gate_mean"] / open_gates["soft_rate"])
    assert after[("gqvae_paper", 0)] != before[("gqvae_paper", 0)]
    assert after.drop(("gqvae_paper", 0)).equals(before.drop(("gqvae_paper", 0)))


def test_an_arm_without_tokenizer_has_empty_cells_of_compression(study: Study, results: Path) -> None:
    table = collected(study, results)
    compression = ["vocab_size", *list(ABLATION_MEASURES)[:7]]
    assert compression[-1] == "codes_used"
    assert table.loc["soft", compression].isna().all(axis=None)
    assert table.drop(columns="alpha_set").drop(index="soft").notna().all(axis=None)
    assert table.loc["soft", list(ABLATION_MEASURES)[7:]].notna().all(axis=None)
    assert not (results / "compression" / "soft-s0.csv").exists()


def test_means_are_over_seeds_and_count_them(study: Study, results: Path) -> None:
    table = collected(study, results)
    means = read_table(results / "tables", "ablation_means").set_index(["measure", "arm"])
    assert len(means) == len(ABLATION_MEASURES) * 4
    row, values = means.loc[("seconds", "gqvae")], table.loc["gqvae", "seconds"]
    assert values.nunique() == 2
    assert (row["seeds"], row["mean"], row["low"], row["high"]) == (2, values.mean(), values.min(), values.max())
    assert means.loc[("neural_bytes_per_token", "soft"), "seeds"] == 0
    assert means.loc[("neural_bytes_per_token", "soft"), ["mean", "low", "high"]].isna().all()


def test_without_bpe_of_the_same_size_there_is_no_ratio(tmp_path: Path) -> None:
    arms = {"bpe": {"kind": "bpe", "match": "gqvae", "language_model": False}, "gqvae": ARMS["gqvae"]}
    study = fabricated_settings(seeds=(0,), arms=arms)
    table = collected(study, fabricate(study, tmp_path))
    assert table[["neural_ratio_to_bpe", "distilled_ratio_to_bpe"]].isna().all(axis=None)
    assert table["neural_bytes_per_token"].notna().all()


def test_a_study_without_networks_has_empty_tables(tmp_path: Path) -> None:
    study = fabricated_settings(seeds=(0,), arms={"bpe": ARMS["bpe"]})
    assert collected(study, fabricate(study, tmp_path)).empty
    assert (tmp_path / "tables" / "ablation_means.csv").read_text().strip() == ",".join(COLUMNS["ablation_means"])


def test_a_missing_file_is_named_and_nothing_is_written(study: Study, results: Path) -> None:
    files, before = ablation_files(study), {*results.rglob("*")}
    assert len(files) == 4 * 2 * 2 + 1 + 3 * 2
    for missing in files:
        content = (results / missing).read_bytes()
        (results / missing).unlink()
        with pytest.raises(UserError, match=missing.as_posix()):
            collect_ablations(study, results, results / "tables")
        (results / missing).write_bytes(content)
    assert {*results.rglob("*")} == before


def test_a_network_of_an_older_version_is_refused(study: Study, results: Path) -> None:
    (results / "networks" / "soft-s0" / "network.json").write_text('{"label": "soft"}')
    with pytest.raises(UserError, match=r"soft-s0/network\.json lacks the key 'seconds'"):
        collect_ablations(study, results, results / "tables")
