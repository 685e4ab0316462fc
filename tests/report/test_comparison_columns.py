"""The help of `gqvae tokenizer compare` says what every column means that the command writes."""

from __future__ import annotations

import re

import pytest

from gqvae.cli import build_parser
from gqvae.config import measures
from gqvae.report.comparison import COLUMNS, PART_COLUMNS
from gqvae.report.comparison_columns import meanings


@pytest.mark.parametrize("width", ["60", "130"])
def test_the_help_has_every_column(width: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", width)
    with pytest.raises(SystemExit) as stopped:
        build_parser().parse_args(["tokenizer", "compare", "--help"])
    said = capsys.readouterr().out
    _, _, columns = said.partition("columns:\n")
    assert stopped.value.code == 0 and max(map(len, columns.splitlines())) <= int(width)
    assert set(re.findall(r"^  (\w+) ", columns, re.MULTILINE)) == {*COLUMNS, *PART_COLUMNS} == {*meanings()}
    words = " ".join(columns.split())
    assert all(f"{name} {text}" in words for name, text in meanings().items())
    assert "Speeds are of one run and vary" in words


def test_measures_have_the_words_that_they_declare() -> None:
    shared = {name: one.text for name, one in measures("tokens").items() if name in COLUMNS}
    assert "changed_by_case" in shared and "bytes_lost" in shared
    assert {name: meanings()[name] for name in shared} == shared


def test_other_verbs_have_no_columns(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        build_parser().parse_args(["tokenizer", "encode", "--help"])
    assert "columns:" not in capsys.readouterr().out
