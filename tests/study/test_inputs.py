"""`gqvae check-config` and the workflow find what is wrong before anything runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gqvae.cli import main

TWO = "study: two\ncorpus: {source: text, path: there.txt}\nlanguage_model: {train_bytes: [9]}\n"
TEXT = "one\n<|endoftext|>\ntwo\n<|endoftext|>\nthree\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "corpus: {source: text, path: absent.txt}",
            "corpus: absent.txt does not exist or is not a file in {here}: put the text there",
        ),
        (TWO + "corpus: {source: synthetic}\n", "the key 'corpus' is there twice, in lines 2 and 4"),
        (
            "corpus: {source: text, path: 'absent/*.txt'}",
            "corpus: No file matches absent/*.txt in {here}: correct the pattern",
        ),
        (
            "arms: {own: {kind: external, path: absent.json}}",
            "arms.own.path: absent.json does not exist in {here}: give the file",
        ),
        (
            "arms: {d: {kind: dictionary, chunk: 3}}",
            "arms.d: settings of dictionary: unknown key 'chunk'; did you mean 'chunk_bytes'?",
        ),
        (
            "arms: {bpe: {kind: bpe}, b: {kind: borrowed, study: other, arm: gqvae, encoder: neural}}",
            "arms.b: results/other/tokenizers/gqvae-s0/v1024/gqvae.json does not exist: run the study 'other' first",
        ),
    ],
)
def test_what_is_missing_is_told(
    text: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.txt").write_text(TEXT, encoding="utf-8")
    (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
    assert main(["check-config", "mine.yaml"]) == 2
    assert f"gqvae: error: mine.yaml: {said.format(here=tmp_path)}" in capsys.readouterr().err


def test_a_second_file_changes_what_the_first_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.txt").write_text(TEXT, encoding="utf-8")
    (tmp_path / "one.yaml").write_text("study: one\ncorpus: {source: synthetic, bytes: 900000}\n", encoding="utf-8")
    (tmp_path / "two.yaml").write_text(TWO, encoding="utf-8")
    assert main(["check-config", "one.yaml", "two.yaml"]) == 0
    assert capsys.readouterr().out == "two\n"


@pytest.mark.parametrize(("mode", "code"), [("1", 0), ("0", 2)])
def test_a_name_that_the_locale_cannot_express_is_not_called_absent(mode: str, code: int, tmp_path: Path) -> None:
    (tmp_path / "süß.txt").write_text(TEXT, encoding="utf-8")
    (tmp_path / "mine.yaml").write_text(
        "corpus: {source: text, path: süß.txt}\nlanguage_model: {train_bytes: [9]}\n", encoding="utf-8"
    )
    done = subprocess.run(
        [sys.executable, "-m", "gqvae", "check-config", "mine.yaml"],
        cwd=tmp_path,
        env={**os.environ, "LC_ALL": "C", "PYTHONUTF8": mode, "PYTHONPATH": str(Path(__file__).parents[2] / "src")},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert ("has characters that file names cannot have in this locale (ascii): set PYTHONUTF8=1" in done.stderr) == bool(code)
    assert "does not exist" not in done.stderr
