"""Every pre-tokenizer splits as its model does: other engines with the published expressions, tiktoken, exported tokenizers."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import unicodedata
from functools import cache
from typing import Any

import numpy as np
import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Regex, pre_tokenizers

from gqvae.config import Study, parse
from gqvae.corpus.pretoken_table import PretokenTable
from gqvae.corpus.pretokenizers import module_of, names, pretokenizer
from gqvae.corpus.pretokenizers.bytes import LONGEST
from gqvae.corpus.pretokens import PretokenCounts, count_pretokens
from gqvae.corpus.unicode_cases import LOWERCASE, MARKS, NOT_LOWER, NOT_UPPER, UPPERCASE
from gqvae.corpus.unicode_classes import LETTERS
from gqvae.errors import UserError
from gqvae.figures.explorer import explorer_page
from gqvae.kernels.packing import pack
from gqvae.tokenizers.base import Tokenizer
from gqvae.tokenizers.bpe import train_bpe
from gqvae.tokenizers.byte_level import to_bytes
from gqvae.tokenizers.export import fast_tokenizer
from gqvae.tokenizers.load import load_tokenizer
from gqvae.tokenizers.pathpiece import PathPieceTokenizer
from gqvae.tokenizers.special_tokens import special_tokens
from gqvae.tokenizers.tiktoken_files import export_tiktoken

O200K = "|".join(
    [
        r"""[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?""",
        r"""[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?""",
        r"""\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+""",
    ]
)
# The `$` of tiktoken's engine is the end of the text alone, which is written differently elsewhere. In Oniguruma, `{1,3}+` repeats.
CL100K = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++{end}|\s*[\r\n]|\s+(?!\S)|\s"
)
PUBLISHED = {
    "gpt2": r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
    "cl100k": CL100K,
    "o200k": O200K,
    "whitespace": r" ?\S+|\s+(?!\S)|\s+",
    "bytes": rf"[\s\S]{{1,{LONGEST}}}",
}
EARLIER_CL100K = (  # in the files of Hugging Face
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
OWN = (r"pattern:\p{L}+|\p{N}{2}", "pattern:a*", r"pattern: ?(?i:the)\b|[^ ]+", "pattern:$", "pattern:(?=a)")
CHANGED = "\u0295"  # of another class in earlier versions of Unicode
SAMPLE = (
    "It's HE'S Iſ'ſ we'LL they'Re I'Ve 12345 ٣٤٥٦ ²³ x/y//\r\n/z!\n\n\n\t  tab  \r\n HTTPServerError camelCase Žluťoučký kůň "
    "ǅungla ΑΒγδ 漢字かな ภาษาไทย हिन्दी e\u0301a\u0308\u0301 👩‍👩‍👧 🇩🇪 \0 \x85\xa0\u2028\u3000 \ud7ff\ue000\uffff\U0010ffff \n \n  "
)
HOSTILE = st.text(
    st.characters(exclude_categories=["Cs"])
    | st.sampled_from(
        list("   \t\n\r\n\x1c\x85\xa0\u2028'’sſSdDtTlLrRveVEmM1²٣aAéÉǅªʰñ漢🙂\u0301\u0903\u200b\u200d!/“\0\ud7ff\ue000\U0010ffff")
    ),
    max_size=60,
)


@cache
def unknown() -> frozenset[str]:
    """Characters that some engine does not know yet."""
    every = "".join(chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000)
    split = pre_tokenizers.Split(Regex(r"\P{Cn}+"), "removed").pre_tokenize_str(every)
    unassigned = frozenset(character for character in every if unicodedata.category(character) == "Cn")
    return unassigned | {*CHANGED} | {*"".join(one for one, _ in split)}


def known(text: str) -> str:
    return "".join(character for character in text if character not in unknown())


def by_tokenizers(expression: str, text: str) -> list[str]:
    chain = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(expression), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    return [to_bytes(piece).decode() for piece, _ in chain.pre_tokenize_str(text)]


@pytest.mark.parametrize("name", PUBLISHED)
@given(text=HOSTILE)
@settings(deadline=None, max_examples=300)
def test_text_is_split_as_by_the_published_expression(name, text):
    text, found = known(text), pretokenizer(name).split(known(text))
    assert "".join(found) == text and all(found)
    assert regex.findall(PUBLISHED[name].replace("{end}", r"\Z"), text) == found
    assert by_tokenizers(PUBLISHED[name].replace("{end}", r"\z"), text) == found


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_character_has_its_class(name):
    every = sorted({chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000} - unknown())
    for before, after in (("", "a"), (" ", "A"), ("a", "1"), ("'", "\n"), ("\u0301", " "), ("A", "!")):
        text = "".join(f"{before}{character}{after}" for character in every[:: 1 if before == "a" else 11])
        found = pretokenizer(name).split(text)
        assert found == regex.findall(PUBLISHED[name].replace("{end}", r"\Z"), text)


def test_the_sample_is_split_as_expected():
    assert pretokenizer("cl100k").split("I'LL go  to 12345 x/y!\n\n z \n ") == [
        "I", "'LL", " go", " ", " to", " ", "123", "45", " x", "/y", "!\n\n", " z", " \n ",
    ]  # fmt: skip
    assert pretokenizer("o200k").split("I'LL see HTTPServer's \n x/\n/y") == [
        "I'LL", " see", " HTTPServer's", " \n", " x", "/\n/", "y",
    ]  # fmt: skip
    assert pretokenizer("whitespace").split(" it's  x/y!\n\n z ") == [" it's", " ", " x/y!", "\n\n", " z", " "]
    assert pretokenizer("bytes").split("a b\n" * 1200) == [("a b\n" * 1200)[:LONGEST], ("a b\n" * 1200)[LONGEST:]]


@given(HOSTILE)
@settings(deadline=None)
def test_the_earlier_expression_of_cl100k_differs_only_in_white_space_at_the_end(text):
    text = known(text).rstrip() + "x"
    assert by_tokenizers(EARLIER_CL100K, text) == pretokenizer("cl100k").split(text)


@cache
def expressions_of_tiktoken() -> dict[str, str]:
    public = pytest.importorskip("tiktoken_ext.openai_public")
    with pytest.MonkeyPatch.context() as patch:  # the expressions without the vocabularies, which are downloaded
        for name in ("load_tiktoken_bpe", "data_gym_to_mergeable_bpe_ranks"):
            patch.setattr(public, name, lambda *arguments, **options: {})
        return {
            name: getattr(public, full)()["pat_str"]
            for name, full in (("gpt2", "gpt2"), ("cl100k", "cl100k_base"), ("o200k", "o200k_base"))
        }


@pytest.mark.parametrize("name", ["gpt2", "cl100k", "o200k"])
@given(text=HOSTILE | st.just(SAMPLE[:120]) | st.just(SAMPLE[120:]))
@settings(deadline=None, max_examples=150)
def test_text_is_split_as_by_tiktoken(name, text):
    expression, tiktoken = expressions_of_tiktoken()[name], pytest.importorskip("tiktoken")
    text = known(text)
    ranks = {bytes([value]): value for value in range(256)}  # every substring is a token, so each pre-token is one
    for start in range(len(text)):
        for end in range(start + 1, len(text) + 1):
            ranks.setdefault(text[start:end].encode(), len(ranks))
    encoding = tiktoken.Encoding("splits", pat_str=expression, mergeable_ranks=ranks, special_tokens={})
    assert [encoding.decode([token]) for token in encoding.encode_ordinary(text)] == pretokenizer(name).split(text)


@pytest.mark.parametrize("name", names())
def test_tiktoken_reads_our_expressions_as_well(name):
    tiktoken, text = pytest.importorskip("tiktoken"), "ab " * 3000
    found = pretokenizer(name).split(text)
    ranks = {
        token: rank for rank, token in enumerate([*map(bytes, zip(range(256))), *(one.encode() for one in dict.fromkeys(found))])
    }
    pattern = pretokenizer(name).expression("\\x{{{:x}}}".format)
    encoding = tiktoken.Encoding("splits", pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
    assert [encoding.decode([token]) for token in encoding.encode_ordinary(text)] == found


def test_an_own_expression_is_not_given_to_tiktoken(tmp_path):
    tokenizer = train_bpe(count_pretokens([SAMPLE.encode()], OWN[0]), 270)
    tokenizer.pretokenizer = OWN[0]
    with pytest.raises(UserError, match=r"tiktoken may read the expression of 'pattern:.*' otherwise than Oniguruma"):
        export_tiktoken(tokenizer, tmp_path / "out", special_tokens(tokenizer.vocab_size))
    assert not (tmp_path / "out").exists()


def test_cases_are_those_of_unicode():
    found = {
        code: kind
        for kind, ranges in (("Lu", UPPERCASE), ("Ll", LOWERCASE), ("M", MARKS))
        for first, last in ranges
        for code in range(first, last + 1)
    }
    letters = {code for first, last in LETTERS for code in range(first, last + 1)}
    upper, lower = ({code for first, last in ranges for code in range(first, last + 1)} for ranges in (NOT_LOWER, NOT_UPPER))
    for code in range(sys.maxunicode + 1):
        category = unicodedata.category(chr(code))
        expected = {"Lu": "Lu", "Lt": "Lu", "Ll": "Ll"}.get(category, "M" if category[0] == "M" else None)
        assert category == "Cn" or found.get(code) == expected or chr(code) in CHANGED, hex(code)
        assert (code in upper, code in lower) == (
            found.get(code) == "M" or (code in letters and found.get(code) != "Ll"),
            found.get(code) == "M" or (code in letters and found.get(code) != "Lu"),
        )


# What holds for all of them, own expressions included.

EVERY = pytest.mark.parametrize("name", [*names(), *OWN])


@EVERY
@given(texts=st.lists(HOSTILE | st.just(SAMPLE), max_size=4))
@settings(deadline=None, max_examples=60)
def test_pretokens_join_to_the_text_and_end_where_the_kernel_is_told(name, texts):
    found = pretokenizer(name)
    splits = [found.split(text) for text in texts]
    assert ["".join(split) for split in splits] == texts and all(map(all, splits))
    documents = pack([text.encode() for text in texts])
    ends = np.cumsum([len(one.encode()) for split in splits for one in split], dtype=int).tolist()
    assert found.ends(documents.values, documents.offsets[1:]).tolist() == ends
    table = PretokenTable(name)
    rows, strings = table.encode(documents).lists(), table.since(0).strings()
    assert [[strings[row].decode() for row in document] for document in rows] == splits


@EVERY
@given(text=HOSTILE | st.just(SAMPLE))
@settings(deadline=None, max_examples=60)
def test_an_exported_tokenizer_splits_and_encodes_alike(name, text):
    tokenizer, fast = exported(name)
    assert [to_bytes(piece).decode() for piece, _ in fast.pre_tokenizer.pre_tokenize_str(text)] == tokenizer.split(text)
    assert fast.encode(text).ids == tokenizer.encode(text)


@pytest.mark.parametrize("name", names())
def test_javascript_splits_alike(name):
    """As on the page of the token explorer."""
    if shutil.which("node") is None:
        pytest.skip("there is no node")
    given = json.dumps([SAMPLE, pretokenizer(name).expression("\\u{{{:x}}}".format)])
    program = "const [text, e] = JSON.parse(require('fs').readFileSync(0)); console.log(JSON.stringify(text.match(new RegExp(e, 'gu'))))"
    done = subprocess.run(["node", "-e", program], input=given, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == pretokenizer(name).split(SAMPLE)


def test_the_page_shows_an_own_expression_for_its_passage_alone():
    tokenizer, passage = exported(OWN[0])[0], SAMPLE.replace("\r\n", "\n")
    page = explorer_page({"own": tokenizer}, passage)
    data = json.loads(page.partition('id="data">')[2].partition("</script>")[0])
    assert [(arm["how"], arm["ids"]) for arm in data["arms"]] == [("fixed", tokenizer.encode(passage))]


@cache
def exported(name: str) -> tuple[Tokenizer, Any]:
    tokenizer = PathPieceTokenizer([b" a", b"a ", b"\n\n", b"'s", b"12", b"aA", "é".encode()])
    tokenizer.pretokenizer = name
    return tokenizer, fast_tokenizer(tokenizer)


@EVERY
def test_what_was_made_with_one_says_so(name, tmp_path):
    counts = count_pretokens([SAMPLE.encode()], name)
    counts.save(tmp_path / "counts.npz")
    assert PretokenCounts.load(tmp_path / "counts.npz").pretokenizer == name == pretokenizer(name).name
    tokenizer, _ = exported(name)
    tokenizer.save(tmp_path / "made")
    loaded = load_tokenizer(tmp_path / "made")
    assert loaded.pretokenizer == name and loaded.encode(SAMPLE) == tokenizer.encode(SAMPLE)
    assert module_of(name) in sys.modules
    with pytest.raises(UserError, match="cut by different pre-tokenizers"):
        PretokenCounts.merge([counts, count_pretokens([b"a"], "pattern:b" if name == "gpt2" else "gpt2")])


def test_a_study_may_have_an_expression_of_its_own():
    study = parse(Study, {"pretokenizer": {"pattern": r"\p{L}+"}}, "mine.yaml")
    assert study.pretokenizer == r"pattern:\p{L}+" == parse(Study, study.model_dump(), "again").pretokenizer


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("gpt5", "There is no pre-tokenizer 'gpt5': use one of bytes, cl100k, gpt2, o200k, whitespace, pattern:<expression>"),
        ("../x", "There is no pre-tokenizer"),
        ({"pattern": "("}, r"The pattern '\(' is no expression of Oniguruma \(.*unmatched parenthesis"),
        ({"pattern": ""}, "The pattern '' is empty"),
        ({"pattern": "a\nb"}, "holds control characters"),
        ({"patern": "a"}, "pretokenizer"),
        ({"pattern": 5}, "pretokenizer"),
        (5, "pretokenizer"),
    ],
)
def test_what_is_no_pretokenizer_is_one_sentence(value, sentence):
    with pytest.raises(UserError, match=sentence) as raised:
        parse(Study, {"pretokenizer": value}, "mine.yaml")
    assert "\n" not in str(raised.value) and str(raised.value).startswith("mine.yaml: ")
