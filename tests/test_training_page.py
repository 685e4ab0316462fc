"""docs/training.md: its commands run, and it lists the settings of every method."""

from __future__ import annotations

import json
import re
import shlex
from importlib import import_module
from pathlib import Path

import pytest

from gqvae import load_tokenizer
from gqvae.cli import main
from gqvae.config import NetworkRun
from gqvae.corpus.sources.text import Settings as TextCorpus
from gqvae.jobs.product_training import METHODS, NETWORK
from gqvae.training import default_run as defaults
from test_product import TINY, refused, run
from test_product_training import command

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "training.md").read_text(encoding="utf-8")


def test_its_commands_run(stories: Path, more_stories: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = NetworkRun.model_validate({**TINY, "network": {**TINY["network"], "codebook_size": 2048}})
    monkeypatch.setattr(defaults, "default_run", lambda size, steps: small)  # ten minutes otherwise
    monkeypatch.chdir(tmp_path)
    lines = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]
    for line in lines:
        program, command, *arguments = shlex.split(line, comments=True)
        assert (program, command) == ("gqvae", "tokenizer")
        counted = "--method" in arguments
        (tmp_path / "stories.txt").write_bytes((more_stories if counted else stories).read_bytes())
        run(*arguments)
        out = tmp_path / arguments[arguments.index("--out") + 1]
        assert all(load_tokenizer(file.parent) for file in out.rglob("gqvae.json")) and any(out.rglob("gqvae.json"))


def test_a_finished_training_is_not_repeated(stories: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        "A finished training is not repeated, and no command writes over a tokenizer: give another `--out`, or delete the folder"
        in PAGE
    )
    finished = ("train", "--method", "bpe", "--text", stories, "--vocab-size", 300, "--out", tmp_path / "x")
    run(*finished)
    before = (tmp_path / "x" / "gqvae.json").stat()
    assert "holds a tokenizer already: give another folder, or delete it" in refused(capsys, *finished)
    assert (tmp_path / "x" / "gqvae.json").stat() == before


def test_it_lists_every_setting() -> None:
    listed = {
        (method, key)
        for methods, keys in re.findall(r"^\| (`.*?) \| (`.*?) \|", PAGE, re.MULTILINE)
        for method in re.findall(r"`(\w+)`", methods)
        for key in re.findall(r"`(\w+)`", keys)
    }
    blocks = {
        method: NetworkRun if method == NETWORK else import_module(f"gqvae.tokenizers.{method}").Settings for method in METHODS
    }
    assert listed == {(method, key) for method, block in blocks.items() for key in block.model_fields}


def test_the_record_says_what_repeats_the_training(stories: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = []
    for place in ("one", "two"):
        (tmp_path / place).mkdir()
        text = tmp_path / place / "text.txt"
        text.write_bytes(stories.read_bytes().replace(b"<|endoftext|>", b"=="))
        given = ("--separator", "==", "--field", "body", "--pretokenizer", "cl100k")
        run(*command(text, "bpe", tmp_path / place / "out", 300), *given)
        found.append((tmp_path / place / "out" / "training.json").read_bytes())
    assert found[0] == found[1] and str(tmp_path).encode() not in found[0]
    record = json.loads(found[0])
    corpus = {**TextCorpus(path="text.txt", separator="==", field="body").model_dump(mode="json"), "path": "text.txt"}
    assert record["corpus"] == corpus and record["pretokenizer"] == "cl100k"
    asked = json.dumps({"source": "text", "path": str(text), "separator": "=="})
    assert main(["prepare-corpus", "--settings", asked, "--out", str(tmp_path / "corpus")]) == 0
    assert record["train"] == json.loads((tmp_path / "corpus" / "corpus.json").read_text())["splits"]["train"]
    run("export", "--tokenizer", tmp_path / "two" / "out", "--out", tmp_path / "card", "--card")
    card = (tmp_path / "card" / "README.md").read_text(encoding="utf-8")
    assert f"SHA-256 {record['train']['sha256']} |" in card and '"separator": "=="' in card and str(tmp_path) not in card
