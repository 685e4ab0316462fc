"""Loss against compression: the points are means of the tables, each once, of texts that can be compared."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from gqvae.figures.frontier import points
from gqvae.measures.intervals import t_interval
from gqvae.study.across import FinishedStudy, finished_studies
from gqvae.study.tables import read_table

PUBLISHED = Path(__file__).parents[2] / "results" / "published"


def studies(*names: str) -> list[FinishedStudy]:
    return finished_studies([PUBLISHED / name for name in names])


def test_points_are_means_over_seeds_of_what_the_tables_say() -> None:
    (study,) = studies("control-1024-larger")
    found = points([study]).set_index("arm")
    compression, runs = (read_table(study.tables, name) for name in ("compression", "learnability"))
    compression = compression[compression["used_downstream"] & (compression["split"] == "test")]
    assert set(found.index) == set(runs["arm"]) and (found["train_bytes"] == 4_000_000).all()
    for arm, row in found.iterrows():
        own, interval = runs[runs["arm"] == arm], t_interval(runs.loc[runs["arm"] == arm, "test_bpb"].tolist())
        assert (row["test_bpb"], row["low"], row["high"], row["seeds"]) == (
            interval.mean,
            interval.low,
            interval.high,
            interval.n,
        )
        assert (row["fewest_steps"], row["most_steps"]) == (own["steps"].min(), own["steps"].max())
        assert row["steps"] == pytest.approx(own["steps"].mean()) and row["vocab_size"] == pytest.approx(own["vocab_size"].mean())
        read = t_interval(compression.loc[compression["arm"] == arm, "bytes_per_token"].tolist())
        assert row["bytes_per_token"] == read.mean
        if read.n > 1:
            assert (row["compression_low"], row["compression_high"]) == (read.low, read.high)
    assert set(found.index[found["compression_low"].isna()]) == {"bpe", "pathpiece"}  # one tokenizer for all seeds
    assert found.loc[found["series"] == "BPE"].index.tolist() == ["bpe", "bpe_matched"]


def test_a_curve_ascends_in_compression_through_several_studies() -> None:
    found = points(studies("control-4096-larger", "control-1024-larger"))
    curve = found[(found["series"] == "BPE") & (found["train_bytes"] == 4_000_000)]
    assert list(curve["study"]) == ["control-1024-larger"] * 2 + ["control-4096-larger"] * 2
    assert curve["bytes_per_token"].is_monotonic_increasing and curve["vocab_size"].is_monotonic_increasing


def test_what_two_studies_share_stands_once() -> None:
    (study,) = studies("control-1024")
    both = points([study, replace(study, name="again")])
    pd.testing.assert_frame_equal(both, points([study]))


def test_amounts_that_decide_nothing_are_left_out_unless_there_is_no_other() -> None:
    (study,) = studies("tinystories-replication")
    assert set(points([study])["train_bytes"]) == {1_000_000}
    assert set(points([replace(study, decisive_steps=0)])["train_bytes"]) == {62_500, 160_000, 400_000, 1_000_000}
    kept = points([replace(study, decisive_steps=10**6)])
    assert len(set(kept["train_bytes"])) == 4 and not kept["decides"].any()


def test_texts_and_sizes_of_models_are_kept_apart() -> None:
    found = points(studies("control-1024", "control-1024-larger", "wikitext2"))
    panels = found.groupby(["test_text", "size", "train_bytes"], sort=False)["study"].agg(set)
    assert list(panels) == [{"control-1024"}] * 2 + [{"control-1024-larger"}] + [{"wikitext2"}] * 2


def test_one_arm_alone_is_no_comparison(tmp_path: Path) -> None:
    (study,) = studies("control-1024")
    (tmp_path / "tables").mkdir()
    for name in ("compression", "learnability"):
        table = pd.read_csv(study.tables / f"{name}.csv", dtype=str)
        table[table["arm"] == "bpe"].to_csv(tmp_path / "tables" / f"{name}.csv", index=False)
    assert points([replace(study, folder=tmp_path)]).empty
