"""Tokenizers of other programs: the same ids as in their libraries, bytes of every token, and what does not come back."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import sentencepiece
import tokenizers as huggingface
from hypothesis import given, settings
from hypothesis import strategies as st

import external_files as files
from gqvae.config import END_OF_DOCUMENT
from gqvae.errors import UserError
from gqvae.tokenizers.base import load_tokenizer
from gqvae.tokenizers.encode import lost_bytes
from gqvae.tokenizers.external import ExternalTokenizer, is_external, load_any, read_external, source_file

MAKERS: dict[str, Callable[[Path], Path]] = {
    "byte_level.json": files.byte_level,
    "prefixed.json": lambda path: files.byte_level(path, prefix=True),
    "bpe_with_unknown.json": files.bpe_with_unknown,
    "wordpiece.json": files.wordpiece,
    "unigram.json": files.unigram,
    "llama.json": files.llama,
    "bpe.model": lambda path: files.sentencepiece_model(path, "bpe", lossless=False),
    "unigram.model": lambda path: files.sentencepiece_model(path, "unigram", lossless=False),
    "bpe_bytes.model": lambda path: files.sentencepiece_model(path, "bpe", lossless=True),
    "unigram_bytes.model": lambda path: files.sentencepiece_model(path, "unigram", lossless=True),
}
LOSSLESS = ("byte_level.json", "llama.json", "bpe_bytes.model", "unigram_bytes.model")
SAMPLES = (*files.TEXT[:1], " a blank first", "two  blanks \n", "ÀÉ ¿日本?", "<|endoftext|> x", "A")


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ExternalTokenizer]:
    folder = tmp_path_factory.mktemp("external")
    return {name: read_external(make(folder / name)) for name, make in MAKERS.items()}


def theirs(name: str, tokenizer: ExternalTokenizer, text: str, folder: Path) -> tuple[list[int], str]:
    """The ids and the decoded text of the library itself, from the file alone."""
    tokenizer.save(folder)
    if name.endswith(".model"):
        model = sentencepiece.SentencePieceProcessor(model_file=str(folder / "external.model"))
        return model.encode(text), model.decode(model.encode(text))
    library = huggingface.Tokenizer.from_file(str(folder / "tokenizer.json"))
    library.no_truncation()
    library.no_padding()
    ids = library.encode(text, add_special_tokens=False).ids
    return ids, library.decode(ids, skip_special_tokens=False)


def comes_back(tokenizer: ExternalTokenizer, text: str) -> bool:
    return tokenizer.decode_bytes(tokenizer.encode(text)) == tokenizer.prefix + text.encode()


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("text", SAMPLES)
def test_ids_are_those_of_the_library_and_move_past_the_end_of_a_document(
    name: str, text: str, made: dict[str, ExternalTokenizer], tmp_path: Path
) -> None:
    tokenizer = made[name]
    expected, decoded = theirs(name, tokenizer, text, tmp_path)
    ids = tokenizer.encode(text)
    assert [token - (token > END_OF_DOCUMENT) for token in ids] == expected and END_OF_DOCUMENT not in ids
    if comes_back(tokenizer, text):
        assert decoded in (text, tokenizer.prefix.decode() + text)  # most decoders take the blank away again
    loaded = load_tokenizer(tmp_path)
    assert loaded.encode(text) == ids and loaded.token_bytes == tokenizer.token_bytes and loaded.prefix == tokenizer.prefix


@pytest.mark.parametrize("name", LOSSLESS)
@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=40).filter(lambda text: "▁" not in text and "\0" not in text))
def test_some_give_any_text_back(name: str, text: str, made: dict[str, ExternalTokenizer]) -> None:
    tokenizer = made[name]
    if text or not tokenizer.prefix:  # a text without tokens has no prefix either
        assert comes_back(tokenizer, text)
    assert sum(len(tokenizer.token_bytes[token]) for token in tokenizer.encode("a" + text)) == len(tokenizer.prefix) + 1 + len(
        text.encode()
    )


@pytest.mark.parametrize(
    ("name", "text", "decoded", "lost"),
    [
        ("prefixed.json", " a", b" a", 1),  # the blank may be the tokenizer's or the text's
        ("bpe_with_unknown.json", "a n", b"an", 1),
        ("wordpiece.json", "There, a", b" there , a", 1),
        ("wordpiece.json", "a\na☃", b" a", 5),  # the new line, and a word that is unknown
        ("unigram.json", "a☃", b" a", 3),
        ("bpe.model", "a  n", b" a n", 1),
    ],
)
def test_what_others_lose_is_counted(name: str, text: str, decoded: bytes, lost: int, made: dict[str, ExternalTokenizer]) -> None:
    tokenizer = made[name]
    assert tokenizer.decode_bytes(tokenizer.encode(text)) == decoded
    assert lost_bytes(text.encode(), decoded, tokenizer.prefix) == lost


def test_lost_bytes_are_counted_by_value() -> None:
    assert lost_bytes(b"ab", b"ab", b"") is None and lost_bytes(b"ab", b" ab", b" ") is None
    assert lost_bytes(b"aab", b"ba", b"") == 1
    assert lost_bytes(b"ab", b"xaabb", b"") == 0
    assert lost_bytes(b" a", b" a", b" ") == 1
    assert lost_bytes(b"abc", b"", b" ") == 3


def test_documents_are_encoded_whole_and_alike_in_any_number_of_threads(made: dict[str, ExternalTokenizer]) -> None:
    tokenizer = made["unigram_bytes.model"]
    documents = [text.encode() for text in SAMPLES] * 3
    for threads in (1, 2):
        found = tokenizer.encode_documents(documents, threads)
        assert [ids.tolist() for ids in found] == [tokenizer.encode(document.decode()) for document in documents]
    with pytest.raises(UserError, match="surrogate"):
        tokenizer.encode("\ud800")


def test_a_folder_as_transformers_writes_it_is_read(tmp_path: Path) -> None:
    files.byte_level(tmp_path / "tokenizer.json")
    (tmp_path / "tokenizer_config.json").write_text("{}")
    assert is_external(tmp_path) and load_any(tmp_path).encode("a time") == read_external(tmp_path / "tokenizer.json").encode(
        "a time"
    )
    read_external(tmp_path).save(tmp_path / "ours")
    assert not is_external(tmp_path / "ours") and load_any(tmp_path / "ours").kind == "external"
    manifest = json.loads((tmp_path / "ours" / "gqvae.json").read_text())
    assert list(manifest["files"]) == ["tokenizer.json"] and manifest["pretokenizer"] == "whole"


def test_a_changed_file_is_another_tokenizer(tmp_path: Path) -> None:
    path, digests = files.byte_level(tmp_path / "a.json"), []
    for text in (path.read_text(), path.read_text() + "\n"):
        path.write_text(text)
        read_external(path).save(tmp_path / "ours")
        digests.append(json.loads((tmp_path / "ours" / "gqvae.json").read_text())["digest"])
    assert digests[0] != digests[1]
    (tmp_path / "ours" / "tokenizer.json").write_text("{}")
    with pytest.raises(UserError, match="missing or damaged"):
        load_tokenizer(tmp_path / "ours")


def edited(path: Path, change: Callable[[dict], None]) -> Path:
    facts = json.loads(path.read_text())
    change(facts)
    path.write_text(json.dumps(facts))
    return path


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda facts: facts["model"].update(dropout=0.1), "at random"),
        (
            lambda facts: facts.update(
                decoder={"type": "CTC", "pad_token": "<pad>", "word_delimiter_token": "|", "cleanup": True}
            ),
            "CTC",
        ),
        (lambda facts: facts["model"]["vocab"].update({"zz": 1_000_000}), "id 1000000, beyond its vocabulary"),
        (lambda facts: facts.pop("model"), "not a tokenizer.json, or is damaged"),
    ],
)
def test_a_tokenizer_that_cannot_serve_is_refused(change: Callable[[dict], None], said: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=said):
        read_external(edited(files.byte_level(tmp_path / "a.json"), change))


@pytest.mark.parametrize("name", ["a.json", "a.model"])
@pytest.mark.parametrize("content", [b"", b"{}", b"\xff\xfe", b"[1, 2]"])
def test_a_damaged_file_is_refused(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=f"{name} is not a .*, or is damaged"):
        read_external(tmp_path / name)


def test_what_is_no_tokenizer_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    for path, said in (
        (tmp_path, "holds no tokenizer.json"),
        (tmp_path / "absent.json", "does not exist"),
        (tmp_path / "notes.txt", "not of a known kind"),
    ):
        with pytest.raises(UserError, match=said):
            source_file(path)
    with pytest.raises(UserError, match="does not exist or is not a file"):
        load_any(tmp_path)


LINE = base64.b64encode(b"a") + b" 0\n"


@pytest.mark.parametrize(
    ("change", "pattern", "said"),
    [
        (lambda data: data, None, "does not say how text is cut"),
        (lambda data: data.replace(b" 7\n", b" seven\n"), files.PATTERN, "line 8, is not a token"),
        (lambda data: data + b"!!! 999\n", files.PATTERN, "is not a token"),
        (lambda data: data.partition(b"\n")[2], files.PATTERN, "no token for 1 of the 256 bytes, first for 33"),
        (lambda data: LINE, files.PATTERN, "no token for 255 of the 256 bytes, first for 0"),
        (lambda data: data + base64.b64encode(b"zzz") + b" 3\n", files.PATTERN, "gives two tokens one id"),
        (lambda data: data + base64.b64encode(b"zzz") + b" 99999\n", files.PATTERN, "has the id 99999, beyond its vocabulary"),
        (lambda data: data + base64.b64encode(b"zzz") + b" -1\n", files.PATTERN, "has the id -1, beyond its vocabulary"),
    ],
)
def test_ranks_that_cannot_serve_are_refused(
    change: Callable[[bytes], bytes], pattern: str | None, said: str, tmp_path: Path
) -> None:
    path = files.ranks(tmp_path / "a.tiktoken")
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(UserError, match=said):
        read_external(path, pattern)


def test_ranks_under_the_name_of_a_sentencepiece_model_are_told(tmp_path: Path) -> None:
    path = files.ranks(tmp_path / "tokenizer.model")
    with pytest.raises(
        UserError, match=r"tokenizer\.model holds tiktoken's ranks, .*: give it the suffix \.tiktoken, and its pattern"
    ):
        read_external(path)


def test_without_tiktoken_the_message_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "tiktoken", None)
    with pytest.raises(UserError, match=r"pip install 'gqvae\[tiktoken\]'"):
        read_external(files.ranks(tmp_path / "a.tiktoken"), files.PATTERN)


def test_ranks_give_the_ids_of_tiktoken(tmp_path: Path) -> None:
    tiktoken, load = pytest.importorskip("tiktoken"), pytest.importorskip("tiktoken.load")
    path = files.ranks(tmp_path / "a.tiktoken")
    tokenizer = read_external(path, files.PATTERN)
    ranks = load.load_tiktoken_bpe(str(path))
    library = tiktoken.Encoding("a", pat_str=files.PATTERN, mergeable_ranks=ranks, special_tokens={})
    for text in (*SAMPLES, *files.TEXT, "1234567 I'LL 'ſ"):
        ids = tokenizer.encode(text)
        assert [token - (token > END_OF_DOCUMENT) for token in ids] == library.encode_ordinary(text)
        assert tokenizer.decode_bytes(ids) == text.encode()
    tokenizer.save(tmp_path / "ours")
    assert load_tokenizer(tmp_path / "ours").encode(files.TEXT[0]) == tokenizer.encode(files.TEXT[0])
    with pytest.raises(UserError, match="pattern is no regular expression"):
        read_external(path, "(")


def test_every_id_has_a_place(made: dict[str, ExternalTokenizer]) -> None:
    for name, tokenizer in made.items():
        assert tokenizer.token_bytes[END_OF_DOCUMENT] == b"", name
        assert tokenizer.vocab_size == len(tokenizer.token_bytes) > END_OF_DOCUMENT
        longest = np.max([len(token) for token in tokenizer.token_bytes])
        assert longest > 1, name
