"""Text in shards: the counts of all shards, added, are those of one job."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gqvae.corpus.documents import DocumentStore, Shard
from gqvae.corpus.pretokens import PretokenCounts, count_pretokens
from gqvae.errors import UserError
from gqvae.verbs import corpus as verbs
from gqvae.verbs.parsers import run_verb
from small_corpus import DOCUMENTS, contents, write_corpus

WORDS = st.text(st.sampled_from(list("ab é漢🙂\n1'")) | st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
TEXTS = st.lists(WORDS.map(str.encode), max_size=9)


def run(*arguments: object) -> None:
    parser = argparse.ArgumentParser(prog="gqvae")
    verbs.add_parsers(parser.add_subparsers())
    run_verb(parser.parse_args([str(argument) for argument in arguments]))


def counted(corpus: Path, out: Path, shards: int) -> list[Path]:
    """The folders with the counts of every shard."""
    parts = [out / f"{number}-of-{shards}" for number in range(1, shards + 1)]
    for number, part in enumerate(parts, start=1):
        run("count-pretokens", "--corpus", corpus, "--shard", f"{number}/{shards}", "--out", part)
    return parts


@given(TEXTS, st.integers(1, 12))
@example([b"a" * 100, b"b", b"c"], 3)
def test_shards_are_the_documents_in_order_balanced_by_bytes(documents: list[bytes], shards: int) -> None:
    offsets = np.cumsum([0, *map(len, documents)], dtype=np.int64)
    store = DocumentStore(b"".join(documents), offsets, "digest")
    parts = [store.shard(Shard(number, shards)) for number in range(1, shards + 1)]
    assert [document for part in parts for document in part] == documents
    assert [size for part in parts for size in part.sizes] == [*map(len, documents)]
    longest = max(map(len, documents), default=0)
    for done, part in zip(np.cumsum([0, *map(len, parts)]), parts, strict=False):
        assert part.first == done and part.total_bytes == sum(part.sizes) <= store.total_bytes / shards + longest
        assert len([*part]) == len(part)


@given(TEXTS, st.integers(1, 12))
@settings(deadline=None, max_examples=40)
def test_merged_counts_are_those_of_the_whole_text(
    tmp_path_factory: pytest.TempPathFactory, documents: list[bytes], shards: int
) -> None:
    folder = tmp_path_factory.mktemp("counts")
    store = DocumentStore(b"".join(documents), np.cumsum([0, *map(len, documents)], dtype=np.int64), "digest")
    count_pretokens(documents).save(folder / "whole.npz")
    PretokenCounts.merge(count_pretokens(store.shard(Shard(number, shards))) for number in range(1, shards + 1)).save(
        folder / "merged.npz"
    )
    assert (folder / "merged.npz").read_bytes() == (folder / "whole.npz").read_bytes()


@pytest.mark.parametrize("shards", [2, 3, 7])
def test_counting_in_shards_writes_the_same_files(tmp_path: Path, shards: int) -> None:
    corpus = write_corpus(tmp_path / "corpus", **DOCUMENTS)
    run("count-pretokens", "--corpus", corpus, "--out", tmp_path / "whole")
    run("merge-counts", "--corpus", corpus, "--parts", *counted(corpus, tmp_path, shards), "--out", tmp_path / "merged")
    assert contents(tmp_path / "merged") == contents(tmp_path / "whole") != {}


def test_parts_of_another_order_or_division_are_refused(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "corpus", **DOCUMENTS)
    first, second = counted(corpus, tmp_path, 2)
    for wrong in ([second, first], [first]):
        with pytest.raises(UserError, match=rf"{wrong[0].name}/train\.npz does not count shard 1 of"):
            run("merge-counts", "--corpus", corpus, "--parts", *wrong, "--out", tmp_path / "pretokens")


def test_damaged_text_is_found_when_counts_are_added(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "corpus", **DOCUMENTS)
    text = (corpus / "train.txt").read_bytes()
    (corpus / "train.txt").write_bytes(b"T" + text[1:])  # of the same size
    with pytest.raises(UserError, match=r"train\.txt is damaged"):
        run("merge-counts", "--corpus", corpus, "--parts", *counted(corpus, tmp_path, 2), "--out", tmp_path / "merged")
    (corpus / "train.txt").write_bytes(text[:-1])
    with pytest.raises(UserError, match=r"train\.txt is missing or does not have the \d+ bytes"):
        counted(corpus, tmp_path / "again", 2)


def test_counts_of_different_pretokenizers_are_not_added() -> None:
    parts = [PretokenCounts([b"a"], np.array([1]), name) for name in ("gpt2", "other")]
    with pytest.raises(UserError, match=r"different pre-tokenizers \(gpt2, other\)"):
        PretokenCounts.merge(parts)


@pytest.mark.parametrize("shard", ["0/2", "3/2", "2", "a/b", "1/0", "/2"])
def test_a_wrong_shard_is_refused(shard: str, tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        run("count-pretokens", "--corpus", tmp_path, "--shard", shard, "--out", tmp_path)
