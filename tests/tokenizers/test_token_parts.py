"""Text in shards: the token files of all shards, joined, are those of one job."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gqvae.corpus.documents import Shard
from gqvae.corpus.pretokens import PretokenCounts
from gqvae.errors import UserError
from gqvae.jobs.tokenizers import merge_tokens
from gqvae.tokenizers.base import Tokenizer
from gqvae.tokenizers.bpe import train_bpe
from gqvae.tokenizers.bytes import BytesTokenizer
from gqvae.tokenizers.encode import encode_corpus
from small_corpus import DOCUMENTS, contents, write_corpus

TEXTS = st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12).map(str.encode), max_size=9)


def encoded(tokenizer: Tokenizer, corpus: Path, out: Path, shards: int) -> list[Path]:
    """The folders with the tokens of every shard."""
    parts = [out / f"{number}-of-{shards}" for number in range(1, shards + 1)]
    for number, part in enumerate(parts, start=1):
        encode_corpus(tokenizer, "digest", corpus, part, Shard(number, shards))
    return parts


def merge(parts: list[Path], corpus: Path, out: Path) -> None:
    merge_tokens(argparse.Namespace(parts=parts, corpus=corpus, out=out))


def check_merged_is_whole(tokenizer: Tokenizer, corpus: Path, out: Path, shards: int) -> None:
    encode_corpus(tokenizer, "digest", corpus, out / "whole")
    merge(encoded(tokenizer, corpus, out, shards), corpus, out / "merged")
    assert contents(out / "merged") == contents(out / "whole")
    assert len(contents(out / "whole")) == 7


@given(TEXTS, TEXTS, st.integers(1, 12))
@settings(deadline=None, max_examples=40)
def test_merged_tokens_are_those_of_the_whole_text(
    tmp_path_factory: pytest.TempPathFactory, counts: PretokenCounts, train: list[bytes], test: list[bytes], shards: int
) -> None:
    folder = tmp_path_factory.mktemp("tokens")
    corpus = write_corpus(folder / "corpus", train=train, test=test)
    check_merged_is_whole(train_bpe(counts, 280), corpus, folder, shards)


@pytest.mark.parametrize("shards", [2, 3, 7])
def test_tokens_of_every_kind_are_the_same_in_shards(tmp_path: Path, tokenizers: dict[str, Tokenizer], shards: int) -> None:
    corpus = write_corpus(tmp_path / "corpus", **DOCUMENTS)
    for kind, tokenizer in tokenizers.items():
        check_merged_is_whole(tokenizer, corpus, tmp_path / kind, shards)


def test_a_job_that_uses_kernels_and_shards_that_do_not_agree(tmp_path: Path, counts: PretokenCounts) -> None:
    corpus = write_corpus(tmp_path / "corpus", **{split: texts * 3000 for split, texts in DOCUMENTS.items()})
    check_merged_is_whole(train_bpe(counts, 280), corpus, tmp_path, 5)


def test_parts_of_another_order_division_or_tokenizer_are_refused(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "corpus", **DOCUMENTS)
    one, two = encoded(BytesTokenizer(), corpus, tmp_path, 2)
    encode_corpus(BytesTokenizer(), "other digest", corpus, tmp_path / "other", Shard(2, 2))
    for wrong, message in (
        ([two, one], r"2-of-2/tokens\.json does not describe shard 1 of 2"),
        ([one], "does not describe shard 1 of 1"),
        ([one, tmp_path / "other"], "not encoded by the same tokenizer"),
        ([one, tmp_path / "none"], r"none/tokens\.json does not exist"),
    ):
        with pytest.raises(UserError, match=message):
            merge(wrong, corpus, tmp_path / "merged")
    assert not (tmp_path / "merged" / "tokens.json").exists()


def test_damage_of_parts_and_of_text_is_found(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "corpus", **DOCUMENTS)
    parts = encoded(BytesTokenizer(), corpus, tmp_path, 2)
    for path in (parts[1] / "train.bin", parts[0] / "test.offsets.npy", corpus / "train.txt"):
        content = path.read_bytes()
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))  # of the same size
        with pytest.raises(UserError, match=f"{path} is damaged"):
            merge(parts, corpus, tmp_path / "merged")
        path.write_bytes(content)
    assert not (tmp_path / "merged" / "tokens.json").exists()


def test_documents_are_numbered_in_the_whole_split(tmp_path: Path) -> None:
    class Lossy(BytesTokenizer):
        def encode_batches(self, documents, threads=1):
            return super().encode_batches((document[1:] for document in documents), threads)

    corpus = write_corpus(tmp_path / "corpus", train=[b"aa", b"bb", b"cc", b"dd"])
    with pytest.raises(UserError, match="document 2 of train stand for 1 bytes"):
        encode_corpus(Lossy(), "digest", corpus, tmp_path / "out", Shard(2, 2))
