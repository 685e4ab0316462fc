"""`--vocab-size` of `gqvae tokenizer train`: what cannot be reached is refused, and the message says what can."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from gqvae import load_tokenizer
from gqvae.cli import main
from gqvae.corpus.pretokens import count_pretokens
from test_product import refused, run
from test_product_training import COUNTED, command


@pytest.mark.parametrize("method", ["gqvae", *COUNTED])
def test_a_size_without_room_for_strings_is_refused(
    stories: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], method: str
) -> None:
    assert "--vocab-size is 257: give more than 257" in refused(capsys, *command(stories, method, tmp_path / "x", 300, 257))
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("method", ["gqvae", *COUNTED])
def test_a_size_beyond_all_limits_is_refused(
    stories: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], method: str
) -> None:
    said = refused(capsys, *command(stories, method, tmp_path / "x", 300, 3_000_000_000))
    assert "--vocab-size is 3000000000: give 100,000,000 at most." in said and not (tmp_path / "x").exists()


@pytest.mark.parametrize("method", ["bpe", "unigram"])
def test_a_size_that_the_text_cannot_fill_is_refused_and_leaves_nothing(
    stories: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], method: str
) -> None:
    assert "vocabulary size 50000 is more than" in refused(capsys, *command(stories, method, tmp_path / "x", 300, 50_000))
    assert not (tmp_path / "x").exists()


def test_candidates_that_do_not_fill_a_size_are_all_taken(
    stories: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the rule of a study, whose sizes are those of all arms."""
    count_pretokens(stories.read_bytes().split(b"\n<|endoftext|>\n")).save(tmp_path / "train.npz")
    wanted = {"tokenizer": "pathpiece", "settings": {"candidates": "chunks", "max_token_bytes": 2}, "sizes": [900]}
    given = ("--pretokens", str(tmp_path / "train.npz"), "--out", str(tmp_path / "x"))
    assert main(["train-counted", "--settings", json.dumps(wanted), *given]) == 0
    held = load_tokenizer(tmp_path / "x" / "v900").vocab_size
    assert held < 900
    assert f"vocabulary of 900 requested, but the candidates fill only one of {held}: raise `count`" in capsys.readouterr().err


@pytest.mark.parametrize("settings", [{"candidates": "chunks", "max_token_bytes": 2}, {}])
def test_a_person_is_told_the_largest_size_that_candidates_fill(
    stories: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], settings: dict[str, Any]
) -> None:
    given = ("--settings", json.dumps(settings))
    said = refused(capsys, *command(stories, "pathpiece", tmp_path / "x", 300, 50_000), *given)
    found = re.search(r"vocabulary size 50000 is more than the candidates fill: set it to (\d+) or less, or use more text", said)
    assert found and not (tmp_path / "x").exists()
    run(*command(stories, "pathpiece", tmp_path / "x", 300, int(found[1])), *given)
    assert 0.99 * int(found[1]) <= load_tokenizer(tmp_path / "x" / f"v{found[1]}").vocab_size <= int(found[1])
    larger = int(found[1]) * 3 // 2
    assert f"vocabulary size {larger} is more than" in refused(
        capsys, *command(stories, "pathpiece", tmp_path / "y", larger), *given
    )


def test_fewer_candidates_than_a_size_needs_are_refused(
    stories: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = refused(capsys, *command(stories, "pathpiece", tmp_path / "x", 400), "--settings", '{"count": 100}')
    assert "vocabulary size 400 is more than a `count` of 100 fills: set it to 357 or less, or raise `count`." in said
    few = json.dumps({"network": {"codebook_size": 300}})
    said = refused(capsys, "train", "--text", stories, "--vocab-size", 300, 600, "--settings", few, "--out", tmp_path / "x")
    assert "network.codebook_size is 300: it fills a vocabulary of 557 at most" in said
    assert not (tmp_path / "x").exists()
