"""The summary says what the tables hold, and the provenance says nothing about whose machine it was."""

from __future__ import annotations

import getpass
import json
import platform
import re
from pathlib import Path

import pandas as pd
import pytest
from workers import contents

from fabricated_study import fabricate, fabricated_settings
from gqvae.files import write_json
from gqvae.report.summary import summarize
from gqvae.report.summary_of_models import reading
from gqvae.study.collect import collect
from gqvae.study.provenance import git_state, wall_time, write_provenance


def summary_of(folder: Path, seeds: tuple[int, ...], synthetic: bool = True) -> str:
    study = fabricated_settings(seeds=seeds)
    fabricate(study, folder, synthetic)
    collect(study, folder, folder / "tables")
    summarize(study, folder, folder / "summary.md")
    return (folder / "summary.md").read_text(encoding="utf-8")


def test_a_study_without_language_models_promises_none(tmp_path: Path) -> None:
    arms = {"bpe": {"kind": "bpe", "language_model": False}, "gqvae": {"kind": "gqvae", "language_model": False}}
    study = fabricated_settings(arms=arms)
    collect(study, fabricate(study, tmp_path), tmp_path / "tables")
    summarize(study, tmp_path, tmp_path / "summary.md")
    text = (tmp_path / "summary.md").read_text(encoding="utf-8")
    assert "**Bytes per token**" in text and "language model per arm" not in text and "**Bits per byte**" not in text
    assert "one language model per arm and amount of text" in summary_of(tmp_path / "with", (0, 1))


def rows_of(text: str, heading: str) -> dict[str, list[str]]:
    """Rows of the first Markdown table after a heading or the beginning of a note, by their first cell."""
    lines = text.split(heading, 1)[1].split("\n")
    start = next(place for place, line in enumerate(lines) if line.startswith("|---"))
    rows = {}
    for line in lines[start + 1 :]:
        if not line.startswith("|"):
            break
        first, *rest = [cell.strip() for cell in line.strip("|").split("|")]
        rows[first] = rest
    return rows


def test_numbers_equal_those_of_the_tables(tmp_path: Path) -> None:
    text = summary_of(tmp_path, (0, 1, 2))
    results = pd.read_csv(tmp_path / "tables" / "results.csv").set_index("arm")
    compression, models, spread = (
        rows_of(text, f"\n## {name}\n") for name in ("Compression", "Language models", "Distribution of tokens")
    )
    assert list(compression) == [f"`{arm}`" for arm in results.index]
    for arm, row in results.iterrows():
        cells = compression[f"`{arm}`"]
        assert cells[1] == f"{row['bytes_per_token']:.3f}"
        assert cells[3] == ("–" if pd.isna(row["ratio_to_bpe"]) else f"{row['ratio_to_bpe']:.3f}")
        assert cells[5] == ("–" if pd.isna(row["exact_token_accuracy"]) else f"{100 * row['exact_token_accuracy']:.2f} %")
        assert cells[6] == f"{row['cut_entropy']:.3f}"
        low, high = row["test_bpb_low"], row["test_bpb_high"]
        assert models[f"`{arm}`"][:2] == [f"{row['test_bpb']:.4f}", f"[{low:.4f}, {high:.4f}]"]
        assert spread[f"`{arm}`"][1] == f"{row['renyi_efficiency']:.3f}"
        assert spread[f"`{arm}`"][3:] == [
            f"{row[name]:.3f}" for name in ("unigram_entropy", "bigram_entropy", "unigram_bpb", "bigram_bpb")
        ]
    differences = pd.read_csv(tmp_path / "tables" / "differences.csv")
    section = text.split("### Paired differences\n")[1]
    for row in differences.itertuples():
        assert f"| `{row.first}` − `{row.second}` | {row.train_bytes:,} | {row.difference:+.4f} |" in section


def test_claims_are_those_of_the_table(tmp_path: Path) -> None:
    text = summary_of(tmp_path, (0, 1, 2))
    rows = rows_of(text, "\n## Claims\n")
    claims = pd.read_csv(tmp_path / "claims.csv")
    assert len(claims) == len(rows) and set(claims["verdict"]) >= {"supported", "too few steps"}
    for row in claims.itertuples():
        cells = rows[f"{row.claim}: {row.text}"]
        assert cells[1] == f"{100 * row.effect:+.2f} %"
        assert cells[-3:] == [f"{row.ahead} of {row.seeds}", row.verdict, row.sign]
    assert "fewer than 300 optimiser steps decide nothing" in text and "Holm's correction" in text


def test_vocabularies_of_different_sizes_are_said_to_be_so(tmp_path: Path) -> None:
    rows = rows_of(summary_of(tmp_path, (0, 1, 2)), "\n## Claims\n")
    claims = pd.read_csv(tmp_path / "claims.csv").set_index("claim")
    sizes = claims.loc["C4a", ["first_vocab_size", "second_vocab_size"]]
    assert sizes.iloc[0] != sizes.iloc[1]
    first, second = (f"`{arm}` (V = {size:,.0f})" for arm, size in zip(("gqvae", "bpe_matched"), sizes, strict=True))
    assert next(row for name, row in rows.items() if name.startswith("C4a"))[0] == f"{first} against {second}"
    assert next(row for name, row in rows.items() if name.startswith("C2:"))[0] == "`gqvae` against `bpe`"


def test_optimiser_steps_are_those_of_the_runs_with_the_most_text(tmp_path: Path) -> None:
    rows = rows_of(summary_of(tmp_path, (0, 1, 2)), "\n## Language models\n")
    runs = pd.read_csv(tmp_path / "tables" / "learnability.csv").query("train_bytes == 1_000_000")
    spans = {arm: sorted({steps.min(), steps.max()}) for arm, steps in runs.groupby("arm")["steps"]}
    assert {len(span) for span in spans.values()} == {1, 2}  # matched tokenizers differ from seed to seed
    assert {arm: cells[3] for arm, cells in rows.items()} == {
        f"`{arm}`": " – ".join(f"{steps:,}" for steps in span) for arm, span in spans.items()
    }


def test_bytes_to_a_level_are_those_of_the_table(tmp_path: Path) -> None:
    text = summary_of(tmp_path, (0, 1, 2))
    means = pd.read_csv(tmp_path / "tables" / "milestone_means.csv")
    rows = rows_of(text, "How fast they learn")
    assert list(rows) == [f"`{arm}`" for arm in means["arm"].unique()]
    for arm, own in means.groupby("arm"):
        expected = [f"{own['mean_bpb'].iloc[0]:.4f}"]
        for row in own.sort_values("level").itertuples():
            expected.append(f"{row.bytes:,.0f} [{row.low:,.0f}, {row.high:,.0f}]")
            expected.append("–" if arm == "bpe_matched" else f"{row.ratio:.3f} [{row.ratio_low:,.3f}, {row.ratio_high:,.3f}]")
        assert rows[f"`{arm}`"] == expected


def test_small_edits_change_what_the_table_says(tmp_path: Path) -> None:
    rows = rows_of(summary_of(tmp_path, (0, 1)), "### Small edits")
    results = pd.read_csv(tmp_path / "tables" / "results.csv").set_index("arm")
    assert list(rows) == [f"`{arm}`" for arm in results.index]
    for arm, row in results.iterrows():
        expected = [f"{100 * row[f'changed_by_{kind}']:.1f} %" for kind in ("case", "blank", "typo")]
        assert rows[f"`{arm}`"] == expected + [f"{row[f'resized_by_{kind}']:.2f}" for kind in ("case", "blank", "typo")]


def test_cost_of_use_is_that_of_the_table(tmp_path: Path) -> None:
    rows = rows_of(summary_of(tmp_path, (0, 1, 2)), "### Cost of use")
    table = pd.read_csv(tmp_path / "tables" / "serving.csv")
    assert len(rows) == 5 * 3
    for (arm, size), own in table.groupby(["arm", "size"]):
        cells = rows[f"`{arm}`, `{size}`"]
        assert cells[2] == f"{own['tokens_per_byte'].mean():.3f}" and cells[-1] == f"{own['test_bpb'].mean():.4f}"
        assert cells[4] == f"{own['flops_per_byte'].mean() / 1e3:,.3g} k"


def test_speeds_are_those_of_the_table(tmp_path: Path) -> None:
    rows = rows_of(summary_of(tmp_path, (0, 1)), "### Speed of encoding")
    table = pd.read_csv(tmp_path / "tables" / "serving.csv")
    assert set(rows) == {f"`{arm}`" for arm in table["arm"]} and rows["`bpe`"] == ["60.0", "1.00"]
    for arm, own in table.groupby("arm"):
        assert rows[f"`{arm}`"] == [f"{own['encode_mb_per_s'].mean():.1f}", f"{own['encode_ratio_to_bpe'].mean():.2f}"]


def test_two_runs_that_differ_in_speed_alone_count_as_equal(tmp_path: Path) -> None:
    """What the tests of faults compare: a study that ran again has other times, and nothing else."""
    study = fabricated_settings(seeds=(0, 1))
    outcomes = []
    for name, column, factor in (("a", "encode_mb_per_s", 1), ("b", "encode_mb_per_s", 1.1), ("c", "test_bpb", 1.1)):
        results = fabricate(study, tmp_path / name)
        if column == "test_bpb":
            path = results / "language_models" / "bpe-s0-b1000000-l2w64" / "result.json"
            record = json.loads(path.read_text(encoding="utf-8"))
            write_json(path, record | {column: factor * record[column]})
        else:
            frame = pd.read_csv(results / "speed.csv")
            frame[["encode_mb_per_s", "encode_ratio_to_bpe"]] *= factor
            frame.to_csv(results / "speed.csv", index=False)
        collect(study, results, results / "tables")
        summarize(study, results, results / "summary.md")
        outcomes.append(contents(results))
    assert (tmp_path / "a" / "summary.md").read_bytes() != (tmp_path / "b" / "summary.md").read_bytes()
    assert outcomes[0] == outcomes[1]
    differ = {name for name in outcomes[0] if outcomes[0][name] != outcomes[2][name]}
    assert {"summary.md", "tables/serving.csv", "tables/learnability.csv"} <= differ and "speed.csv" not in differ


def test_samples_are_those_of_the_first_seed(tmp_path: Path) -> None:
    section = summary_of(tmp_path, (1, 2)).split("### What the models write\n")[1].split("\n###")[0]
    assert "(seed 1)" in section and "-s2-" not in section
    assert "\nprompt       Once upon a time,\n" in section
    assert "\nbpe          … bpe-s1-b1000000-l2w64 wrote, “this” (end of document)\n" in section
    assert section.count(" wrote, ") == 5 and section.count("```") == 2


def test_matching_shows_residuals_of_both_splits(tmp_path: Path) -> None:
    rows = rows_of(summary_of(tmp_path, (0, 2)), "### Matched compression")
    matching = pd.read_csv(tmp_path / "tables" / "matching.csv")
    assert len(rows) == 2
    for cells, row in zip(rows.values(), matching.itertuples(), strict=True):
        assert cells[3] == f"{100 * row.relative_difference:+.2f} %"
        assert cells[6] == f"{100 * row.test_relative_difference:+.2f} %"
        assert cells[7] == ("yes" if row.within_tolerance else "**no**")


def test_links_lead_to_figures_of_the_study(tmp_path: Path) -> None:
    links = re.findall(r"\]\((figures/[a-z_]+)\.(?:png|csv)\)", summary_of(tmp_path, (0, 1)))
    names = (
        "claims",
        "compression",
        "cuts",
        "training",
        "rank_frequency",
        "segmentations",
        "tuning",
        "convergence",
        "learnability",
        "advantage",
        "breakdown",
        "serving",
    )
    assert sorted(set(links)) == sorted(f"figures/{name}" for name in names)


def test_a_synthetic_corpus_is_said_to_be_one(tmp_path: Path) -> None:
    assert "This corpus is synthetic" in summary_of(tmp_path / "a", (0,), synthetic=True)
    assert "This corpus is synthetic" not in summary_of(tmp_path / "b", (0,), synthetic=False)


def test_one_seed_claims_nothing(tmp_path: Path) -> None:
    text = summary_of(tmp_path, (0,))
    assert "With one seed there are no intervals" in text
    assert all("[" not in cell for cells in rows_of(text, "How fast they learn").values() for cell in cells)
    assert {cells[-1] for cells in rows_of(text, "### Paired differences").values()} == {"one seed: no interval"}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((-1.0, -2.0, -0.5), "first is better"),
        ((1.0, 0.5, 2.0), "first is worse"),
        ((-0.1, -1.0, 0.8), "interval includes zero"),
        ((0.5, 0.0, 1.0), "interval includes zero"),
        ((-0.1, None, None), "one seed: no interval"),
    ],
)
def test_reading_goes_no_further_than_the_interval(values: tuple[float, float | None, float | None], expected: str) -> None:
    assert reading(*values) == expected


def test_the_same_tables_give_the_same_summary(tmp_path: Path) -> None:
    assert summary_of(tmp_path / "a", (0, 1)) == summary_of(tmp_path / "b", (0, 1))


def test_provenance_names_data_code_and_versions_but_no_place(tmp_path: Path) -> None:
    study = fabricated_settings(corpus={"source": "text", "path": "/home/someone/stories.txt"})
    fabricate(study, tmp_path)
    collect(study, tmp_path, tmp_path / "tables")
    write_provenance(study, tmp_path, tmp_path / "provenance.json")
    text = (tmp_path / "provenance.json").read_text(encoding="utf-8")
    record = json.loads(text)
    assert record["seeds"] == [0, 1, 2]
    assert record["config"]["corpus"]["path"] == record["corpus"]["settings"]["path"] == "stories.txt"
    assert record["corpus"]["splits"]["train"]["sha256"] == f"{90:064x}"
    assert record["versions"]["python"] == platform.python_version() and record["versions"]["torch"]
    assert len(record["code"]["sha256"]) == 64
    assert record["network_devices"] == ["not recorded"] and record["language_model_devices"] == ["cpu"]
    assert record["language_model_torch"] == ["2.6.0"]  # of the machine that trained them, which need not be this one
    assert "/home" not in text and platform.node() not in text and str(tmp_path) not in text
    assert getpass.getuser() == "root" or getpass.getuser() not in text


def test_provenance_tells_what_the_jobs_behind_the_tables_took(tmp_path: Path) -> None:
    for name, seconds in (("train_lm/bpe-s0", 10.25), ("train_lm/bpe-s1", 5.5), ("prepare_corpus", 1.0), ("plot_claims", 3.0)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / f"{name}.tsv").write_text(f"s\th:m:s\tmax_rss\n{seconds}\t0:00:00\tNA\n", encoding="utf-8")
    assert wall_time(tmp_path) == {"prepare_corpus": {"jobs": 1, "seconds": 1.0}, "train_lm": {"jobs": 2, "seconds": 15.75}}
    assert wall_time(tmp_path / "nothing") == {}


def test_outside_of_git_there_is_no_commit(tmp_path: Path) -> None:
    assert git_state(tmp_path) is None
