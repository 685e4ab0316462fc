"""The sentence is chosen by a rule, and its tokens, joined, are the sentence, through the table and back."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import external_files as files
from gqvae.cli import main
from gqvae.corpus.pretokens import PretokenCounts, count_pretokens
from gqvae.measures.segmentations import LONGEST, segmented, sentence
from gqvae.study.columns import SEGMENTATIONS
from gqvae.study.tables import read_table, write_table
from gqvae.tokenizers.base import Tokenizer
from gqvae.tokenizers.byte_level import to_bytes
from gqvae.tokenizers.bytes import BytesTokenizer
from gqvae.tokenizers.external import read_external

COMMON = "The little fox walked to the river and went home."  # 49 bytes, and every word is common
TRAINING = count_pretokens([COMMON.encode()] * 10)
HOSTILE = ["", " ", "Grünkohl, “für”\r\n😀 a\u0301 \x00", "null", "a,b\"c'", "NaN  ", "中文。日本語", "\u2028\ufeff"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"{COMMON} The little fox walked to the river and went astray.", "The little fox walked to the river and went astray."),
        (f"{COMMON}\nThe river went to the little fox and walked 1999 home.", COMMON),  # a number is no word
        (f"Short. {COMMON}", COMMON),
        ("“The little fox walked to the zoo and went home?” Short.", "“The little fox walked to the zoo and went home?”"),
        ("x = 3.5 * some_function(of, many, arguments)  \ny = 4", "x = 3.5 * some_function(of, many, arguments)"),
        ("狐狸慢慢走到河边，然后回家了。青蛙对狐狸说你好。", "狐狸慢慢走到河边，然后回家了。"),
        ("Short. Text.", "Short. Text."),
        ("x" * 69 + "ü" + " and no end", "x" * 69),  # not half a letter
        ("", ""),
    ],
)
def test_the_first_sentence_of_the_length_with_a_rare_word(text: str, found: str) -> None:
    chosen = sentence([text.encode()], TRAINING)
    assert chosen == found


def test_a_word_is_rare_by_its_count_in_the_training_text() -> None:
    documents = [COMMON.encode(), f"{COMMON[:-5]}again.".encode()]
    assert sentence(documents, count_pretokens([COMMON.encode()] * 10)) == documents[1].decode()
    assert sentence(documents, count_pretokens([COMMON.encode()] * 9)) == COMMON
    assert sentence(documents, count_pretokens([b"".join(documents)] * 10)) == COMMON


def test_without_documents_of_use_the_text_is_its_beginning() -> None:
    assert sentence([b"", b"ab", b"cd"], TRAINING) == "ab"
    assert len(sentence(["ä".encode() * 500], TRAINING).encode()) == LONGEST


@pytest.mark.parametrize("text", HOSTILE)
def test_tokens_joined_are_the_text_through_the_table_and_back(
    text: str, tokenizers: dict[str, Tokenizer], tmp_path: Path
) -> None:
    rows = [{"arm": name, "seed": None, **segmented(tokenizer, text)} for name, tokenizer in tokenizers.items()]
    write_table(pd.DataFrame(rows), tmp_path / "tables", "segmentations")
    table = read_table(tmp_path / "tables", "segmentations")
    for row, tokenizer in zip(table.to_dict("records"), tokenizers.values(), strict=True):
        tokens = [to_bytes(token) for token in row["segmentation"].split(" ")] if text else []
        assert b"".join(tokens) == text.encode() and len(tokens) == row["tokens"] == len(tokenizer.encode(text))
        assert row["vocab_size"] == tokenizer.vocab_size and all(len(token) < len(text.encode()) + 1 for token in tokens)


@pytest.mark.parametrize("text", ["a cab", " a cab"])
def test_a_blank_that_another_tokenizer_adds_is_no_part_of_the_sentence(text: str, tmp_path: Path) -> None:
    tokenizer = read_external(files.byte_level(tmp_path / "tokenizer.json", prefix=True))
    assert tokenizer.prefix == b" "
    row = segmented(tokenizer, text)
    assert b"".join(map(to_bytes, row["segmentation"].split(" "))) == text.encode()
    assert row["tokens"] == len(tokenizer.encode(text))


def test_it_is_a_command(counts: PretokenCounts, tokenizers: dict[str, Tokenizer], tmp_path: Path) -> None:
    settings = '{"source": "synthetic", "bytes": 30000, "valid_fraction": 0.1, "test_fraction": 0.1}'
    assert main(["prepare-corpus", "--settings", settings, "--out", str(tmp_path / "corpus")]) == 0
    counts.save(tmp_path / "pretokens" / "train.npz")
    tokenizers["neural"].save(tmp_path / "tokenizers" / "gqvae-s1" / "v280")
    BytesTokenizer().save(tmp_path / "tokenizers" / "bytes" / "v257")
    folders = [str(tmp_path / "tokenizers" / name) for name in ("bytes/v257", "gqvae-s1/v280")]
    where = ["--corpus", str(tmp_path / "corpus"), "--pretokens", str(tmp_path / "pretokens")]
    out = tmp_path / "tables" / "segmentations.csv"
    assert main(["segment-sentence", "--tokenizers", *folders, *where, "--out", str(out)]) == 0
    assert out.read_text(encoding="utf-8").splitlines()[0] == ",".join(SEGMENTATIONS)
    plain, learned = read_table(tmp_path / "tables", "segmentations").to_dict("records")
    texts = {b"".join(map(to_bytes, row["segmentation"].split(" "))).decode() for row in (plain, learned)}
    assert len(texts) == 1 and texts.pop() in (tmp_path / "corpus" / "test.txt").read_text(encoding="utf-8")
    assert (plain["arm"], learned["arm"], learned["seed"]) == ("bytes", "gqvae", 1) and pd.isna(plain["seed"])
    assert learned["tokens"] < plain["tokens"]
