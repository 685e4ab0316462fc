"""Bad input ends in one sentence and exit code 2; the command line stays light; `--log` keeps what was said."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from gqvae import cli
from gqvae.cli import main
from gqvae.corpus.pretokens import PretokenCounts
from gqvae.jobs import project

COUNTS = PretokenCounts([b" the", b" cat", b" walked", b" walking"], np.array([50, 20, 10, 8]))


@pytest.fixture
def pretokens(tmp_path: Path) -> Path:
    folder = tmp_path / "pretokens"
    folder.mkdir()
    for split in ("train", "valid", "test"):
        COUNTS.save(folder / f"{split}.npz")
    return folder


def complaint(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """What `gqvae` says when it refuses: one line that ends as a sentence."""
    capsys.readouterr()
    assert main([str(argument) for argument in arguments]) == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if "gqvae: error:" in line]
    assert len(lines) == 1 and lines[0].endswith(".")
    return lines[0]


def text_settings(path: Path) -> str:
    return json.dumps({"source": "text", "path": str(path)})


def test_a_missing_corpus_file_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    said = complaint(capsys, "prepare-corpus", "--settings", text_settings(tmp_path / "no.txt"), "--out", tmp_path / "corpus")
    assert "no.txt" in said


@pytest.mark.parametrize("content", [b"", b"\n\n", b"One document only.\n"])
def test_an_empty_or_one_document_corpus_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "stories.txt"
    path.write_bytes(content)
    assert "document" in complaint(capsys, "prepare-corpus", "--settings", text_settings(path), "--out", tmp_path / "corpus")
    assert not (tmp_path / "corpus" / "corpus.json").exists()


def test_invalid_utf8_is_refused_with_its_place(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "stories.txt"
    path.write_bytes(b"fine\n<|endoftext|>\nnot \xff fine\n<|endoftext|>\n")
    said = complaint(capsys, "prepare-corpus", "--settings", text_settings(path), "--out", tmp_path / "corpus")
    assert "UTF-8" in said and "stories.txt" in said


def test_an_unknown_key_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    said = complaint(capsys, "prepare-corpus", "--settings", '{"source": "synthetic", "size": 5}', "--out", tmp_path)
    assert "size" in said


@pytest.mark.parametrize("size", [100, 256, 257])
def test_a_vocabulary_smaller_than_the_bytes_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, pretokens: Path, size: int
) -> None:
    settings = json.dumps({"tokenizer": "bpe", "sizes": [size]})
    counts = pretokens / "train.npz"
    said = complaint(capsys, "train-counted", "--settings", settings, "--pretokens", counts, "--out", tmp_path / "out")
    assert str(size) in said


@pytest.mark.parametrize("tokenizer", ["bpe", "unigram", "dictionary"])
def test_a_vocabulary_larger_than_the_corpus_supports_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, pretokens: Path, tokenizer: str
) -> None:
    settings = json.dumps({"tokenizer": tokenizer, "sizes": [5000]})
    counts = pretokens / "train.npz"
    said = complaint(capsys, "train-counted", "--settings", settings, "--pretokens", counts, "--out", tmp_path / "out")
    assert "vocabulary size 5000 is more than the corpus supports" in said


@pytest.mark.parametrize("size", [100, 257])
def test_distillation_refuses_a_vocabulary_smaller_than_the_bytes(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, pretokens: Path, size: int
) -> None:
    settings = json.dumps({"sizes": [size]})
    said = complaint(
        capsys,
        "make-tokenizers",
        "--settings",
        settings,
        "--trained",
        tmp_path,
        "--pretokens",
        pretokens,
        "--out",
        tmp_path / "t",
    )
    assert "sizes" in said and str(size) in said


@pytest.mark.parametrize(
    "arguments", [("train-lm", "--train-bytes", "0"), ("train-network", "--seed", "-1"), ("train-network", "--threads", "x")]
)
def test_numbers_out_of_range_are_usage_errors(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(list(arguments))
    assert stopped.value.code == 2
    assert f"argument {arguments[1]}: {arguments[2]!r} is not a whole number of" in capsys.readouterr().err


def test_a_path_that_cannot_be_used_is_one_sentence(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert "Is a directory" in complaint(capsys, "train-counted", "--settings", "/", "--pretokens", tmp_path, "--out", tmp_path)
    (tmp_path / "file").touch()
    complaint(capsys, "make-bytes", "--out", tmp_path / "file")
    complaint(capsys, "--log", tmp_path / "file" / "x.log", "make-bytes", "--out", tmp_path / "out")


def test_check_config_prints_the_name_or_says_what_is_wrong(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text("study: mine\n")
    assert main(["check-config", str(path)]) == 0
    assert capsys.readouterr().out == "mine\n"
    assert "missing.yaml" in complaint(capsys, "check-config", tmp_path / "missing.yaml")
    path.write_text("\n")
    assert "study.yaml is empty" in complaint(capsys, "check-config", path)
    path.write_text("study: [\n")
    assert "study.yaml is not YAML" in complaint(capsys, "check-config", path)
    path.write_text("corpus: {source: synthetic, bytes: 1000}\n")
    assert "train_bytes asks for" in complaint(capsys, "check-config", path)


def test_sigterm_leaves_nothing_half_written(tmp_path: Path) -> None:
    out = tmp_path / "corpus"
    settings = '{"source": "synthetic", "bytes": 400000000}'
    with subprocess.Popen(
        [sys.executable, "-m", "gqvae", "prepare-corpus", "--settings", settings, "--out", str(out)]
    ) as process:
        deadline = time.monotonic() + 60
        while not list(out.glob(".*.tmp")) and time.monotonic() < deadline:
            time.sleep(0.05)
        process.terminate()
    assert process.returncode == 143
    assert list(out.glob(".*.tmp")) == []


@pytest.mark.parametrize("target", [0, -1.5])
def test_a_target_that_is_not_positive_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, pretokens: Path, target: float
) -> None:
    settings = json.dumps({"sizes": [300], "tokens_per_pretoken": target})
    said = complaint(
        capsys, "make-tokenizers", "--settings", settings, "--trained", tmp_path, "--pretokens", pretokens, "--out", tmp_path / "out"
    )  # fmt: skip
    assert "tokens_per_pretoken" in said and str(target) in said


def test_weights_of_another_network_are_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path, pretokens: Path) -> None:
    settings = {
        "network": {"width": 16, "head_width": 8, "codebook_size": 8},
        "training": {"steps": 2, "batch_pretokens": 8, "unquantized_steps": 1},
    }
    out = tmp_path / "network"
    assert main(
        ["train-network", "--settings", json.dumps(settings), "--pretokens", str(pretokens), "--out", str(out), "--state", str(tmp_path / "s")]
    ) == 0  # fmt: skip
    description = json.loads((out / "network.json").read_text())
    description["network"]["width"] = 32
    del description["description_sha256"]  # as of an earlier version
    (out / "network.json").write_text(json.dumps(description))
    said = complaint(
        capsys,
        "make-tokenizers",
        "--settings",
        '{"sizes": [260]}',
        "--trained",
        out,
        "--pretokens",
        pretokens,
        "--out",
        tmp_path / "t",
    )
    assert "network.safetensors does not hold this network" in said


def test_a_full_disk_is_one_sentence_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    """A file-size limit stands in for the full disk: to the process the two differ in one error number."""
    out = tmp_path / "corpus"
    ran = subprocess.run(
        [
            sys.executable,
            "-m",
            "gqvae",
            "prepare-corpus",
            "--settings",
            '{"source": "synthetic", "bytes": 400000}',
            "--out",
            str(out),
        ],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 2
    assert ran.stderr.count("gqvae: error:") == 1 and "space" in ran.stderr
    assert not list(out.glob("*")) if out.exists() else True


def test_memory_is_given_back_before_the_want_of_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def starved(arguments: object) -> None:
        raise MemoryError

    left = []
    monkeypatch.setattr(cli, "_reserve", bytearray(1))
    monkeypatch.setattr(cli.logger, "error", lambda *line: left.append(len(cli._reserve)))
    monkeypatch.setattr(project, "check_config", starved)
    assert main(["check-config", "any.yaml"]) == 2 and left == [0]


def test_the_log_file_keeps_what_was_said(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "x.log"
    arguments = ["count-pretokens", "--corpus", str(tmp_path / "none"), "--out", str(tmp_path)]
    assert main(["--log", str(log), *arguments]) == 2
    assert "gqvae: error:" in log.read_text()


def test_help_needs_no_heavy_library() -> None:
    code = (
        "import sys, gqvae.cli; gqvae.cli.build_parser(); "
        "print([name for name in ('torch', 'lightning', 'pandas', 'matplotlib', 'sentencepiece') if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "verb", ["train-network", "train-counted", "match-compression", "train-lm", "prepare-corpus", "plot", "collect"]
)
def test_every_verb_shows_an_example(capsys: pytest.CaptureFixture[str], verb: str) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([verb, "--help"])
    assert stopped.value.code == 0
    assert f"gqvae {verb}" in " ".join(capsys.readouterr().out.split("example", 1)[1].split())
