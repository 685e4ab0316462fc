"""`benchmarks/trained_by_command.py`: the numbers of its table, and that what is published of it is what the command still does."""

from __future__ import annotations

import csv
import json
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from gqvae import load_tokenizer
from gqvae.config import NetworkTraining
from gqvae.corpus.sources import open_source
from gqvae.corpus.sources.synthetic import Settings as SyntheticCorpus

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = ROOT / "benchmarks" / "trained_by_command.py"
PUBLISHED = sorted((ROOT / "results" / "published" / "trained-by-command").glob("settings.json"))
SEPARATOR = b"\n<|endoftext|>\n"
SIZES = ["300", "320"]


def call(folder: Path, out: str, *more: str) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        str(SCRIPT),
        "--text",
        "train.txt",
        "--test-text",
        "test.txt",
        "--work",
        "work",
        "--out",
        out,
        *more,
    ]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The script's, after two methods."""
    folder = tmp_path_factory.mktemp("trained")
    for name, seed in (("train", 0), ("test", 1)):
        documents = open_source(SyntheticCorpus(bytes=60_000, seed=seed)).documents
        (folder / f"{name}.txt").write_bytes(SEPARATOR.join([*documents, b" \n"]))
    done = call(folder, "t.csv", "--sizes", *SIZES, "--methods", "bpe", "unigram")
    assert done.returncode == 0, done.stderr
    return folder


def test_the_table_counts_as_studies_do(folder: Path) -> None:
    with (folder / "t.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["method"], row["vocab_size"]) for row in rows] == [(name, size) for name in ("bpe", "unigram") for size in SIZES]
    documents = [document for document in (folder / "test.txt").read_bytes().split(SEPARATOR) if document.strip()]
    for row in rows:
        tokenizer = load_tokenizer(folder / "work" / row["method"] / f"v{row['vocab_size']}")
        size, tokens = sum(map(len, documents)), sum(len(tokenizer.encode(document.decode())) for document in documents)
        assert (int(row["bytes"]), int(row["tokens"])) == (size, tokens)
        bpe = rows[SIZES.index(row["vocab_size"])]
        assert float(row["bytes_per_token"]) == pytest.approx(size / tokens)
        assert float(row["ratio_to_bpe"]) == pytest.approx(int(bpe["tokens"]) / tokens)
        assert float(row["processor_seconds"]) > 0 and float(row["seconds"]) > 0
    assert rows[2]["ratio_to_bpe"] != "1.0"


def test_what_is_trained_is_not_trained_again(folder: Path) -> None:
    made = {path: path.stat().st_mtime_ns for path in (folder / "work").rglob("*")}
    done = call(folder, "again/t.csv", "--sizes", *SIZES, "--methods", "bpe", "unigram")
    assert done.returncode == 0, done.stderr
    assert {path: path.stat().st_mtime_ns for path in (folder / "work").rglob("*")} == made
    for name in ("t.csv", "settings.json"):
        assert (folder / "again" / name).read_bytes() == (folder / name).read_bytes()
    done = call(folder, "other.csv", "--sizes", "300", "--methods", "bpe")
    assert done.returncode == 1 and "is of other settings or text" in done.stderr and not (folder / "other.csv").exists()


def test_the_record_says_what_was_done_and_not_where(folder: Path) -> None:
    text = (folder / "settings.json").read_text(encoding="utf-8")
    record = json.loads(text)
    settings_of = runpy.run_path(str(SCRIPT))["settings_of"]
    assert record["methods"] == {method: settings_of(method, [320]) for method in ("bpe", "unigram")}
    assert record["test_text"]["documents"] > 10 and len(record["text"]["sha256"]) == 64
    assert str(folder) not in text and str(ROOT) not in text and str(Path.home()) not in text


@pytest.mark.parametrize("path", PUBLISHED, ids=lambda path: path.parent.name)
def test_what_is_published_was_made_with_the_settings_that_the_command_has(path: Path) -> None:
    record, settings_of = json.loads(path.read_text(encoding="utf-8")), runpy.run_path(str(SCRIPT))["settings_of"]
    assert set(record["methods"]) == {"gqvae", "pathpiece", "bpe", "unigram"}
    training, retired = record["methods"]["gqvae"]["training"], NetworkTraining.retired
    record["methods"]["gqvae"]["training"] = {
        key: value for key, value in training.items() if key not in retired or value != retired[key]
    }
    for method, settings in record["methods"].items():
        assert settings_of(method, record["sizes"]) == settings, f"{method}: run {SCRIPT.name} again"
