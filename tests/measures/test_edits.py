"""Edits are those that they are called, and what they do to tokens is what can be counted by hand or by another algorithm."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gqvae.cli import main
from gqvae.config import measures
from gqvae.corpus.documents import DocumentStore
from gqvae.files import read_json
from gqvae.measures import edits
from gqvae.tokenizers.base import Tokenizer
from gqvae.tokenizers.bytes import BytesTokenizer
from gqvae.vocabularies.segmentation import string_ids

TEXT = "The old fox didn't see the Blue bird. It was far away, in a tree; nobody knew which.\n" * 40
SCRIPTS = "Лиса видела синюю птицу. 狐狸看见了一只蓝色的鸟它在树上。 Η αλεπού είδε ένα πουλί. " * 40


class Words(Tokenizer):
    """A pre-token is one token if it is a word of the text, in any case; else it is spelt."""

    kind = "words for tests"

    def __init__(self, strings: Sequence[bytes]) -> None:
        super().__init__(strings)
        self._ids = string_ids(strings)

    def segment(self, pretokens: Sequence[bytes]) -> Iterable[Sequence[int]]:
        return ([self._ids[text]] if text in self._ids else list(text) for text in pretokens)


def words_of(text: str) -> Words:
    return Words(sorted({pretoken.encode() for pretoken in BytesTokenizer().split(text) if len(pretoken.encode()) > 1}))


def counted(change: str, before: str, after: str) -> int:
    """Characters that differ, where an edit neither adds nor removes one."""
    assert len(before) == len(after), change
    return sum(one != other for one, other in zip(before, after, strict=True))


@pytest.mark.parametrize("text", [TEXT, SCRIPTS])
def test_edits_are_what_they_are_called(text: str) -> None:
    found = edits.passages([text.encode()])
    assert {kind: len(pairs) for kind, pairs in found.items()} == dict.fromkeys(edits.KINDS, edits.EDITS)
    for kind, pairs in found.items():
        assert len(set(pairs)) > 50, kind
        for before, after in pairs:
            assert before in text and len(before) <= 2 * edits.REACH and before != after
    assert all(before.swapcase() != before and before.lower() == after.lower() for before, after in found["case"])
    assert {counted("case", *pair) for pair in found["case"]} == {1}
    halves = found["blank"][: edits.EDITS // 2], found["blank"][edits.EDITS // 2 :]
    assert all(len(after) == len(before) + 1 and after.replace(" ", "") == before.replace(" ", "") for before, after in halves[0])
    assert all(len(after) == len(before) - 1 and after.replace(" ", "") == before.replace(" ", "") for before, after in halves[1])
    swapped, replaced = found["typo"][: edits.EDITS // 2], found["typo"][edits.EDITS // 2 :]
    assert all(counted("swap", *pair) == 2 and sorted(pair[0]) == sorted(pair[1]) for pair in swapped)
    assert {counted("replace", *pair) for pair in replaced} == {1}


def test_passages_are_of_whole_words_of_one_document() -> None:
    documents = [line.encode() for line in TEXT.splitlines()] + [b"", "Ещё одна строка: лиса.".encode()]
    words, lines = {*TEXT.split(), "Ещё", "одна", "строка:", "лиса."}, {document.decode() for document in documents}
    for pairs in edits.passages(documents).values():
        assert all(any(before in line for line in lines) and set(before.split()) <= words for before, _ in pairs)


def test_every_character_is_as_likely(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of the letters are Cyrillic, which take two bytes."""
    text = "лисалиса foxyfoxy "
    monkeypatch.setattr(edits, "REACH", 1)
    flipped = [before[-1] for before, _ in edits.passages([(text * 200).encode()])["case"]]
    assert sum(letter in "лиса" for letter in flipped) / len(flipped) == pytest.approx(0.5, abs=0.05)


def test_a_text_without_places_has_no_effect_to_tell() -> None:
    for documents in ([], [b""], [b"123 4 5 " * 9]):
        found = edits.effects(BytesTokenizer(), documents)
        assert math.isnan(found["case"].changed) and math.isnan(found["typo"].resized)
    ideographs = edits.passages(["狐狸看见了一只蓝色的鸟它在树上".encode()])
    assert ideographs["case"] == [] and len(ideographs["blank"]) == len(ideographs["typo"]) // 2 == edits.EDITS // 2


def test_the_passages_depend_on_the_text_alone(tmp_path: Path) -> None:
    first = edits.passages([TEXT.encode()])
    assert first == edits.passages([TEXT.encode()])
    assert first != edits.passages([TEXT[1:].encode()])


@functools.cache
def naive(first: tuple[int, ...], second: tuple[int, ...]) -> int:
    if not first or not second:
        return len(first) + len(second)
    replaced = naive(first[1:], second[1:]) + (first[0] != second[0])
    return min(replaced, naive(first[1:], second) + 1, naive(first, second[1:]) + 1)


SHORT = st.lists(st.integers(0, 2), max_size=7)


@given(SHORT, SHORT)
def test_the_distance_is_the_fewest_changes(first: list[int], second: list[int]) -> None:
    found = edits.distance(first, second)
    assert found == naive(tuple(first), tuple(second)) == edits.distance(second, first)
    assert abs(len(first) - len(second)) <= found <= max(len(first), len(second))


def test_bytes_change_where_the_text_does() -> None:
    documents = [TEXT.encode()]
    found, pairs = edits.effects(BytesTokenizer(), documents), edits.passages(documents)
    assert found["case"] == (pytest.approx(sum(1 / len(before) for before, _ in pairs["case"]) / edits.EDITS), 0)
    longer = [max(map(len, pair)) for pair in pairs["blank"]]
    assert found["blank"] == (pytest.approx(sum(1 / length for length in longer) / edits.EDITS), 1)
    half = edits.EDITS // 2  # two letters are swapped, or one is replaced
    typos = [(2 if place < half else 1) / len(before) for place, (before, _) in enumerate(pairs["typo"])]
    assert found["typo"] == (pytest.approx(sum(typos) / edits.EDITS), 0)


def test_whole_words_are_spelt_once_a_letter_has_another_case() -> None:
    """“ fox” is one token, “ foX” four bytes: four changes, three tokens more."""
    tokenizer = words_of(" the fox ran")
    assert [len(tokenizer.encode(text)) for text in (" the fox ran", " the foX ran")] == [3, 6]
    text = (" fox" * 200).encode()
    before = [passage for passage, _ in edits.passages([text])["case"]]
    assert all(passage == " fox" * (len(passage) // 4) for passage in before)
    found = edits.effects(words_of(" fox"), [text])["case"]
    shares = [4 / (len(passage) // 4 + 3) for passage in before]
    assert found == (pytest.approx(sum(shares) / len(shares)), 3)


def test_a_tokenizer_that_ignores_case_is_not_changed_by_it(monkeypatch: pytest.MonkeyPatch) -> None:
    tokenizer = BytesTokenizer()
    monkeypatch.setattr(tokenizer, "segment", lambda pretokens: [list(text.lower()) for text in pretokens])
    monkeypatch.setattr(tokenizer, "segment_packed", functools.partial(Tokenizer.segment_packed, tokenizer))
    found = edits.effects(tokenizer, [TEXT.encode()])
    assert found["case"] == (0, 0) and found["blank"].resized == 1 and found["typo"].changed > 0


def test_they_are_measured_of_a_study_s_tokenizer(tmp_path: Path) -> None:
    corpus, tokens, tokenizer = (str(tmp_path / name) for name in ("corpus", "tokens", "bytes"))
    settings = '{"source": "synthetic", "bytes": 30000, "valid_fraction": 0.1, "test_fraction": 0.1}'
    assert main(["prepare-corpus", "--settings", settings, "--out", corpus]) == 0
    BytesTokenizer().save(Path(tokenizer))
    assert main(["encode-corpus", "--tokenizer", tokenizer, "--corpus", corpus, "--out", tokens]) == 0
    asked = ["measure-distribution", "--tokens", tokens, "--corpus", corpus, "--out", str(tmp_path / "out"), "--tokenizer"]
    assert main([*asked, tokenizer]) == 0
    found = read_json(tmp_path / "out" / "distribution.json")
    test = list(DocumentStore.open(tmp_path / "corpus", "test"))
    for kind, effect in edits.effects(BytesTokenizer(), test).items():
        assert (found[f"changed_by_{kind}"], found[f"resized_by_{kind}"]) == effect
    assert {name for name in measures("tokens") if "_by_" in name} == {
        f"{part}_by_{kind}" for part in edits.Effect._fields for kind in edits.KINDS
    }
    other = tmp_path / "other"
    Words([b"fox"]).save(other)
    assert main([*asked, str(other)]) == 2
