from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gqvae.kernels.packing import pack
from gqvae.kernels.segmentation import Trie
from gqvae.vocabularies.segmentation import fewest_tokens, string_ids


def texts_of(letters: bytes, shortest: int, longest: int) -> st.SearchStrategy[bytes]:
    """Texts over few letters, so that strings overlap and many segmentations are equally short."""
    return st.lists(st.sampled_from(letters), min_size=shortest, max_size=longest).map(bytes)


LETTERS = (b"a", b"ab", b"abc", b"\x00\x7f\x80\xff")
CASES = st.sampled_from(LETTERS).flatmap(
    lambda letters: st.tuples(
        st.lists(texts_of(letters, 2, 6), unique=True, max_size=12), st.lists(texts_of(letters, 0, 20), max_size=6)
    )
)


def segmented(trie: Trie, texts: list[bytes], vocabulary: np.ndarray | None = None) -> list[list[int]]:
    ids, offsets = trie.fewest(*pack(texts), vocabulary)
    assert ids.dtype == np.uint32 and offsets[-1] == len(ids)
    return [part.tolist() for part in np.split(ids, offsets[1:-1])] if texts else []


def expected(strings: dict[bytes, int], texts: list[bytes]) -> list[list[int]]:
    longest = max(map(len, strings))
    return [fewest_tokens(text, strings, longest) for text in texts]


@given(CASES)
def test_the_kernel_segments_as_python_does(case: tuple[list[bytes], list[bytes]]) -> None:
    strings, texts = case
    assert segmented(Trie(strings), texts) == expected(string_ids(strings), texts)


@given(CASES, st.data())
def test_strings_that_are_not_alive_are_not_in_the_vocabulary(case: tuple[list[bytes], list[bytes]], data: st.DataObject) -> None:
    strings, texts = case
    alive = np.array([data.draw(st.booleans()) for _ in strings], dtype=bool)
    ids = {string: token for string, token in string_ids(strings).items() if token < 257 or alive[token - 257]}
    trie = Trie(strings)
    assert segmented(trie, texts, trie.vocabulary(alive)) == expected(ids, texts)


def test_part_of_a_packed_text_can_be_segmented() -> None:
    blob, offsets = pack([b"abab", b"ab", b"aba"])
    ids, ends = Trie([b"ab"]).fewest(blob, offsets[1:])
    assert ids.tolist() == [257, 257, ord("a")] and ends.tolist() == [0, 1, 3]


@pytest.mark.parametrize("size", [1, 1000, 1_000_000])
def test_a_very_long_pretoken(size: int) -> None:
    ids, offsets = Trie([b"a" * 7, b"a" * 3]).fewest(*pack([b"a" * size]))
    assert len(ids) == size // 7 + (0, 1, 2, 1, 2, 3, 2)[size % 7] and offsets.tolist() == [0, len(ids)]


def test_many_strings_fill_the_table() -> None:
    draw = np.random.default_rng(0)
    strings = sorted({draw.integers(0, 256, size=size, dtype=np.uint8).tobytes() for size in range(2, 40) for _ in range(500)})
    texts = [b"".join(draw.permutation(np.array(strings, dtype=object))[:4].tolist()) for _ in range(50)] + strings[::100]
    assert segmented(Trie(strings), texts) == expected(string_ids(strings), texts)


@given(CASES, st.data())
def test_savings_are_those_of_the_best_place_in_each_text(case: tuple[list[bytes], list[bytes]], data: st.DataObject) -> None:
    strings, texts = case
    alive = np.array([data.draw(st.booleans()) for _ in strings], dtype=bool)
    ids = {string: token for string, token in string_ids(strings).items() if token < 257 or alive[token - 257]}
    times = np.arange(1, len(texts) + 1)

    def cost(text: bytes) -> int:
        return len(fewest_tokens(text, ids, max(map(len, ids))))

    expected = [-1] * len(strings)
    for number, string in enumerate(strings):
        for text, count in zip(texts, times.tolist(), strict=True):
            places = [place for place in range(len(text)) if text.startswith(string, place)]
            rest = [cost(text[:place]) + 1 + cost(text[place + len(string) :]) for place in places if not alive[number]]
            if rest and (gain := cost(text) - min(rest)) > 0:
                expected[number] = max(expected[number], 0) + gain * count
    trie = Trie(strings)
    assert trie.savings(*pack(texts), times, trie.vocabulary(alive)).tolist() == expected


@given(CASES)
def test_counts_are_those_of_the_segmented_texts(case: tuple[list[bytes], list[bytes]]) -> None:
    strings, texts = case
    trie, times = Trie(strings), np.arange(len(texts)) + 3
    ids, offsets = trie.fewest(*pack(texts))
    found = trie.counts(*pack(texts), times, trie.vocabulary())
    assert found.tolist() == np.bincount(ids, np.repeat(times, np.diff(offsets)), 257 + len(strings)).tolist()


@given(CASES)
def test_a_string_costs_extra_tokens_if_it_is_dropped(case: tuple[list[bytes], list[bytes]]) -> None:
    strings, _ = case
    alive = np.arange(len(strings)) % 4 != 3
    trie = Trie(strings)
    for number, extra in enumerate(trie.extra_tokens(trie.vocabulary(alive)).tolist()):
        without = trie.vocabulary(alive & (np.arange(len(strings)) != number))
        assert extra == (len(trie.fewest(*pack([strings[number]]), without)[0]) - 1 if alive[number] else 0)
