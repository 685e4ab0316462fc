"""`benchmarks/encoding.py`: a process measures one row, its table holds every ratio, and other ids stop a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import encoding
import pytest
from encoding_report import COLUMNS, tables
from measuring import write_rows
from peers import KINDS, PEERS, python_path, title

from gqvae.corpus.pretokenizers.gpt2 import PRETOKENIZER
from gqvae.corpus.pretokens import count_pretokens
from gqvae.tokenizers.bpe import train_bpe
from gqvae.tokenizers.pathpiece import PathPieceTokenizer

STORY = "Once upon a time, there was a café. " * 20


def row(name: str, repetition: int, seconds: float, threads: int = 1, **others: Any) -> dict[str, Any]:
    times = {f"{stage}{unit}": seconds for stage in ("load", "cold", "warm", "decode") for unit in ("_s", "_cpu_s")}
    facts = {"bytes": 2_000_000, "documents": 3, "tokens": 9, "ids": "a", "text_mb": 20.0, "peak_mb": 50.0}
    return {
        "tokenizer": name,
        "threads": threads,
        "text": "corpus",
        "repetition": repetition,
        "cache": "",
        **facts,
        **times,
        **others,
    }


def test_a_row_is_measured_in_a_process(tmp_path: Path) -> None:
    (tmp_path / "corpus.txt").write_text(f"{STORY}\0{STORY}", encoding="utf-8")
    train_bpe(count_pretokens([STORY.encode()]), 270).save(tmp_path / "bpe")
    one = encoding.run("bpe", tmp_path, "corpus", 1, seconds=0.0)
    assert one["documents"] == 2 and one["bytes"] == 2 * len(STORY.encode()) and one["tokens"] > 0
    assert one["cold_cpu_s"] > 0 and one["warm_s"] > 0 and one["peak_mb"] >= one["text_mb"] > 0
    assert set(one) <= set(COLUMNS)
    stream = encoding.run("bpe", tmp_path, "corpus", 1, seconds=0.0, empty=True)
    assert stream["cache"] == "empty" and "warm_s" not in stream


def test_what_cannot_be_loaded_is_told_for_exported_files_only(tmp_path: Path) -> None:
    (tmp_path / "corpus.txt").write_text(STORY, encoding="utf-8")
    (tmp_path / "exported" / "bpe").mkdir(parents=True)
    (tmp_path / "exported" / "bpe" / "tokenizer.json").write_text("{}", encoding="utf-8")
    assert encoding.run("exported_bpe", tmp_path, "corpus", 1, seconds=0.0)["error"]
    with pytest.raises(SystemExit, match="hf_bpe failed"):
        encoding.run("hf_bpe", tmp_path, "corpus", 1, seconds=0.0)


def test_each_version_of_a_library_gets_the_export_that_it_reads(tmp_path: Path) -> None:
    (tmp_path / "corpus.txt").write_text(STORY, encoding="utf-8")
    encoding.export_for_versions(train_bpe(count_pretokens([STORY.encode()]), 261), tmp_path, "bpe")
    old, new = (json.loads((tmp_path / place / "bpe" / "tokenizer.json").read_text()) for place in ("exported", "exported-1"))
    assert old["model"] == new["model"] and PRETOKENIZER.published == new["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"]
    places = {(kind.library, kind.files.partition("/")[0]) for kind in KINDS.values() if kind.label.endswith("exported")}
    assert places == {("tokenizers", "exported"), ("tokenizers_1", "exported-1")}


def test_a_vocabulary_that_version_1_cannot_have_is_a_row_that_says_why(tmp_path: Path) -> None:
    encoding.export_for_versions(PathPieceTokenizer([" é".encode(), "e…".encode()], 259), tmp_path, "pathpiece")
    assert (tmp_path / "exported" / "pathpiece" / "tokenizer.json").exists()
    said = encoding.run("exported_pathpiece_1", tmp_path, "corpus", 1, seconds=0.0)["error"]
    assert "Characters of 2 and of 3 bytes occur inside tokens alone, which tokenizers 1 cannot" in said


def test_ratios_are_taken_within_a_repetition(tmp_path: Path) -> None:
    rows = [
        row("bpe", 0, 1.0),
        row("hf_bpe", 0, 8.0),
        row("bpe", 1, 2.0),
        row("hf_bpe", 1, 12.0),
        row("hf_bpe", 0, 5.0, threads=2),
    ]
    rows += [row("bpe", 0, 4.0, cache="empty", warm_s=None, warm_cpu_s=None)]
    rows += [
        {"tokenizer": "exported_bpe", "threads": 1, "text": "corpus", "repetition": 0, "cache": "", "error": "no such model"}
    ]
    write_rows(tmp_path / "a.csv", COLUMNS, rows)
    found = tables(tmp_path / "a.csv")
    assert f"| {title('bpe')} | 7 [6–8] |" in found
    assert f"| {title('hf_bpe')} | 1 [1–1] |" in found
    assert f"| {title('hf_bpe')} | 1.6 [1.6–1.6] | 1.6" in found  # two threads against one
    assert f"| {title('bpe')} | 1.5 [1–2] | 1.5 [1–2] | 4.00 | 4.00 | 30 |" in found
    assert "exported: cannot be loaded (no such model)" in found


def test_other_ids_stop_a_run() -> None:
    encoding.same_ids(
        [row("bpe", 0, 1.0), row("tiktoken", 0, 1.0), row("sp_bpe", 0, 1.0, ids="b"), row("neural", 0, 1.0, ids="c")]
    )
    with pytest.raises(SystemExit, match="tiktoken gives other ids than bpe"):
        encoding.same_ids([row("bpe", 0, 1.0), row("tiktoken", 0, 1.0, ids="b")])


def test_every_peer_is_pinned_and_seen_by_its_own_rows_only() -> None:
    assert all(requirement.count("==") == 1 for requirement in PEERS.values())
    assert {kind.library for kind in KINDS.values()} == {"ours", "tokenizers", "sentencepiece", *PEERS}
    assert python_path("ours") == python_path("tokenizers") == []
    assert len(python_path("tiktoken")) == 1
