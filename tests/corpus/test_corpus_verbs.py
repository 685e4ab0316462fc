"""The verbs, as the command line calls them."""

from __future__ import annotations

import argparse
import gzip
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


@pytest.mark.parametrize("text", ['{"text": "one"}\n{"text": "two"}\n', '[{"text": "one"}, {"text": "two"}]'])
@pytest.mark.parametrize("name", ["code.json", "code.ndjson", "code.json.gz"])
def test_rows_under_another_name_are_told_as_such(name, text, tmp_path):
    (tmp_path / name).write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    settings = json.dumps({"source": "text", "path": str(tmp_path / name)})
    with pytest.raises(UserError) as raised:
        run("prepare-corpus", "--settings", settings, "--out", tmp_path / "corpus")
    advice = f"rows are read from files named .jsonl, with an object in each line, so write those of {name} to one."
    assert str(raised.value).endswith(advice)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ('{"source": "text", "path": "/nowhere/at_all.txt"}', r"/nowhere/at_all\.txt does not exist"),
        ('{"source": "books"}', "source is 'books': choose one of hub, python_stdlib, synthetic, text, tinystories"),
        ('{"bytes": 5}', "source is None: choose one of"),
        ('{"source": "synthetic", "byte": 5}', "unknown key 'byte'"),
        ('{"source": "synthetic", "bytes": -5}', "bytes must be more than 0"),
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
    pinned = served._replace(files=tuple(file._replace(name=f"TinyStories-{file.name}") for file in served.files))
    monkeypatch.setattr("gqvae.corpus.sources.tinystories.TINYSTORIES", pinned)
    monkeypatch.setattr(client.time, "sleep", lambda seconds: None)
    settings = '{"source": "tinystories", "keep_fraction": 0.5}'
    run("download-corpus", "--settings", settings, "--out", tmp_path / "downloads")
    asked = len(hub.requests)
    run("prepare-corpus", "--settings", settings, "--downloads", tmp_path / "downloads", "--out", tmp_path / "corpus")
    assert list(DocumentStore.open(tmp_path / "corpus", "test")) == [b"Held out."]
    assert 150 < len(DocumentStore.open(tmp_path / "corpus", "train")) < 350
    assert len(hub.requests) == asked


def hub_settings(hub, **changes) -> str:
    return json.dumps({"source": "hub", "dataset": "someone/stories", "revision": hub.dataset().revision, **changes})


def test_a_dataset_of_the_hub_is_fetched_verified_and_cut(hub, tmp_path, monkeypatch, caplog):
    caplog.set_level(logging.INFO, logger="gqvae")
    hub.files = {
        "data/a.jsonl.gz": gzip.compress(b"".join(b'{"body": "Row %d."}\n' % i for i in range(400))),
        "b.txt": b"".join(b"Story %d.<|endoftext|>" % i for i in range(100)),
        "held.txt": b"Held out.\n<|endoftext|>\n",
    }
    pins = {file.name: file.sha256 for file in hub.dataset().files}
    settings = hub_settings(
        hub, paths=["data/a.jsonl.gz", "b.txt"], test_paths=["held.txt"], field="body", sha256={"b.txt": pins["b.txt"]}
    )
    run("download-corpus", "--settings", settings, "--out", tmp_path / "downloads")
    asked = len(hub.requests)
    run("prepare-corpus", "--settings", settings, "--downloads", tmp_path / "downloads", "--out", tmp_path / "corpus")
    assert len(hub.requests) == asked and not hub.authorized
    assert list(DocumentStore.open(tmp_path / "corpus", "test")) == [b"Held out."]
    found = {document for split in ("train", "valid") for document in DocumentStore.open(tmp_path / "corpus", split)}
    assert found == {b"Row %d." % i for i in range(400)} | {b"Story %d." % i for i in range(100)}
    record = json.loads((tmp_path / "corpus" / "corpus.json").read_text("utf-8"))
    assert record["sha256"] == pins and record["label"] == "someone/stories"
    assert record["cut"] == "501 documents from 3 files, cut at 1 line '<|endoftext|>' and 100 within lines"
    assert record["cut"] in caplog.text


def test_a_dataset_that_needs_a_login_is_one_sentence(hub, tmp_path):
    hub.always["HEAD train.txt"] = ("status", 401, {})
    with pytest.raises(UserError, match=r"Cannot fetch train\.txt of someone/stories: .* needs a login") as raised:
        run("download-corpus", "--settings", hub_settings(hub, paths=["train.txt"]), "--out", tmp_path / "downloads")
    assert "\n" not in str(raised.value)


def test_tokenizers_are_trained_from_the_hub(hub, tmp_path):
    from gqvae.config import CountedTraining, load_corpus
    from gqvae.tokenizers.from_text import train_counted

    corpus = load_corpus(hub_settings(hub, paths=["train.txt"]))
    made = train_counted(corpus, CountedTraining(tokenizer="bpe", sizes=(270,)), tmp_path / "made")
    assert made[270].decode(made[270].encode("Story 1 was told.")) == "Story 1 was told."
    assert not (tmp_path / "made" / "counting").exists()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({}, "the key 'paths' is missing"),
        ({"paths": []}, "paths must have 1 or more entries"),
        ({"paths": ["../x.txt"]}, r"'\.\./x\.txt' is no path in a dataset"),
        ({"paths": ["/x.txt"]}, "'/x.txt' is no path in a dataset"),
        ({"paths": ["x.txt"], "test_paths": ["x.txt"]}, "a path is given twice"),
        ({"paths": ["x.txt"], "sha256": {"y.txt": "0" * 64}}, "sha256 names 'y.txt'"),
        ({"paths": ["x.txt"], "sha256": {"x.txt": "0"}}, "sha256.x.txt"),
        ({"paths": ["x.txt"], "revision": "main"}, "revision must match the pattern"),
        ({"paths": ["x.txt"], "dataset": "a/b/c"}, "dataset must match the pattern"),
        ({"paths": ["x.txt"]}, r"someone/stories is read from downloaded files: run `gqvae download-corpus`"),
    ],
)
def test_bad_settings_of_the_hub_are_one_sentence(changes, sentence, hub, tmp_path):
    with pytest.raises(UserError, match=sentence) as raised:
        run("prepare-corpus", "--settings", hub_settings(hub, **changes), "--out", tmp_path / "corpus")
    assert "\n" not in str(raised.value)


def test_a_missing_download_is_named(hub, tmp_path):
    with pytest.raises(UserError, match=r"train\.txt does not exist: run `gqvae download-corpus --out"):
        run(
            "prepare-corpus", "--settings", hub_settings(hub, paths=["train.txt"]), "--downloads", tmp_path, "--out", tmp_path / "c"
        )  # fmt: skip


def test_the_study_of_stories_for_everyone_reads_the_official_file(hub, tmp_path, monkeypatch):
    """From a server that holds another file under its name: what its settings say is asked for, and the pin refuses it."""
    from gqvae.config import Study, load_settings
    from gqvae.corpus.pinned import TINYSTORIES
    from gqvae.corpus.sources import dataset_of

    study = load_settings(Study, str(Path(__file__).parents[2] / "configs" / "tinystories.yaml"))
    assert dataset_of(study.corpus) == TINYSTORIES._replace(files=TINYSTORIES.files[:1])
    prefix = f"/datasets/{TINYSTORIES.repository}/resolve/{TINYSTORIES.revision}/"
    hub.files = {"TinyStories-valid.txt": b"".join(b"A story, number %d.\n<|endoftext|>\n" % i for i in range(500))}
    hub.prefix = prefix
    with pytest.raises(UserError, match=r"announces TinyStories-valid\.txt with SHA-256 .*, not the pinned 94e431816c4cce81"):
        run("download-corpus", "--settings", study.corpus.canonical(), "--out", tmp_path / "downloads")
    digest = hub.dataset().files[0].sha256
    served = study.corpus.model_copy(update={"sha256": {"TinyStories-valid.txt": digest}}).canonical()
    run("download-corpus", "--settings", served, "--out", tmp_path / "downloads")
    run("prepare-corpus", "--settings", served, "--downloads", tmp_path / "downloads", "--out", tmp_path / "corpus")
    sizes = {split: len(DocumentStore.open(tmp_path / "corpus", split)) for split in SPLITS}
    assert sum(sizes.values()) == 500 and 0 < sizes["valid"] < sizes["test"] < 50
    assert hub.requests == [*2 * ["HEAD TinyStories-valid.txt"], "GET TinyStories-valid.txt"]


def test_the_study_of_stories_for_everyone_has_the_settings_of_the_sample():
    from gqvae.config import Study, load_settings

    configs = Path(__file__).parents[2] / "configs"
    one, other = (load_settings(Study, str(configs / f"{name}.yaml")) for name in ("tinystories", "tinystories-sample"))
    assert one.model_dump(exclude={"study", "corpus"}) == other.model_dump(exclude={"study", "corpus"})


def test_other_sources_are_not_downloaded(tmp_path):
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
