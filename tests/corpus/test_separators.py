"""Where documents end in text."""

from __future__ import annotations

import io
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gqvae.corpus import separators
from gqvae.corpus.separators import Cut, split
from gqvae.errors import UserError

DOCUMENT = st.text(st.sampled_from(list("ab<|>\r\n é🙂\t=")) | st.characters(exclude_categories=["Cs"]), max_size=30)
BOM = b"\xef\xbb\xbf"


def documents_of(text: bytes, separator: str, cut: Cut | None = None) -> list[bytes]:
    return [document for _, document in split(io.BytesIO(text), cut or Cut(separator), "some text")]


def separates(separator: str, text: str) -> bool:
    return any(line.rstrip(" \t") == separator for line in re.split("\r\n|\r|\n", text))


@given(
    st.lists(DOCUMENT, min_size=1, max_size=6), st.sampled_from(["<|endoftext|>", "===", "a b"]), st.sampled_from(["\n", "\r\n"])
)
@settings(deadline=None)
def test_separators_round_trip(documents, separator, line_end):
    documents = [text for text in documents if not separates(separator, text) and text != "\ufeff"]
    text = "".join(document + line_end + separator + line_end for document in documents)
    assert [found.decode() for found in documents_of(text.encode(), separator)] == documents
    assert documents_of((text + "the rest\n").encode(), separator) == [*(text.encode() for text in documents), b"the rest\n"]


PIECES = st.lists(
    st.sampled_from(["x", "é", " ", "\t", "\r", "\n", "\r\n", "\ufeff", "==", "=", "<e>", "<e", ">", "  \n"]), max_size=20
)


@given(PIECES, st.sampled_from(["", "==", "<e>", " "]), st.integers(1, 7))
@settings(deadline=None, max_examples=400)
def test_documents_do_not_depend_on_the_size_of_blocks(pieces, separator, size):
    text, whole, cut = "".join(pieces).encode(), Cut(separator), Cut(separator)
    expected = list(split(io.BytesIO(text), whole, "some text"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(separators, "BLOCK_BYTES", size)
        assert list(split(io.BytesIO(text), cut, "some text")) == expected
    assert cut == whole
    for start, document in expected:
        assert text[start : start + len(document)] == document or document.startswith(BOM)
        # No separator of the kind that a reader would see is left.
        assert b"<e>" not in document if separator == "<e>" else not separates("==", document.decode()) or separator != "=="


@pytest.mark.parametrize("separator", ["<|endoftext|>", "</s>", "[SEP]"])
def test_a_separator_in_brackets_is_found_anywhere(separator):
    mark, cut = separator.encode(), Cut(separator)
    text = b"a%sb%s\nc \n%sd\r\n%s \r\n%s%s e\n" % (mark, mark, mark, mark, mark, mark)
    assert documents_of(text, separator, cut) == [b"a", b"b", b"c ", b"d", b"", b"", b" e\n"]
    assert (cut.lines, cut.inside, cut.left) == (1, 5, 0)


@pytest.mark.parametrize("separator", ["---", "a b", "#"])
def test_any_other_separates_only_as_a_line_of_its_own(separator):
    mark, cut = separator.encode(), Cut(separator)
    text = b"one %s two\n%sx\n x%s\n%s\nthree" % (mark, mark, mark, mark)
    assert documents_of(text, separator, cut) == [text.removesuffix(b"\n%s\nthree" % mark), b"three"]
    assert (cut.lines, cut.inside, cut.left) == (1, 0, 3)


@pytest.mark.parametrize("separator", ["---", "<|endoftext|>"])
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("blanks", [b"", b" ", b"\t  "])
def test_lines_may_have_any_end_and_trailing_blanks(separator, line_end, blanks):
    line = separator.encode() + blanks
    for start in (b"", BOM):
        cut = Cut(separator)
        text = line_end.join([start + line, b"one", b"", line, line, b" two", b"", line])
        assert documents_of(text, separator, cut) == [b"", b"one" + line_end, b"", b" two" + line_end]
        assert (cut.lines, cut.inside) == (4, 0)


def test_bytes_inside_documents_stay_as_they_are():
    text = BOM + b"one\r\n\r\n  two \x00\t\r\n---\r\nthree\n--- .\n----\n---\n---\nlast\n---"
    assert documents_of(text, "---") == [BOM + b"one\r\n\r\n  two \x00\t", b"three\n--- .\n----", b"", b"last"]
    assert documents_of(BOM + b"all", "---") == [BOM + b"all"] and documents_of(BOM, "---") == [BOM]


def test_only_the_separators_line_end_is_taken():
    assert documents_of(b"one\r\n---\ntwo\n\n---\n", "---") == [b"one\r", b"two\n"]


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
def test_blank_lines_may_separate_documents(line_end):
    cut = Cut("")
    assert documents_of(line_end.join([b"one", b"two", b"", b"three", b"", b"", b" ", b"four"]), "", cut) == [
        b"one" + line_end + b"two", b"three", b"", b" " + line_end + b"four",
    ]  # fmt: skip
    assert cut.lines == 3


def test_a_separator_may_be_a_blank():
    assert documents_of(b" \n one two\n \nthree \n  \nfour\n \n", " ") == [b"", b" one two", b"three \n  \nfour"]


def test_what_was_found_is_said():
    cut = Cut("<s>", files=2, documents=3, texts=2)
    cut.lines, cut.inside = 1, 2
    assert cut.sentence() == "3 documents from 2 files, cut at 1 line '<s>' and 2 within lines"
    assert Cut("", files=1, documents=9, texts=1, lines=8).sentence() == "9 documents from 1 file, cut at 8 blank lines"
    assert Cut("#", 1, 1, 1, left=2).sentence() == "1 document from 1 file, cut at 0 lines '#'; 2 within lines stay text"
    assert Cut("#", files=1, documents=9).sentence() == "9 documents from 1 file"


@pytest.mark.parametrize(
    ("text", "separator", "advice"),
    [
        (b"a\n--\nb", "--", "give more documents"),
        (b"a\n\nb", "--", "no '--' was found, so set `separator` to what stands between documents, or to \"\" for blank lines"),
        (b"a -- b", "--", r"no '--' is a line of its own \(1 are within lines\), so set `separator`"),
        (b"a\nb", "", r"no blank line was found, so set `separator` \(now blank lines\) to what stands between documents$"),
    ],
)
def test_the_advice_names_what_was_looked_for(text, separator, advice):
    cut = Cut(separator, texts=1)
    documents_of(text, separator, cut)
    assert re.match(advice, cut.advice())
    cut.json = "rows.json"
    assert cut.advice().startswith("rows are read from files named .jsonl") != (advice == "give more documents")


def test_an_enormous_document_asks_for_the_separator_at_once(monkeypatch):
    class Endless(io.RawIOBase):
        def readable(self):
            return True

        def readinto(self, buffer):
            buffer[:] = (b"a line\n" * len(buffer))[: len(buffer)]
            return len(buffer)

    monkeypatch.setattr(separators, "DOCUMENT_BYTES", 10_000_000)
    with pytest.raises(
        UserError, match=r"some text: a document exceeds .* set `separator` \(now '--'\) to .* \"\" for blank lines"
    ):
        list(split(io.BufferedReader(Endless()), Cut("--"), "some text"))
    monkeypatch.setattr(separators, "DOCUMENT_BYTES", 1000)
    with pytest.raises(UserError, match="a document exceeds 1,000 bytes"):
        documents_of(b"a line\n" * 1000 + b"--\nthe rest", "--")


def test_a_command_adds_its_own_advice(monkeypatch):
    cut = Cut("--", texts=1, also=", or do something else")
    documents_of(b"a b", "--", cut)
    assert cut.advice().endswith('or to "" for blank lines, or do something else')
    monkeypatch.setattr(separators, "DOCUMENT_BYTES", 10)
    for separator, ending in (
        ("--", 'documents, or to "" for blank lines, or.'),
        ("", "(now blank lines) to what stands between documents, or."),
    ):
        with pytest.raises(UserError, match=re.escape(ending)):
            list(split(io.BytesIO(b"a line\n" * 10), Cut(separator, also=", or"), "some text"))
