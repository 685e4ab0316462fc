"""What `gqvae tokenizer compare` says of a text in parts: files, or rows with a label."""

from __future__ import annotations

import csv
import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

import external_files
from gqvae.cli import main
from gqvae.corpus.pretokens import count_pretokens
from gqvae.measures import edits
from gqvae.tokenizers.bpe import train_bpe
from gqvae.tokenizers.bytes import BytesTokenizer

TEXTS = {
    "en": ["The fox sees a bird.", "It is in the tree."],
    "ru": ["Лиса видит птицу.", "Она на дереве."],
    "zh": ["狐狸看见了一只鸟。", "它在树上。"],
}


@pytest.fixture
def folders(tmp_path: Path) -> list[str]:
    BytesTokenizer().save(tmp_path / "bytes")
    train_bpe(count_pretokens([text.encode() for text in TEXTS["en"]] * 5), 280).save(tmp_path / "bpe")
    return [str(tmp_path / "bytes"), str(tmp_path / "bpe")]


def compared(folder: Path, *arguments: object) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The rows of both tables."""
    names = {"--csv": folder / "whole.csv", "--parts-csv": folder / "parts.csv"}
    assert main(["tokenizer", "compare", *map(str, arguments), *(str(part) for pair in names.items() for part in pair)]) == 0
    found = []
    for path in names.values():
        with open(path, encoding="utf-8", newline="") as stream:
            found.append(list(csv.DictReader(stream)))
    return found[0], found[1]


def labelled(path: Path, rows: list[tuple[str, str]]) -> Path:
    path.write_text("".join(json.dumps({"lang": lang, "body": text}) + "\n" for lang, text in rows), encoding="utf-8")
    return path


def test_languages_cost_the_tokens_of_the_same_content(folders: list[str], tmp_path: Path, capsys: Any) -> None:
    rows = labelled(tmp_path / "all.jsonl", [(lang, TEXTS[lang][place]) for place in (0, 1) for lang in TEXTS])
    arguments = ("--tokenizers", *folders, "--text", rows, "--field", "body", "--label", "lang")
    whole, parts = compared(tmp_path, *arguments, "--per", "document")
    sizes = {lang: len("".join(texts).encode()) for lang, texts in TEXTS.items()}
    of_bytes = [row for row in parts if row["tokenizer"] == "bytes"]
    assert [row["part"] for row in of_bytes] == ["en", "ru", "zh"] and {row["documents"] for row in parts} == {"2"}
    for row in of_bytes:
        assert int(row["tokens"]) == int(row["bytes"]) == sizes[row["part"]] and float(row["cost"]) == sizes[row["part"]] / 2
        assert float(row["premium"]) == pytest.approx(sizes[row["part"]] / min(sizes.values()))
        assert int(row["characters"]) == len("".join(TEXTS[row["part"]]))
    by_name = {row["tokenizer"]: row for row in whole}
    assert float(by_name["bytes"]["parity"]) == pytest.approx(max(sizes.values()) / min(sizes.values()))
    apart = sum(abs(one - other) for one in sizes.values() for other in sizes.values()) / 9
    assert float(by_name["bytes"]["gini"]) == pytest.approx(apart / (2 * sum(sizes.values()) / 3))
    assert float(by_name["bpe"]["gini"]) > float(by_name["bytes"]["gini"])  # it has learnt one of the languages
    shown = capsys.readouterr().out
    assert "gini" in shown and "premium" in shown and shown.count("\n\n") == 2


def test_the_unit_decides_what_seems_fair(folders: list[str], tmp_path: Path) -> None:
    files = [tmp_path / f"{lang}.txt" for lang in TEXTS]
    for file, texts in zip(files, TEXTS.values(), strict=True):
        file.write_text("\n".join(texts), encoding="utf-8")
    arguments = ("--tokenizers", folders[0], "--text", *files)
    found = {unit: compared(tmp_path, *arguments, "--per", unit) for unit in ("byte", "character", "document")}
    assert compared(tmp_path, *arguments)[1] == found["character"][1]  # if nothing is said
    assert [row["part"] for row in found["byte"][1]] == ["en.txt", "ru.txt", "zh.txt"]
    assert float(found["byte"][0][0]["parity"]) == 1 and float(found["byte"][0][0]["gini"]) == 0
    assert [round(float(row["cost"]), 1) for row in found["character"][1]] == [1.0, 1.8, 2.9]
    sizes = [file.stat().st_size for file in files]
    assert [float(row["cost"]) for row in found["document"][1]] == sizes


def test_one_text_has_no_parts(folders: list[str], tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "en.txt").write_text(TEXTS["en"][0], encoding="utf-8")
    whole, parts = compared(tmp_path, "--tokenizers", folders[0], "--text", tmp_path / "en.txt")
    assert parts == [] and (whole[0]["parity"], whole[0]["gini"]) == ("", "")
    assert "premium" not in capsys.readouterr().out


def test_edits_are_those_of_the_measures(folders: list[str], tmp_path: Path) -> None:
    texts = [" ".join(TEXTS["en"]) * 30, " ".join(TEXTS["ru"]) * 30]
    files = [tmp_path / "a.txt", tmp_path / "b.txt"]
    for file, text in zip(files, texts, strict=True):
        file.write_text(text, encoding="utf-8")
    whole, _ = compared(tmp_path, "--tokenizers", folders[0], "--text", *files)
    for kind, effect in edits.effects(BytesTokenizer(), [text.encode() for text in texts]).items():
        assert float(whole[0][f"changed_by_{kind}"]) == effect.changed > 0
        assert float(whole[0][f"resized_by_{kind}"]) == effect.resized
    (tmp_path / "digits.txt").write_text("12 3 " * 9, encoding="utf-8")
    whole, _ = compared(tmp_path, "--tokenizers", folders[0], "--text", tmp_path / "digits.txt")
    assert whole[0]["changed_by_case"] == "" and float(whole[0]["changed_by_blank"]) > 0


def test_files_of_rows_are_parts_of_documents(folders: list[str], tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    rows = labelled(tmp_path / "en.jsonl", [("x", text) for text in TEXTS["en"]])
    parquet.write_table(arrow.table({"body": TEXTS["ru"], "lang": ["y", "y"]}), tmp_path / "ru.parquet")
    arguments = ("--tokenizers", folders[0], "--text", rows, tmp_path / "ru.parquet", "--field", "body")
    _, parts = compared(tmp_path, *arguments)
    assert [(row["part"], row["documents"]) for row in parts] == [("en.jsonl", "2"), ("ru.parquet", "2")]
    _, again = compared(tmp_path, *arguments, "--label", "lang")
    assert [row["part"] for row in again] == ["x", "y"]
    assert [row["tokens"] for row in again] == [row["tokens"] for row in parts]


def test_the_commands_of_the_page_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    page = (Path(__file__).parents[2] / "docs" / "external-tokenizers.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"### Languages and domains\n\n```sh\n(.*?)```", page, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    BytesTokenizer().save(Path("mine"))
    external_files.sentencepiece_model(Path("other.model"), "bpe", lossless=True)
    for name, text in (("de", "Der Fuchs."), ("en", "The fox."), ("hi", "लोमड़ी।")):
        Path(f"{name}.txt").write_text(text, encoding="utf-8")
    rows = [{"text": "The fox.", "lang": "en"}, {"text": "लोमड़ी।", "lang": "hi"}]
    Path("all.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    for line in block.splitlines():
        program, *arguments = shlex.split(line, comments=True)
        assert program == "gqvae" and main(arguments) == 0
        assert "other.model" in capsys.readouterr().out.split("\n\n")[2]


@pytest.mark.parametrize(
    ("files", "options", "sentence"),
    [
        ({"a.txt": "x", "b.txt": ""}, [], "b.txt has no text: give another, or leave it out"),
        ({"a.txt": "x"}, ["--label", "lang"], "a.txt has no rows that could be labelled"),
        ({"a.jsonl": '{"text": "x", "lang": ""}\n'}, ["--label", "lang"], "the field 'lang' is empty in a row: give every row a label"),
        ({"a.jsonl": '{"text": "x"}\n'}, ["--label", "lang"], "line 1 has no field 'lang' but text: set `label` to the one that says"),
        ({"a.jsonl": '{"text": "x", "lang": 5}\n'}, ["--label", "lang"], "the field 'lang' holds int, not text: set `label` to another"),
        ({"a.jsonl": '{"text": "x"}\n', "b.jsonl": '{"text": "x"}\n' * 2}, ["--per", "document"], "a.jsonl has 1 documents and b.jsonl has 2"),
    ],
)  # fmt: skip
def test_bad_parts_are_one_sentence(
    folders: list[str], tmp_path: Path, capsys: Any, files: dict[str, str], options: list[str], sentence: str
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    texts = [str(tmp_path / name) for name in files]
    assert main(["tokenizer", "compare", "--tokenizers", folders[0], "--text", *texts, *options]) == 2
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "error" in line]
    assert sentence in line


def test_parts_of_one_name_are_told_apart(folders: list[str], tmp_path: Path) -> None:
    files = [tmp_path / folder / "text.txt" for folder in ("de", "en")]
    for file in files:
        file.parent.mkdir()
        file.write_text("a text", encoding="utf-8")
    _, parts = compared(tmp_path, "--tokenizers", folders[0], "--text", *files)
    assert [row["part"] for row in parts] == ["de/text.txt", "en/text.txt"]


def test_what_is_given_twice_is_refused(folders: list[str], tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "text.txt").write_text("a text", encoding="utf-8")
    text = str(tmp_path / "text.txt")
    for tokenizers, texts, twice in (
        ([folders[0], f"{folders[0]}/."], [text], folders[0]),
        (folders, [text, text], text),
    ):
        assert main(["tokenizer", "compare", "--tokenizers", *tokenizers, "--text", *texts]) == 2
        assert f"{twice} is given twice: give it once." in capsys.readouterr().err
