"""The verbs, as the command line calls them."""

from __future__ import annotations

import argparse
import json
import logging
from pathlib import Path

import pytest

from gqvae.corpus.documents import SPLITS, DocumentStore
from gqvae.corpus.pretokens import PretokenCounts
from gqvae.errors import UserError
from gqvae.verbs import corpus as verbs
from gqvae.verbs.parsers import run_verb


def run(*arguments: object) -> None:
    parser = argparse.ArgumentParser(prog="gqvae")
    verbs.add_parsers(parser.add_subparsers())
    chosen = parser.parse_args([str(argument) for argument in arguments])
    run_verb(chosen)


def test_corpus_is_prepared_and_counted(tmp_path, caplog):
    caplog.set_level(logging.INFO, logger="gqvae")
    run("prepare-corpus", "--settings", '{"source": "synthetic", "bytes": 300000, "seed": 3}', "--out", tmp_path / "corpus")
    run("count-pretokens", "--corpus", tmp_path / "corpus", "--out", tmp_path / "pretokens")
    record = json.loads((tmp_path / "corpus" / "corpus.json").read_text("utf-8"))
    assert record["synthetic"] is True and record["settings"]["seed"] == 3
    for split in SPLITS:
        counts, documents = (
            PretokenCounts.load(tmp_path / "pretokens" / f"{split}.npz"),
            DocumentStore.open(tmp_path / "corpus", split),
        )
        assert counts.total_bytes == documents.total_bytes == record["splits"][split]["bytes"] > 0
    assert f"train: {record['splits']['train']['documents']} documents" in caplog.text and "distinct" in caplog.text


def test_prepared_corpus_is_reproducible(tmp_path):
    for folder in ("a", "b"):
        run("prepare-corpus", "--settings", '{"source": "synthetic", "bytes": 100000}', "--out", tmp_path / folder)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_settings_may_be_a_file(tmp_path):
    (tmp_path / "mine.txt").write_text("".join(f"Document {i}\n--\n" for i in range(300)))
    (tmp_path / "corpus.yaml").write_text(f"source: text\npath: {tmp_path / 'mine.txt'}\nseparator: '--'\n")
    run("prepare-corpus", "--settings", tmp_path / "corpus.yaml", "--out", tmp_path / "corpus")
    assert sum(len(DocumentStore.open(tmp_path / "corpus", split)) for split in SPLITS) == 300


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ('{"source": "text", "path": "/nowhere/at_all.txt"}', r"/nowhere/at_all\.txt does not exist"),
        ('{"source": "books"}', "source is 'books': choose one of python_stdlib, synthetic, text, tinystories"),
        ('{"bytes": 5}', "source is None: choose one of"),
        ('{"source": "synthetic", "byte": 5}', "unknown key 'byte'"),
        ('{"source": "synthetic", "bytes": -5}', "bytes: .* greater than 0"),
        ('{"source": "synthetic", "bytes": 5}', "only one document, and the splits need at least 3"),
        ('{"source": "tinystories"}', "give its folder as --downloads"),
        ('{"source": ', "--settings is not JSON"),
    ],
)
def test_bad_settings_are_one_sentence(settings, sentence, tmp_path):
    with pytest.raises(UserError, match=sentence) as raised:
        run("prepare-corpus", "--settings", settings, "--out", tmp_path / "corpus")
    assert "\n" not in str(raised.value)
    assert not list(tmp_path.rglob("*.txt")) and not list(tmp_path.rglob("*.json"))


def test_empty_text_is_one_sentence(tmp_path):
    empty = tmp_path / "empty.txt"
    empty.touch()
    with pytest.raises(UserError, match=r"empty\.txt: it holds no documents"):
        run("prepare-corpus", "--settings", json.dumps({"source": "text", "path": str(empty)}), "--out", tmp_path / "corpus")


def test_counting_nothing_says_what_to_do(tmp_path):
    with pytest.raises(UserError, match="make a corpus there with `gqvae prepare-corpus`"):
        run("count-pretokens", "--corpus", tmp_path / "none", "--out", tmp_path / "pretokens")


def test_tinystories_comes_from_the_hub(hub, tmp_path, monkeypatch):
    from gqvae.corpus import hub as client

    hub.files = {
        "train.txt": b"".join(b"Story %d.\n<|endoftext|>\n" % i for i in range(500)),
        "valid.txt": b"Held out.\n<|endoftext|>\n",
    }
    served = hub.dataset()
    hub.files = {f"TinyStories-{name}": content for name, content in hub.files.items()}
    pinned = served._replace(
        train=served.train._replace(name="TinyStories-train.txt"),
        valid=served.valid._replace(name="TinyStories-valid.txt"),
    )
    monkeypatch.setattr("gqvae.jobs.corpus.TINYSTORIES", pinned)
    monkeypatch.setattr(client.time, "sleep", lambda seconds: None)
    settings = '{"source": "tinystories", "keep_fraction": 0.5}'
    run("download-corpus", "--settings", settings, "--out", tmp_path / "downloads")
    asked = len(hub.requests)
    run("prepare-corpus", "--settings", settings, "--downloads", tmp_path / "downloads", "--out", tmp_path / "corpus")
    assert list(DocumentStore.open(tmp_path / "corpus", "test")) == [b"Held out."]
    assert 150 < len(DocumentStore.open(tmp_path / "corpus", "train")) < 350
    assert len(hub.requests) == asked


def test_only_tinystories_is_downloaded(tmp_path):
    with pytest.raises(UserError, match="the source 'synthetic' needs no download"):
        run("download-corpus", "--settings", '{"source": "synthetic"}', "--out", tmp_path)


@pytest.mark.parametrize("verb", ["download-corpus", "prepare-corpus", "count-pretokens"])
def test_help_shows_an_example(verb, capsys):
    with pytest.raises(SystemExit):
        run(verb, "--help")
    assert f"example: gqvae {verb}" in " ".join(capsys.readouterr().out.split())


def test_verbs_import_nothing_heavy():
    import subprocess
    import sys

    code = "import sys, gqvae.verbs.corpus; print([m for m in ('torch', 'numpy', 'huggingface_hub', 'pydantic') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parent)
    assert done.stdout.strip() == "[]"
