"""Exports for tokenizers 1 and for tiktoken give our ids; what those libraries cannot is refused with its reason."""

from __future__ import annotations

import json
import subprocess
import sys
import unicodedata
from pathlib import Path

import peers
import pytest
import tokenizers as huggingface
from hypothesis import given, settings
from hypothesis import strategies as st
from test_lossless import CORNERS

from gqvae.corpus.pretokenizers import gpt2, pretokenizer
from gqvae.corpus.pretokens import count_pretokens
from gqvae.errors import UserError
from gqvae.tokenizers.base import EXPORTED, Tokenizer
from gqvae.tokenizers.bpe import train_bpe
from gqvae.tokenizers.bytes import BytesTokenizer
from gqvae.tokenizers.counted import trainer
from gqvae.tokenizers.export import export, fast_tokenizer
from gqvae.tokenizers.pathpiece import PathPieceTokenizer
from gqvae.tokenizers.special_tokens import special_tokens
from gqvae.tokenizers.tiktoken_files import export_tiktoken
from small_network import TEXT

# Characters of Unicode 3.2: engines with Unicode tables of their own class them all alike.
OLD = st.characters(exclude_categories=["Cs"]).filter(lambda one: unicodedata.ucd_3_2_0.category(one) != "Cn")
TEXTS = st.text(OLD | st.sampled_from("ab  \r\n'“”—é<|>0x8s"), max_size=60)
HOSTILE = ["<0x80><0xE2><0x0A>", "<|endoftext|><|pad|>", "“The fox” — it’s", "‘’“”", "'ll 'LL's", "é漢🙂\ufeff\x00\x85"]
OLD_CORNERS = ["".join(one for one in text if unicodedata.ucd_3_2_0.category(one) != "Cn") for text in CORNERS]


@pytest.fixture(scope="session")
def small() -> dict[str, Tokenizer]:
    story = TEXT.encode("ascii", "ignore").decode()
    counts = count_pretokens([f"{story} “The fox”, it said — “the frog’s”. ".encode()] * 3)
    return {
        "bytes": BytesTokenizer(),
        "bpe": train_bpe(counts, 280),
        **{kind: trainer(kind, {})(counts, [280])[280] for kind in ("pathpiece", "unigram")},
    }


@pytest.mark.parametrize("kind", ["bytes", "bpe", "pathpiece"])
def test_the_format_of_tokenizers_1_has_our_ids_before_1(small: dict[str, Tokenizer], kind: str) -> None:
    ours, fast = small[kind], fast_tokenizer(small[kind], form="tokenizers-1")

    @settings(max_examples=300, deadline=None)
    @given(TEXTS)
    def same(text: str) -> None:
        ids = ours.encode(text)
        assert fast.encode(text).ids == ids and fast.decode(ids) == text

    same()
    assert kind != "pathpiece" or any(not string.isascii() for string in ours.strings)
    for text in [*HOSTILE, *OLD_CORNERS, TEXT]:
        assert fast.encode(text).ids == ours.encode(text), text


@settings(max_examples=300, deadline=None)
@given(
    strings=st.lists(st.text("ab“”’", min_size=2, max_size=4), unique=True, max_size=12),
    alone=st.lists(st.sampled_from("“”’é🙂"), unique=True),
    text=st.text("ab“”’é🙂 ", max_size=30),
)
def test_any_vocabulary_of_whole_characters_has_our_ids(strings: list[str], alone: list[str], text: str) -> None:
    tokenizer = PathPieceTokenizer([string.encode() for string in [*strings, *alone]])
    assert fast_tokenizer(tokenizer, form="tokenizers-1").encode(text).ids == tokenizer.encode(text)


def test_what_tokenizers_1_cannot_is_refused(small: dict[str, Tokenizer], monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="part of a character"):
        fast_tokenizer(PathPieceTokenizer([b"a\xe2\x80"]), form="tokenizers-1")
    with pytest.raises(UserError, match="of 2 and of 3 bytes occur inside tokens alone"):
        fast_tokenizer(PathPieceTokenizer(["aé".encode(), "a“".encode()]), form="tokenizers-1")
    with pytest.raises(UserError, match="no counterpart to a tokenizer of kind unigram"):
        fast_tokenizer(small["unigram"], form="tokenizers-1")
    for text in ("PAD", "!!", "'l", "a b"):
        with pytest.raises(UserError, match="may be a part of a word"):
            fast_tokenizer(small["bytes"], special_tokens(257, [text]), "tokenizers-1")
    monkeypatch.setattr(gpt2.GPT2, "published", "")
    with pytest.raises(UserError, match="does not know the pre-tokenizer gpt2"):
        fast_tokenizer(small["bpe"], form="tokenizers-1")


@settings(max_examples=500, deadline=None)
@given(*[st.text(OLD | st.sampled_from("ab1'<|_>  \ns"), max_size=6)] * 3)
def test_no_pretoken_holds_a_special_token_of_tokenizers_1(before: str, special: str, after: str) -> None:
    try:
        fast = fast_tokenizer(BytesTokenizer(), special_tokens(257, [special]), "tokenizers-1")
    except UserError:
        return
    text = before + special + after
    assert not any(special in pretoken for pretoken in gpt2.PRETOKENIZER.split(text))
    assert fast.encode(text).ids == list(text.encode())


class Whole(gpt2.GPT2):
    """A text is one pre-token, which may spell anything."""

    def expression(self, escape):
        return f"[{escape(0)}-{escape(0x10FFFF)}]+"


def test_a_special_token_that_a_pretoken_spells_is_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pretokenizer("gpt2").__class__, "expression", Whole.expression)
    text = "<|endoftext|>PAD<|endoftext|>"
    for tokenizer in (BytesTokenizer(), PathPieceTokenizer([b"<|", b"|>"])):
        fast = fast_tokenizer(tokenizer, special_tokens(tokenizer.vocab_size, ["PAD"]))
        assert fast.encode(text).ids == list(next(iter(tokenizer.segment([text.encode()]))))
        assert not set(fast.encode(text).ids) & {256, tokenizer.vocab_size, tokenizer.vocab_size + 1}


def other_ids(library: str, folder: Path, texts: list[str]) -> list[list[int]]:
    """The ids of another library, in a process of its own; the test is skipped where that library is absent."""
    found = subprocess.run(
        [sys.executable, Path(__file__).with_name("exported_ids.py"), folder],
        input=json.dumps(texts), capture_output=True, text=True, timeout=120,
        env={"PYTHONPATH": ":".join(peers.python_path(library)), "PATH": "", "PYTHONUTF8": "1"},
    )  # fmt: skip
    if "ModuleNotFoundError" in found.stderr:
        pytest.skip(f"{library} is not installed: python benchmarks/peers.py")
    assert found.returncode == 0, found.stderr
    return json.loads(found.stdout)


@pytest.mark.parametrize("kind", ["bytes", "bpe", "pathpiece"])
def test_tokenizers_1_gives_our_ids(small: dict[str, Tokenizer], kind: str, tmp_path: Path) -> None:
    if not Path(peers.python_path("tokenizers_1")[0]).is_dir():
        pytest.skip("tokenizers 1 is not installed: python benchmarks/peers.py")
    export(small[kind], tmp_path, special_tokens(small[kind].vocab_size, ["bos=<s>"]), "tokenizers-1")
    texts = [*HOSTILE, *OLD_CORNERS, TEXT, Path(__file__).read_text(encoding="utf-8"), "<s>", ""]
    assert other_ids("tokenizers_1", tmp_path, texts) == [small[kind].encode(text) for text in texts]


def test_tiktoken_gives_our_ids(small: dict[str, Tokenizer], tmp_path: Path) -> None:
    for _ in range(2):
        export_tiktoken(small["bpe"], tmp_path, special_tokens(280, ["<|im_start|>"]))
    assert json.loads((tmp_path / "tiktoken.json").read_text())["special_tokens"] == {
        "<|endoftext|>": 256, "<|pad|>": 280, "<|im_start|>": 281
    }  # fmt: skip
    young = "".join(chr(code) for code in (0x558, 0x58B, 0x1C89, 0x323B0, 0x1E6C0))  # assigned after Unicode 14
    texts = [*HOSTILE, *CORNERS, TEXT, Path(__file__).read_text(encoding="utf-8"), f"a{young} 1{young}", "abcab" * 500]
    assert other_ids("tiktoken", tmp_path, texts) == [small["bpe"].encode(text) for text in texts]


def test_tiktoken_files_of_another_tokenizer_are_left_alone(small: dict[str, Tokenizer], tmp_path: Path) -> None:
    (tmp_path / "ranks.tiktoken").write_text("another")
    with pytest.raises(UserError, match="holds an export with other strings or special tokens"):
        export_tiktoken(small["bpe"], tmp_path, special_tokens(280))
    with pytest.raises(UserError, match="a tokenizer of kind pathpiece does not"):
        export_tiktoken(small["pathpiece"], tmp_path, special_tokens(280))


def test_both_formats_may_go_into_one_folder(small: dict[str, Tokenizer], tmp_path: Path) -> None:
    export(small["bpe"], tmp_path)
    export(small["bpe"], tmp_path, form="tokenizers-1")
    export_tiktoken(small["bpe"], tmp_path, special_tokens(280))
    assert huggingface.Tokenizer.from_file(str(tmp_path / EXPORTED)).encode("The fox").ids == small["bpe"].encode("The fox")
