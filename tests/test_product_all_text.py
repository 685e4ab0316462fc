"""`gqvae tokenizer train --all-text`: the methods that count may read all of a text, which then may be one document."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gqvae import load_tokenizer
from gqvae.corpus import separators
from gqvae.corpus.pretokens import count_pretokens
from gqvae.tokenizers.counted import trainer
from test_product import refused, run
from test_product_training import COUNTED, command

NAMED = "or give --all-text to train on all of it."


@pytest.fixture
def plain(stories: Path, tmp_path: Path) -> Path:
    path = tmp_path / "plain.txt"
    path.write_bytes(stories.read_bytes().replace(b"<|endoftext|>", b"*"))
    return path


@pytest.mark.parametrize("method", COUNTED)
def test_plain_text_is_trained_on_as_a_whole(
    method: str, plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(separators, "DOCUMENT_BYTES", 1000)
    run(*command(plain, method, tmp_path / "out", 310), "--all-text")
    assert "plain.txt: training on 1 of 1 document\n" in capsys.readouterr().err
    trainer(method, {})(count_pretokens([plain.read_bytes()]), [310])[310].save(tmp_path / "expected")
    assert (tmp_path / "out" / "gqvae.json").read_bytes() == (tmp_path / "expected" / "gqvae.json").read_bytes()
    record = json.loads((tmp_path / "out" / "training.json").read_text())
    assert record["train"]["bytes"] == plain.stat().st_size
    assert (record["corpus"]["valid_fraction"], record["corpus"]["test_fraction"]) == (0, 0)


def test_the_default_is_the_training_split(stories: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    total = stories.read_bytes().count(b"<|endoftext|>") + 1
    for name, more, split in (("part", (), True), ("all", ("--all-text",), False)):
        run(*command(stories, "bpe", tmp_path / name, 300), *more)
        used = json.loads((tmp_path / name / "training.json").read_text())["train"]["documents"]
        assert f"stories.txt: training on {used} of {total} documents\n" in capsys.readouterr().err
        assert (used < total) == split


def test_it_overrides_the_splits_of_a_corpus_but_not_its_test_text(
    stories: Path, plain: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus = {"source": "text", "path": str(stories), "valid_fraction": 0.4, "test_fraction": 0.4}
    total = stories.read_bytes().count(b"<|endoftext|>") + 1
    train = ("train", "--method", "bpe", "--vocab-size", 300, "--all-text", "--corpus")
    run(*train, json.dumps(corpus), "--out", tmp_path / "out")
    assert f"training on {total} of {total} documents" in capsys.readouterr().err
    run(*train, json.dumps({**corpus, "test_path": str(plain)}), "--out", tmp_path / "test")
    assert f"training on {total} of {total + 1} documents" in capsys.readouterr().err
    assert load_tokenizer(tmp_path / "out").strings == load_tokenizer(tmp_path / "test").strings


def test_it_is_named_where_it_helps_and_nowhere_else(
    plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    one = refused(capsys, *command(plain, "bpe", tmp_path / "x", 300))
    assert "only one document" in one and one.endswith(f'or to "" for blank lines, {NAMED}')
    few = ("--corpus", json.dumps({"source": "synthetic", "bytes": 5}), "--vocab-size", 300, "--out", tmp_path / "x")
    assert refused(capsys, "train", "--method", "bpe", *few).endswith(f"give more documents, {NAMED}")
    assert "--all-text" not in refused(capsys, *command(plain, "gqvae", tmp_path / "x", 300))
    (tmp_path / "empty").touch()
    assert "--all-text" not in refused(capsys, *command(tmp_path / "empty", "bpe", tmp_path / "x", 300))
    assert "--all-text" not in refused(capsys, *command(tmp_path / "empty", "bpe", tmp_path / "x", 300), "--all-text")
    monkeypatch.setattr(separators, "DOCUMENT_BYTES", 1000)
    assert refused(capsys, *command(plain, "bpe", tmp_path / "x", 300)).endswith(NAMED)
    assert not (tmp_path / "x").exists()


def test_a_network_needs_text_for_validation(stories: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = refused(capsys, *command(stories, "gqvae", tmp_path / "x", 300), "--all-text")
    assert "--method gqvae needs text for validation, and --all-text leaves none: leave it out" in said
    assert not (tmp_path / "x").exists()
