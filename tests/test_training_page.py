"""docs/training.md: its commands run, and it lists the settings of every method."""

from __future__ import annotations

import re
import shlex
from importlib import import_module
from pathlib import Path

import pytest

from gqvae import load_tokenizer
from gqvae.config import NetworkRun
from gqvae.jobs.product_training import METHODS, NETWORK
from gqvae.training import default_run as defaults
from test_product import TINY, refused, run

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "training.md").read_text(encoding="utf-8")


def test_its_commands_run(stories: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = NetworkRun.model_validate({**TINY, "network": {**TINY["network"], "codebook_size": 2048}})
    monkeypatch.setattr(defaults, "default_run", lambda size, steps: small)  # ten minutes otherwise
    monkeypatch.chdir(tmp_path)
    (tmp_path / "stories.txt").write_bytes(stories.read_bytes())
    lines = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]
    for line in lines:
        program, command, *arguments = shlex.split(line, comments=True)
        assert (program, command) == ("gqvae", "tokenizer")
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
