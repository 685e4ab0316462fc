"""`gqvae tokenizer …`, as a person runs it: from a text file to ids and back."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tokenizers as huggingface

from documented import blocks, run_commands
from gqvae import Tokenizer, load_tokenizer
from gqvae.cli import main
from gqvae.config import END_OF_DOCUMENT, NetworkRun
from gqvae.corpus.pretokenizers.gpt2 import PRETOKENIZER
from gqvae.tokenizers.bytes import BytesTokenizer

TINY = {
    "network": {"width": 32, "encoder_layers": 1, "gater_layers": 1, "decoder_layers": 1, "codebook_size": 256},
    "training": {"steps": 40, "unquantized_steps": 20, "batch_pretokens": 64, "measure_every": 20},
}
TEXT = "The fox wasn't here.\n\nIt said: “<|endoftext|> is text” — 12 é\r\n"


def run(*arguments: object) -> None:
    assert main(["tokenizer", *map(str, arguments)]) == 0


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert main(["tokenizer", *map(str, arguments)]) == 2
    (sentence,) = [line for line in capsys.readouterr().err.splitlines() if "error" in line]
    return sentence


@pytest.fixture(scope="module")
def mine(stories: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("tokenizer") / "mine"
    run("train", "--text", stories, "--vocab-size", 320, "--settings", json.dumps(TINY), "--out", out)
    return out


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "text.txt"
    path.write_bytes(TEXT.encode())
    return path


def test_one_folder_loads_everywhere_with_the_same_ids(mine: Path) -> None:
    transformers = pytest.importorskip("transformers")
    tokenizer: Tokenizer = load_tokenizer(mine)
    assert tokenizer.encoder == "distilled" and 257 < tokenizer.vocab_size <= 320
    ids = tokenizer.encode(TEXT)
    assert huggingface.Tokenizer.from_file(str(mine / "tokenizer.json")).encode(TEXT).ids == ids
    assert transformers.AutoTokenizer.from_pretrained(mine, local_files_only=True)(TEXT)["input_ids"] == ids
    assert not (mine / "training").exists()


@pytest.mark.parametrize("form", ["text", "npy", "u16", "u32"])
@pytest.mark.parametrize("encoder", ["neural", "distilled"])
def test_ids_are_written_and_read_in_every_form(mine: Path, text: Path, tmp_path: Path, form: str, encoder: str) -> None:
    ids, back = tmp_path / f"ids.{form.replace('text', 'txt')}", tmp_path / "back.txt"
    run("encode", "--tokenizer", mine, "--encoder", encoder, text, "--out", ids)
    expected = next(one for one in load_tokenizer(mine).encoders() if one.encoder == encoder).encode(TEXT)
    if form == "npy":
        assert np.load(ids).tolist() == expected
    elif form == "text":
        assert list(map(int, ids.read_text().split())) == expected
    else:
        assert np.fromfile(ids, {"u16": "<u2", "u32": "<u4"}[form]).tolist() == expected
    run("decode", "--tokenizer", mine, ids, "--out", back)
    assert back.read_bytes() == TEXT.encode()


def test_compressed_ids_are_read(mine: Path, text: Path, tmp_path: Path) -> None:
    run("encode", "--tokenizer", mine, text, "--out", tmp_path / "ids.npy")
    (tmp_path / "ids.npy.gz").write_bytes(gzip.compress((tmp_path / "ids.npy").read_bytes()))
    run("decode", "--tokenizer", mine, tmp_path / "ids.npy.gz", "--out", tmp_path / "back.txt")
    assert (tmp_path / "back.txt").read_bytes() == TEXT.encode()


def test_pipes_and_threads(mine: Path, text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.BytesIO()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(TEXT.encode())))
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(out))
    run("encode", "--tokenizer", mine, "--format", "u16")
    assert np.frombuffer(out.getvalue(), "<u2").tolist() == load_tokenizer(mine).encode(TEXT)
    long = tmp_path / "long.txt"
    long.write_text(f"{TEXT} " * 100_000, encoding="utf-8", newline="")
    for threads in (1, 2):
        run("encode", "--tokenizer", mine, "--threads", threads, long, "--out", tmp_path / f"{threads}.u16")
    assert (tmp_path / "1.u16").read_bytes() == (tmp_path / "2.u16").read_bytes()


def test_documents_end_where_asked(mine: Path, stories: Path, tmp_path: Path) -> None:
    run("encode", "--tokenizer", mine, "--separator", "<|endoftext|>", stories, "--out", tmp_path / "ids.npy")
    documents = stories.read_bytes().split(b"\n<|endoftext|>\n")
    assert (np.load(tmp_path / "ids.npy") == END_OF_DOCUMENT).sum() == len(documents)
    run("decode", "--tokenizer", mine, "--separator", "<|endoftext|>", tmp_path / "ids.npy", "--out", tmp_path / "back.txt")
    assert (tmp_path / "back.txt").read_bytes() == stories.read_bytes() + b"\n<|endoftext|>\n"


def test_bytes_that_are_no_text_are_refused(mine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x").write_bytes(b"abc \xff")
    assert "is not UTF-8 at byte 4" in refused(capsys, "encode", "--tokenizer", mine, tmp_path / "x", "--out", tmp_path / "y")
    assert not (tmp_path / "y").exists()
    assert "does not exist" in refused(capsys, "encode", "--tokenizer", tmp_path, tmp_path / "x")


def test_an_empty_text_is_a_text(mine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").touch()
    run("encode", "--tokenizer", mine, tmp_path / "empty", "--out", tmp_path / "ids.npy")
    assert np.load(tmp_path / "ids.npy").tolist() == []


def test_what_is_no_regular_file_is_written_itself(mine: Path, text: Path, tmp_path: Path) -> None:
    link, target, pipe = tmp_path / "link", tmp_path / "target.u16", tmp_path / "pipe"
    link.symlink_to(target)
    run("encode", "--tokenizer", mine, text, "--format", "u16", "--out", link)
    assert link.is_symlink() and np.fromfile(target, "<u2").tolist() == load_tokenizer(mine).encode(TEXT)
    os.mkfifo(pipe)
    with subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE) as reader:
        run("encode", "--tokenizer", mine, text, "--format", "u16", "--out", pipe)
        found, _ = reader.communicate(timeout=60)
    assert pipe.is_fifo() and found == target.read_bytes()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["encode", "TEXT", "--out", ""], "nowhere to write to"),
        (["encode", "TEXT", "--out", "FOLDER"], "is a folder"),
        (["encode", "TEXT", "--format", "npy"], "give --out FILE"),
        (["encode", "NOWHERE"], "cannot be read"),
        (["encode", "TEXT", "--out", "ids.json"], "ids.json: .json says no form of ids: use .npy, .u16, .u32, .txt"),
        (
            ["encode", "TEXT", "--out", "ids.npy.gz", "--format", "npy"],
            "ids.npy.gz: what is written is not compressed: leave out .gz",
        ),
        (["decode", "ids.npz"], "ids.npz: .npz says no form of ids"),
        (["decode", "TEXT", "--out", "again.txt.XZ"], "what is written is not compressed: leave out .XZ"),
    ],
)
def test_bad_arguments_are_one_sentence(
    mine: Path, text: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    places = {"TEXT": str(text), "FOLDER": str(tmp_path), "NOWHERE": str(tmp_path / "nowhere")}
    verb, *rest = [places.get(argument, argument) for argument in arguments]
    assert message in refused(capsys, verb, "--tokenizer", mine, *rest)


def test_a_reader_that_has_seen_enough_is_no_error(mine: Path, tmp_path: Path) -> None:
    (tmp_path / "long").write_text("some words " * 200_000)
    command = f"{shlex.quote(sys.executable)} -m gqvae tokenizer encode --tokenizer {mine} {tmp_path / 'long'} | head -n 1"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, timeout=120)
    assert done.returncode == 141 and "rror" not in done.stderr and len(done.stdout.splitlines()) == 1


def test_inspect_counts_what_a_text_uses(mine: Path, text: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("inspect", "--tokenizer", mine, "--text", text, "--separator", "none", "--csv", tmp_path / "v.csv")
    tokenizer = load_tokenizer(mine)
    said = capsys.readouterr().out
    assert f"{tokenizer.vocab_size:,} ids" in said
    cuts = said.partition("Segmentations:\n")[2].splitlines()  # of the text's own lines
    assert cuts[0].strip().replace("|", "").replace("␣", " ") == "The fox wasn't here." and len(cuts) == 2
    with open(tmp_path / "v.csv", encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    ids = tokenizer.encode(TEXT)
    assert [int(row["count"]) for row in rows] == [ids.count(token) for token in range(tokenizer.vocab_size)]
    assert [int(row["bytes"]) for row in rows] == list(map(len, tokenizer.token_bytes))


def test_inspect_without_a_text_shows_the_tokenizers_own_strings(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("inspect", "--tokenizer", mine)
    shown = capsys.readouterr().out.partition("Some strings, from the first to the last id: ")[2].split()
    strings = [string.decode() for string in load_tokenizer(mine).strings]
    assert len(shown) == 12 and (shown[0], shown[-1]) == (strings[0].replace(" ", "␣"), strings[-1].replace(" ", "␣"))


def test_the_page_names_kind_and_size(mine: Path, tmp_path: Path) -> None:
    BytesTokenizer().save(tmp_path / "v2048")
    run("explore", "--tokenizers", mine, tmp_path / "v2048", "--out", tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert f'"mine (learned, V = {load_tokenizer(mine).vocab_size})"' in page and '"v2048 (bytes, V = 257)"' in page


def test_compare_measures_what_it_prints(mine: Path, text: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    BytesTokenizer().save(tmp_path / "bytes")
    run("compare", "--tokenizers", mine, tmp_path / "bytes", "--text", text, "--separator", "none", "--csv", tmp_path / "t.csv")
    with open(tmp_path / "t.csv", encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    names = [(row["tokenizer"], row["kind"], row["encoder"]) for row in rows]
    assert names == [("mine", "learned", "neural"), ("mine", "learned", "distilled"), ("bytes", "bytes", "")]
    assert float(rows[2]["bytes_per_token"]) == 1
    assert int(rows[1]["tokens"]) == len(load_tokenizer(mine).encode(TEXT))
    assert float(rows[1]["tokens_per_word"]) == pytest.approx(int(rows[1]["tokens"]) / len(TEXT.split()))
    neural, distilled = load_tokenizer(mine).encoders()
    pretokens = PRETOKENIZER.split(TEXT)
    differ = [neural.encode(pretoken) != distilled.encode(pretoken) for pretoken in pretokens]
    assert float(rows[0]["cut_otherwise"]) == pytest.approx(sum(differ) / len(pretokens)) and rows[1]["cut_otherwise"] == ""
    assert "bytes_per_token" in capsys.readouterr().out


def test_export_writes_what_training_wrote(mine: Path, tmp_path: Path) -> None:
    run("export", "--tokenizer", mine, "--out", tmp_path / "exported")
    assert (tmp_path / "exported" / "tokenizer.json").read_bytes() == (mine / "tokenizer.json").read_bytes()


def test_every_line_of_the_readme_runs(
    more_stories: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("transformers")
    from gqvae.training import default_run as module

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(module, "default_run", lambda size, steps: NetworkRun.model_validate(TINY))  # ten minutes otherwise
    (tmp_path / "stories.txt").write_bytes(more_stories.read_bytes())
    (tmp_path / "story.txt").write_bytes(TEXT.encode())
    lines, examples = [], 0
    for language, block in blocks("README.md", "sh", "python"):
        if language == "python":
            exec(block, {})
            examples += 1
        else:
            lines += run_commands(block)
    assert [line.split()[2] for line in lines] == [
        "train",
        "train",
        "encode",
        "decode",
        "compare",
        "explore",
        "export",
    ] and examples == 1
    # What the comments beside the commands say.
    assert (tmp_path / "again.txt").read_bytes() == TEXT.encode()
    assert {"bytes_per_token", "changed_by_typo", "warm_mb_per_s"} < set(capsys.readouterr().out.split())
    assert (tmp_path / "page.html").stat().st_size and (tmp_path / "exported" / "tokenizer.json").exists()
    (encode,) = [line for line in lines if line.split()[2] == "encode"]
    suffixes = re.findall(r"\.\w+", encode.partition("#")[2])
    assert suffixes == [".u16", ".u32", ".txt"]
    for suffix in suffixes:
        run("encode", "--tokenizer", "mine", "story.txt", "--out", f"ids{suffix}", "--threads", 2)
        run("decode", "--tokenizer", "mine", f"ids{suffix}", "--out", "back.txt")
        assert (tmp_path / "back.txt").read_bytes() == TEXT.encode()
