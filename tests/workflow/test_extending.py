"""docs/extending.md is all there is to do: its blocks, put where they say, make one small study."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from workflow_runs import ROOT, copy_of_repository, job_counts, run_snakemake

import external_files
from gqvae.corpus.pretokens import PretokenCounts
from gqvae.files import file_digest

PAGE = ROOT / "docs" / "extending.md"
RESULTS = Path("results/extended")
RUN = ("--cores", "2", "--configfile", "configs/extended.yaml")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository with every file and every entry of the page, and the study that uses them all."""
    folder = copy_of_repository(tmp_path_factory.mktemp("extended"))
    external_files.byte_level(folder / "tokenizer.json")
    for block in blocks("python"):
        first, _, text = block.partition("\n")
        path = folder / first.removeprefix("# ")
        assert path.parent.is_dir() and not path.exists(), f"{first} is no new file of the package"
        path.write_text(text, encoding="utf-8")
    study: dict[str, Any] = {"extends": "smoke.yaml", "study": "extended", "seeds": [0]}
    study["arms"] = dict.fromkeys(
        ("bytes", "bpe_matched", "bpe_weak", "unigram", "dictionary", "dictionary_pruned", "pathpiece", "pathpiece_matched", "fixed",
         "gqvae_distilled", "gqvae_paper")
    )  # fmt: skip
    study["arms"] |= {
        "mine": {"kind": "external", "path": "tokenizer.json"},
        "bpe_mine": {"kind": "bpe", "match": "mine", "language_model": False},
    }
    study["language_model"] = {"learning_rates": None, "other_sizes": None, "train_bytes": [20_000], "valid_bytes": 5_000}
    for block in blocks("yaml"):
        for key, value in yaml.safe_load(block).items():
            study[key] = {**study.get(key, {}), **value} if isinstance(value, dict) else value
    (folder / "configs" / "extended.yaml").write_text(yaml.safe_dump(study), encoding="utf-8")
    done = run_snakemake(folder, *RUN, timeout=1700)
    assert done.returncode == 0, done.stderr[-8000:]
    return folder


def table(extended: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(extended / RESULTS / "tables" / f"{name}.csv")


def test_an_arm_made_from_counts_and_one_with_a_network_are_compared(extended: Path) -> None:
    used = table(extended, "compression").query("used_downstream and split == 'test'").set_index("arm")["bytes_per_token"]
    assert (
        set(used.index) == {"bpe", "gqvae", "words", "surprise", "mine", "bpe_mine"}
        and (used.drop(["mine", "bpe_mine"]) > 1.2).all()
    )
    assert set(table(extended, "learnability")["arm"]) == set(used.index) - {"bpe_mine"}
    losses = table(extended, "training").query("arm == 'surprise'")["loss"]
    assert losses.iloc[-1] < losses.iloc[0] / 2


def test_an_external_tokenizer_is_compared_and_named(extended: Path) -> None:
    summary = (extended / RESULTS / "summary.md").read_text(encoding="utf-8")
    assert "| `mine` | `tokenizer.json` | 0.00 % | 0.00 % | yes |" in summary
    assert "| `bpe_mine` to `mine` |" in summary
    provenance = json.loads((extended / RESULTS / "provenance.json").read_text(encoding="utf-8"))
    assert provenance["external_tokenizers"] == {"mine": {"tokenizer.json": file_digest(extended / "tokenizer.json")}}
    assert '"folder": "mine/external"' in (extended / RESULTS / "figures" / "explorer.html").read_text(encoding="utf-8")
    written = table(extended, "samples").set_index("arm")["prompt"]
    document = (extended / RESULTS / "corpus" / "test.txt").read_text(encoding="utf-8")
    assert len(written["mine"]) > 30 and document.startswith(written["mine"].partition("\\n")[0])
    path = extended / "tokenizer.json"
    text = path.read_bytes()
    try:
        path.write_bytes(text + b"\n")
        done = run_snakemake(extended, "--dry-run", *RUN)
    finally:
        path.write_bytes(text)
    jobs = job_counts(done.stdout + done.stderr)
    assert jobs["import_tokenizer"] == jobs["train_lm"] == jobs["encode_corpus"] - 1 == 1 and "train_counted" not in jobs


def test_measures_are_columns_and_can_be_claimed(extended: Path) -> None:
    assert table(extended, "distribution")["top_ten"].between(0, 1).all()
    runs = table(extended, "learnability")
    assert ((runs["rare_bits"] > 0) & (runs["rare_bits"] < runs["test_bpb"])).all()
    claims = pd.read_csv(extended / RESULTS / "claims.csv").set_index("claim")
    assert claims.loc["X1", "cells"].startswith("distribution.csv: top_ten")


def test_a_figure_is_drawn_and_shown(extended: Path) -> None:
    assert (extended / RESULTS / "figures" / "costs_of_rare_tokens.png").stat().st_size > 5000
    summary = (extended / RESULTS / "summary.md").read_text(encoding="utf-8")
    assert "figures/costs_of_rare_tokens.png" in summary and "tokens seen fewer than 100 times" in summary


def test_text_is_the_source_s_and_cut_by_the_pretokenizer(extended: Path) -> None:
    corpus = json.loads((extended / RESULTS / "corpus" / "corpus.json").read_text(encoding="utf-8"))
    assert corpus["label"] == "sums (generated)" and corpus["source"] == "sums"
    counts = PretokenCounts.load(extended / RESULTS / "pretokens" / "train.npz")
    assert counts.pretokenizer == "lines"
    assert all(line.count(b"\n") == line.endswith(b"\n") for line in counts.pretokens)
    assert sum(count for line, count in counts.pairs() if line.endswith(b"\n")) > 0.9 * counts.counts.sum()
    for path in (extended / RESULTS).rglob("gqvae.json"):
        assert json.loads(path.read_text(encoding="utf-8"))["pretokenizer"] == (
            "whole" if path.parent.name == "external" else "lines"
        ), path


def test_language_models_are_of_the_kind(extended: Path) -> None:
    records = [
        json.loads(path.read_text(encoding="utf-8")) for path in (extended / RESULTS / "language_models").rglob("training.json")
    ]
    assert len(records) == 5 and {record["settings"]["kind"] for record in records} == {"gru"}


def test_an_edit_of_a_new_file_reruns_its_branch_alone(extended: Path) -> None:
    module = extended / "src" / "gqvae" / "tokenizers" / "words.py"
    text = module.read_text(encoding="utf-8")
    try:
        module.write_text(text.replace("1 < len(text)", "2 < len(text)"), encoding="utf-8")
        done = run_snakemake(extended, "--dry-run", *RUN)
    finally:
        module.write_text(text, encoding="utf-8")
    said = done.stdout + done.stderr
    assert "Arm words: tokenizers from the counts" in said and "words: bytes per token" in said
    assert "Arm bpe" not in said and "prepare_corpus" not in said.partition("Job stats:")[2].partition("total")[0]
