"""Tables hold every run that the study asks for, in a fixed order, or are not written at all."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fabricated_study import fabricate, fabricated_settings
from gqvae.config import Study
from gqvae.errors import UserError
from gqvae.study import layout, runs
from gqvae.study.collect import collect
from gqvae.study.columns import COLUMNS, TABLES, TOKEN_MEASURES
from gqvae.study.expected import collected_files
from gqvae.study.tables import read_table


@pytest.fixture
def study() -> Study:
    return fabricated_settings(seeds=(0, 3))


@pytest.fixture
def results(study: Study, tmp_path: Path) -> Path:
    return fabricate(study, tmp_path)


def test_every_run_is_a_row(study: Study, results: Path) -> None:
    collect(study, results, results / "tables")
    tables = {name: read_table(results / "tables", name) for name in TABLES}
    assert {name: tuple(table.columns) for name, table in tables.items()} == {name: tuple(COLUMNS[name]) for name in TABLES}
    sizes, splits, seeds = 4, 3, 2
    measured = 1 + sizes + seeds + 2 * (seeds * sizes * 2)  # bytes, bpe, matched pairs, two learned arms with two encoders
    assert len(tables["compression"]) == measured * splits
    assert len(tables["learnability"]) == 5 * seeds * 3 and set(tables["learnability"]["size"]) == {"l2w64"}
    assert len(tables["model_sizes"]) == 5 * seeds * 3 and set(tables["model_sizes"]["train_bytes"]) == {1_000_000}
    assert len(tables["contexts"]) == 5 * seeds * 3
    assert len(tables["samples"]) == 5 * seeds and len(tables["serving"]) == 5 * seeds * 3
    assert len(tables["training"]) == 2 * seeds * 20
    assert len(tables["matching"]) == seeds
    assert len(tables["distribution"]) == 2 + 3 * seeds
    assert tables["results"]["arm"].tolist() == ["bytes", "bpe", "bpe_matched", "fixed", "gqvae"]
    assert len(tables["differences"]) == 3 * 4
    curves = [pd.read_csv(run.path(results) / "curve.csv") for run in runs.main_runs(study)]
    assert len(tables["convergence"]) == sum(map(len, curves))


def test_matched_arms_with_and_without_seeds_share_a_table(tmp_path: Path) -> None:
    arms = {
        "bpe": {"kind": "bpe"},
        "gqvae": {"kind": "gqvae"},
        "theirs": {"kind": "external", "path": "a.json"},
        "bpe_matched": {"kind": "bpe", "match": "gqvae"},
        "bpe_theirs": {"kind": "bpe", "match": "theirs"},
    }
    study = fabricated_settings(seeds=(0, 1), arms=arms)
    collect(study, fabricate(study, tmp_path), tmp_path / "tables")
    lines = (tmp_path / "tables" / "matching.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert [line.split(",")[:3] for line in lines] == [
        ["bpe_matched", "0", "gqvae"], ["bpe_matched", "1", "gqvae"], ["bpe_theirs", "", "theirs"]
    ]  # fmt: skip


def test_a_seed_counts_as_the_mean_of_its_repeats(study: Study, tmp_path: Path) -> None:
    model = study.language_model.model_copy(update={"repeats": 3})
    study = study.model_copy(update={"language_model": model})
    results = fabricate(study, tmp_path)
    collect(study, results, results / "tables")
    learnability = read_table(results / "tables", "learnability")
    assert len(learnability) == 5 * 2 * 3 and set(learnability["seed"]) == {0, 3}
    row = learnability.query("arm == 'gqvae' and seed == 3 and train_bytes == 500_000").iloc[0]
    folders = [results / "language_models" / f"gqvae-s3-b500000-l2w64{end}" for end in ("", "-r1", "-r2")]
    records = [json.loads((folder / "result.json").read_text(encoding="utf-8")) for folder in folders]
    assert [record["seed"] for record in records] == [3, 1003, 2003]
    losses = [record["test_bpb"] for record in records]
    assert len(set(losses)) == 3 and row["test_bpb"] == pytest.approx(np.mean(losses), rel=1e-12)
    assert row["tokens"] == records[0]["tokens"]
    documents = read_table(results / "tables", "documents")
    assert len(documents) == 5 * 2 * 40
    bits = [
        pd.read_csv(path.parent / f"gqvae-s3-b1000000-l2w64{end}" / "documents.csv")["bits"]
        for path, end in zip(folders, ("", "-r1", "-r2"), strict=True)
    ]
    found = documents.query("arm == 'gqvae' and seed == 3")["bits"].to_numpy()
    assert found == pytest.approx(np.mean(bits, axis=0), rel=1e-12)
    samples = read_table(results / "tables", "samples")  # texts have no mean
    assert len(samples) == 5 * 2 and not samples["text"].str.contains("-r1 ").any()


def test_measures_of_tokenizers_are_rows_and_means(study: Study, results: Path) -> None:
    collect(study, results, results / "tables")
    table = read_table(results / "tables", "distribution")
    record = json.loads(
        (layout.distribution_path(results, "gqvae-s3", "v1024") / "distribution.json").read_text(encoding="utf-8")
    )
    row = table.query("arm == 'gqvae' and seed == 3").iloc[0]
    assert {name: row[name] for name in record} == record
    means = read_table(results / "tables", "results").set_index("arm")
    for name in TOKEN_MEASURES:
        assert means.loc["gqvae", name] == pytest.approx(table.loc[table["arm"] == "gqvae", name].mean(), rel=1e-12)


def test_one_tokenizer_of_a_family_is_used_downstream(study: Study, results: Path) -> None:
    collect(study, results, results / "tables")
    table = read_table(results / "tables", "compression")
    used = table[table["used_downstream"] & (table["split"] == "test")]
    assert sorted(used["arm"]) == sorted(layout.split_family(name)[0] for name in layout.families(study))
    assert set(used.loc[used["arm"].isin(["fixed", "gqvae"]), "encoder"]) == {"neural"}


def test_the_encoder_of_the_configuration_is_used_downstream(tmp_path: Path) -> None:
    arms = {"bpe": {"kind": "bpe"}, "gqvae": {"kind": "gqvae", "encoder": "distilled"}}
    study = fabricated_settings(seeds=(0,), arms=arms)
    collect(study, fabricate(study, tmp_path), tmp_path / "tables")
    results = read_table(tmp_path / "tables", "results").set_index("arm")
    table = read_table(tmp_path / "tables", "compression")
    rows = table[(table["variant"] == "v1024") & (table["split"] == "test") & (table["encoder"] == "distilled")]
    assert results.loc["gqvae", "bytes_per_token"] == rows["bytes_per_token"].item()


def test_order_of_keys_in_the_configuration_changes_nothing(study: Study, results: Path) -> None:
    collect(study, results, results / "a" / "tables")
    other = Study.model_validate(json.loads(study.canonical()))
    assert list(other.arms) != list(study.arms)
    collect(other, results, results / "b" / "tables")
    for name in TABLES:
        assert layout.table_path(results / "a", name).read_bytes() == layout.table_path(results / "b", name).read_bytes()


@pytest.mark.parametrize(
    ("change", "name"),
    [
        *(("fewer", name) for name in ("curve", "documents", "breakdown", "contexts")),
        *(("others", name) for name in ("documents", "breakdown", "contexts")),
    ],
)
def test_repeats_with_different_rows_are_named(change: str, name: str, study: Study, tmp_path: Path) -> None:
    study = study.model_copy(update={"language_model": study.language_model.model_copy(update={"repeats": 2})})
    fabricate(study, tmp_path)
    path = tmp_path / "language_models" / "bpe-s0-b1000000-l2w64-r1" / f"{name}.csv"
    table = pd.read_csv(path)
    (table[:-1] if change == "fewer" else table[::-1]).to_csv(path, index=False)
    said = rf"{path} and .*/bpe-s0-b1000000-l2w64/{name}.csv have different rows, though they are of one run: delete"
    with pytest.raises(UserError, match=said):
        collect(study, tmp_path, tmp_path / "tables")


def test_repeats_on_two_devices_are_one_run_on_both(study: Study, tmp_path: Path) -> None:
    study = study.model_copy(update={"language_model": study.language_model.model_copy(update={"repeats": 2})})
    fabricate(study, tmp_path)
    path = tmp_path / "language_models" / "bpe-s0-b1000000-l2w64-r1" / "result.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"device": "a card"}))
    collect(study, tmp_path, tmp_path / "tables")
    assert set(read_table(tmp_path / "tables", "learnability")["device"]) == {"cpu", "cpu, a card"}


def test_means_and_intervals_come_from_the_runs(study: Study, results: Path) -> None:
    collect(study, results, results / "tables")
    paths = [
        results / "language_models" / f"{arm}-s{seed}-b1000000-l2w64" / "result.json"
        for arm in ("gqvae", "bpe")
        for seed in (0, 3)
    ]
    bpb = [json.loads(path.read_text())["test_bpb"] for path in paths]
    row = read_table(results / "tables", "results").set_index("arm").loc["gqvae"]
    assert row["test_bpb"] == pytest.approx((bpb[0] + bpb[1]) / 2)
    assert row["test_bpb_high"] - row["test_bpb"] == pytest.approx(12.7062047 * abs(bpb[0] - bpb[1]) / 2)
    differences = read_table(results / "tables", "differences").set_index(["train_bytes", "first", "second"])
    assert differences.loc[(1_000_000, "gqvae", "bpe"), "difference"] == pytest.approx((bpb[0] - bpb[2] + bpb[1] - bpb[3]) / 2)


def test_a_missing_file_is_named_and_nothing_is_written(study: Study, results: Path) -> None:
    before = {*results.rglob("*")}
    for missing in collected_files(study):
        content = (results / missing).read_bytes()
        (results / missing).unlink()
        with pytest.raises(UserError, match=missing.as_posix()):
            collect(study, results, results / "tables")
        (results / missing).write_bytes(content)
    assert {*results.rglob("*")} == before


def test_all_missing_runs_are_named(study: Study, results: Path) -> None:
    for name in ("gqvae-s3-b250000-l2w64", "bpe-s0-b500000-l2w64"):
        (results / "language_models" / name / "result.json").unlink()
    with pytest.raises(
        UserError, match=r"bpe-s0-b500000-l2w64/result.json, language_models/gqvae-s3-b250000-l2w64/result.json, which"
    ):
        collect(study, results, results / "tables")


def test_an_arm_without_language_models_needs_none(tmp_path: Path) -> None:
    arms = {"bpe": {"kind": "bpe"}, "fixed": {"kind": "fixed", "language_model": False}}
    study = fabricated_settings(seeds=(0,), arms=arms)
    collect(study, fabricate(study, tmp_path), tmp_path / "tables")
    assert set(read_table(tmp_path / "tables", "learnability")["arm"]) == {"bpe"}
    assert read_table(tmp_path / "tables", "results").set_index("arm")["test_bpb"].isna().to_dict() == {
        "bpe": False,
        "fixed": True,
    }


def edit_result(results: Path, **changes: object) -> None:
    path = results / "language_models" / "bpe-s0-b500000-l2w64" / "result.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_result_of_another_run_is_refused(study: Study, results: Path) -> None:
    edit_result(results, seed=7)
    with pytest.raises(UserError, match="says it is bpe, seed 7"):
        collect(study, results, results / "tables")


def test_a_diverged_run_is_refused(study: Study, results: Path) -> None:
    edit_result(results, test_bpb=float("nan"))
    with pytest.raises(UserError, match="diverged"):
        collect(study, results, results / "tables")


def test_a_measurement_without_the_test_split_is_refused(study: Study, results: Path) -> None:
    path = results / "compression" / "bpe.csv"
    table = pd.read_csv(path)
    table[table["split"] != "test"].to_csv(path, index=False)
    with pytest.raises(UserError, match=r"bpe.csv has 0 rows for v512 on the test split"):
        collect(study, results, results / "tables")


def test_a_damaged_column_is_named(study: Study, results: Path) -> None:
    path = results / "networks" / "fixed-s0" / "history.csv"
    path.write_text(path.read_text().replace("step,", "stop,"))
    with pytest.raises(UserError, match="lacks the column"):
        collect(study, results, results / "tables")


def test_borrowed_arms_are_measured_like_any_other_by_the_encoder_they_ask_for(tmp_path: Path) -> None:
    arms = {
        "bpe": {"kind": "bpe"},
        "gqvae": {"kind": "gqvae"},
        "gqvae_distilled": {"kind": "borrowed", "arm": "gqvae", "encoder": "distilled"},
        "bpe_away": {"kind": "borrowed", "study": "other", "arm": "bpe"},
    }
    study = fabricated_settings(seeds=(0, 1), arms=arms)
    collect(study, fabricate(study, tmp_path), tmp_path / "tables")
    tables = {name: read_table(tmp_path / "tables", name) for name in TABLES}
    rows = tables["compression"][tables["compression"]["arm"] == "gqvae_distilled"]
    assert set(rows["encoder"]) == {"distilled"} and set(rows["variant"]) == {"v1024"} and rows["used_downstream"].all()
    away = tables["compression"][tables["compression"]["arm"] == "bpe_away"]
    assert away["seed"].isna().all() and away["used_downstream"].all() and len(away) == 3
    assert set(tables["training"]["arm"]) == {"gqvae"}
    assert set(tables["learnability"]["arm"]) == set(tables["results"]["arm"]) == set(arms)
    assert tables["results"]["ratio_to_bpe"].notna().all()
    pairs = set(zip(tables["differences"]["first"], tables["differences"]["second"], strict=True))
    assert {("gqvae", "gqvae_distilled"), ("gqvae_distilled", "bpe")} <= pairs and ("bpe_away", "bpe") not in pairs
