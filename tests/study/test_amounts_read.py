"""What was read is what is shown: a large document can make far more of an amount of text than was asked for."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fabricated_study import fabricate, fabricated_settings
from gqvae.cli import main
from gqvae.figures import advantage, learnability
from gqvae.files import read_json
from gqvae.report.summary import summarize
from gqvae.study.amounts import amounts_read
from gqvae.study.collect import collect
from gqvae.training.windows import documents_of_budget
from small_corpus import write_corpus

ASKED, USED = 250_000, 1_220_000


def test_little_more_than_was_asked_for_is_not_told() -> None:
    runs = pd.DataFrame({"train_bytes": [1000, 1000, 1000], "train_bytes_used": [1000, 1050, 1051]})
    assert amounts_read(runs).tolist() == [1000, 1000, 1051]


def test_figures_and_the_summary_state_what_was_used(tmp_path: Path) -> None:
    study = fabricated_settings(seeds=(0, 1, 2))
    fabricate(study, tmp_path)
    most = max(study.language_model.train_bytes)
    for path in tmp_path.glob("language_models/*/result.json"):
        record = json.loads(path.read_text(encoding="utf-8"))
        record["train_bytes_used"] = {ASKED: 400_000, most: USED}.get(record["train_bytes"], record["train_bytes"])
        path.write_text(json.dumps(record), encoding="utf-8")
    collect(study, tmp_path, tmp_path / "tables")
    for figure in (learnability, advantage):
        data = figure.points(tmp_path / "tables")
        assert sorted(set(data.loc[data["panel"] == figure.TEXT, "amount"])) == [400_000, 500_000, USED]
    summarize(study, tmp_path, tmp_path / "summary.md")
    said = f"trained on {USED:,} bytes ({most:,} were asked for; documents are read whole), the most in this study"
    assert said in (tmp_path / "summary.md").read_text(encoding="utf-8")


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Sixty documents of 100 bytes; the one that is read third is of 5,000."""
    third = documents_of_budget(np.ones(60, dtype=np.int64), 3)[2]
    documents = [b"x" * (5000 if number == third else 100) for number in range(60)]
    return write_corpus(tmp_path / "corpus", train=documents, valid=[b"v"], test=[b"t"])


def check(corpus: Path, *amounts: int) -> tuple[int, Path]:
    out = corpus.parent / "amounts.json"
    return main(["check-amounts", "--corpus", str(corpus), "--train-bytes", *map(str, amounts), "--out", str(out)]), out


def test_whole_documents_are_counted_and_far_more_than_was_asked_for_is_told(
    corpus: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out = check(corpus, 150, 600, 5400)
    assert code == 0 and read_json(out) == {"150": 200, "600": 5200, "5400": 5400}
    said = capsys.readouterr().err
    assert (
        "language_model.train_bytes asks for 600 bytes, and whole documents make them 5,200: figures show what was used." in said
    )
    assert "asks for 5,400" not in said


@pytest.mark.parametrize(
    ("amounts", "said"),
    [
        ((300, 4000), "asks for 300 and 4,000 bytes, but both take the same whole documents, 5,200 bytes: leave one of them out"),
        ((300, 99_999), "asks for 99,999 bytes but the training split has 10,900"),
    ],
)
def test_amounts_that_are_one_are_refused(
    corpus: Path, amounts: tuple[int, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out = check(corpus, *amounts)
    assert code == 2 and not out.exists()
    assert f"gqvae: error: language_model.train_bytes {said}" in capsys.readouterr().err
