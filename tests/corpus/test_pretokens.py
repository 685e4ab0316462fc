"""Pre-tokens and their counts."""

from __future__ import annotations

import sys
import unicodedata
from pathlib import Path

import numpy as np
import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from gqvae.corpus import pretokens
from gqvae.corpus.pretoken_table import PretokenTable
from gqvae.corpus.pretokenizers.gpt2 import PRETOKENIZER
from gqvae.corpus.pretokens import PretokenCounts, count_pretokens
from gqvae.corpus.unicode_classes import LETTERS, NUMBERS, WHITE_SPACE
from gqvae.errors import UserError
from gqvae.kernels.packing import pack

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
GPT2 = r"""'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"""
NASTY = st.text(st.sampled_from(list(" \t\n\r\x1c\x85\xa0\u2028'’sdtlrevm1²٣aéñ漢🙂\u0301\u200b!“\0")), max_size=60)


@given(TEXT | NASTY)
@settings(deadline=None)
def test_pretokens_join_to_the_text(text):
    pieces = PRETOKENIZER.split(text)
    assert "".join(pieces) == text
    assert all(pieces)


def test_pretokens_are_those_of_gpt2():
    assert PRETOKENIZER.split("I'll go  to 42 cafés!\n\nIt's") == [
        "I", "'ll", " go", " ", " to", " 42", " cafés", "!", "\n", "\n", "It", "'s",
    ]  # fmt: skip


@given(TEXT | NASTY)
@settings(deadline=None)
def test_text_is_cut_as_by_the_expression_of_gpt2(text):
    # Oracle: another engine with its own tables; characters that only one of the two knows are left out.
    known = "".join(character for character in text if unicodedata.category(character) != "Cn")
    assert PRETOKENIZER.split(known) == regex.findall(GPT2, known)


def by_kernel(texts):
    table = PretokenTable("gpt2")
    rows = table.encode(pack([text.encode() for text in texts]))
    known = table.since(0).strings()
    return [[known[row].decode() for row in document] for document in rows.lists()]


@given(st.lists(TEXT | NASTY, max_size=4))
@settings(deadline=None)
def test_the_kernel_cuts_as_the_expression_does(texts):
    pretokens = [PRETOKENIZER.split(text) for text in texts]
    assert by_kernel(texts) == pretokens
    documents = pack([text.encode() for text in texts])
    lengths = [len(pretoken.encode()) for document in pretokens for pretoken in document]
    assert PRETOKENIZER.ends(documents.values, documents.offsets[1:]).tolist() == np.cumsum(lengths, dtype=int).tolist()


@pytest.mark.parametrize("before", ["", " ", "a", "1", "!", "\n"])
def test_the_kernel_knows_every_class(before):
    ranges = [*LETTERS, *NUMBERS, *WHITE_SPACE, (0xD800, 0xDFFF)]
    edges = {code + step for pair in ranges for code in pair for step in (-1, 0, 1)}
    some = [chr(code) for code in sorted(edges | set(range(0, sys.maxunicode + 1, 997))) if not 0xD800 <= code < 0xE000]
    text = "".join(f"{before}{character}a1! " for character in some)
    assert by_kernel([text]) == [PRETOKENIZER.split(text)]


@pytest.mark.parametrize("blank", ["", " "])
def test_words_of_every_length_end_where_they_should(blank):
    texts = [
        f"{blank}{'z' * length}{after}" for length in range(30) for after in ("", " ", "é", "1", "Z", "[", "`", "{", "@", "\x7f")
    ]
    assert by_kernel(texts) == [PRETOKENIZER.split(text) for text in texts]
    assert by_kernel(["x".join(texts)]) == [PRETOKENIZER.split("x".join(texts))]


def test_classes_are_those_of_unicode():
    found = {
        code: name
        for name, ranges in (("L", LETTERS), ("N", NUMBERS))
        for first, last in ranges
        for code in range(first, last + 1)
    }
    for code in range(sys.maxunicode + 1):
        category = unicodedata.category(chr(code))
        # This Python may not know the newest characters; what it knows never changes.
        assert category == "Cn" or found.get(code) == (category[0] if category[0] in "LN" else None), hex(code)
    spaces = {code for first, last in WHITE_SPACE for code in range(first, last + 1)}
    assert spaces == {code for code in range(sys.maxunicode + 1) if regex.match(r"\s", chr(code))}


@given(st.lists(TEXT | NASTY, max_size=8))
@settings(deadline=None)
def test_counts_cover_the_text_in_order_of_frequency(texts):
    documents = [text.encode() for text in texts]
    found = count_pretokens(documents)
    assert found.total_bytes == sum(map(len, documents))
    assert found.total == sum(len(PRETOKENIZER.split(text)) for text in texts)
    keys = [(-int(count), pretoken) for count, pretoken in zip(found.counts, found.pretokens, strict=True)]
    assert keys == sorted(keys) and len(set(found.pretokens)) == len(found)


def test_saved_counts_come_back_and_files_are_reproducible(tmp_path):
    found = count_pretokens([b"the cat and the dog\tand\n\nthe end", "é漢🙂".encode()])
    found.save(tmp_path / "a.npz")
    found.save(tmp_path / "b.npz")
    loaded = PretokenCounts.load(tmp_path / "a.npz")
    assert loaded.pretokens == found.pretokens
    assert loaded.counts.dtype == np.int64 and np.array_equal(loaded.counts, found.counts)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_no_documents_give_no_counts(tmp_path):
    count_pretokens([]).save(tmp_path / "none.npz")
    assert len(PretokenCounts.load(tmp_path / "none.npz")) == 0


def damaged_files(folder: Path) -> list[Path]:
    count_pretokens([b"one two three two three three " * 20]).save(folder / "whole.npz")
    whole = (folder / "whole.npz").read_bytes()
    middle = bytearray(whole)
    middle[len(whole) // 3] ^= 0xFF
    contents = {"cut": whole[: len(whole) // 2], "empty": b"", "flipped": bytes(middle), "text": b"not an archive"}
    for name, content in contents.items():
        (folder / f"{name}.npz").write_bytes(content)
    arrays = {"blob": np.frombuffer(b"abc", np.uint8), "offsets": np.array([0, 2]), "counts": np.array([1])}
    np.savez(folder / "short.npz", **arrays)
    np.savez(folder / "negative.npz", **{**arrays, "offsets": np.array([0, 3]), "counts": np.array([-1])})
    np.savez(folder / "missing.npz", blob=arrays["blob"])
    np.savez(folder / "pickled.npz", **{**arrays, "counts": np.array([{}], dtype=object)})
    np.save(folder / "plain.npz", arrays["blob"])
    (folder / "plain.npz.npy").rename(folder / "plain.npz")
    return sorted(path for path in folder.glob("*.npz") if path.name != "whole.npz")


def test_damaged_files_are_refused_by_name(tmp_path):
    paths = damaged_files(tmp_path)
    assert len(paths) == 9
    for path in paths:
        with pytest.raises(UserError, match=rf"{path.name} is damaged .*: delete it"):
            PretokenCounts.load(path)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match=r"none\.npz does not exist"):
        PretokenCounts.load(tmp_path / "none.npz")


def test_trainings_see_long_pretokens_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pretokens, "LONGEST_TRAINED", 8)
    counts = PretokenCounts([b"the", "ééééé€".encode(), b"abcdefgh", b"x" * 20], np.array([4, 3, 2, 1]))
    parts = counts.in_parts()
    assert dict(parts.pairs()) == {b"the": 4, "éééé".encode(): 3, "é€".encode(): 3, b"abcdefgh": 2, b"x" * 8: 2, b"x" * 4: 1}
    assert parts.total_bytes == counts.total_bytes and parts.pretokens[0] == b"the"
    assert dict(counts.beginnings().pairs()) == {b"the": 4, "éééé".encode(): 3, b"abcdefgh": 2, b"x" * 8: 1}
    assert parts.in_parts() is parts and parts.beginnings() is parts
