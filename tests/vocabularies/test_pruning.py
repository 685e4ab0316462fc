from __future__ import annotations

from itertools import combinations, pairwise, product
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pruning_in_python
from gqvae.config import RESERVED_IDS
from gqvae.vocabularies import pruning as vocabulary
from gqvae.vocabularies.pruning import prune
from gqvae.vocabularies.segmentation import fewest_tokens, string_ids
from pruning_in_python import token_counts

STRINGS = st.lists(
    st.binary(min_size=2, max_size=4).map(lambda data: bytes(value % 3 + 97 for value in data)), unique=True, max_size=8
)
TEXT = st.binary(min_size=1, max_size=8).map(lambda data: bytes(value % 3 + 97 for value in data))


@given(STRINGS, TEXT)
def test_segmentation_is_lossless_and_the_shortest(strings: list[bytes], text: bytes) -> None:
    ids = string_ids(strings)
    inverse = {token: string for string, token in ids.items()}
    tokens = fewest_tokens(text, ids, max(map(len, strings), default=1))
    assert b"".join(inverse[token] for token in tokens) == text
    # Oracle: every way to cut the text, by number of cuts.
    for cuts in range(len(tokens) - 1):
        for places in combinations(range(1, len(text)), cuts):
            edges = [0, *places, len(text)]
            assert not all(text[start:end] in ids for start, end in pairwise(edges))


def test_ties_go_to_the_longest_last_token() -> None:
    ids = string_ids([b"ab", b"bc", b"abc"])
    assert fewest_tokens(b"xabc", ids, 3) == [ord("x"), ids[b"abc"]]
    ids = string_ids([b"ab", b"bcd", b"cd", b"abc"])
    assert fewest_tokens(b"abcd", ids, 3) == [ord("a"), ids[b"bcd"]]  # not ab·cd nor abc·d


def test_pruning_keeps_what_saves_most() -> None:
    pretokens = [(b"the", 100), (b"cat", 10), (b"then", 1)]
    families = prune([b"the", b"cat", b"then", b"zz"], pretokens, [RESERVED_IDS + 1, RESERVED_IDS + 2, RESERVED_IDS + 9])
    assert families[RESERVED_IDS + 1] == [b"the"]
    assert families[RESERVED_IDS + 2] == [b"the", b"cat"]
    assert families[RESERVED_IDS + 9] == [b"the", b"cat", b"then"]  # most used first; the unused one is dropped


def test_vocabularies_do_not_depend_on_the_order_of_strings_or_sizes() -> None:
    pretokens = [(b"abab", 9), (b"abc", 7), (b"cab", 5), (b"bca", 3)]
    strings = [b"ab", b"abc", b"ca", b"abab", b"bc"]
    sizes = [RESERVED_IDS + 1, RESERVED_IDS + 3]
    assert prune(strings, pretokens, sizes) == prune(reversed(strings), pretokens, sizes[::-1])


def test_strings_are_taken_in_again_where_that_saves_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    # All words of two and three letters over abcd: dropping one by one in tenths is greedy, so an exchange finds better ones.
    words = [bytes(word) for word in product(b"abcd", repeat=5)]
    pretokens = [(word, 1 + (7 * place) % 101) for place, word in enumerate(words)]
    strings = [bytes(word) for length in (2, 3) for word in product(b"abcd", repeat=length)]
    sizes = [RESERVED_IDS + 12, RESERVED_IDS + 30]

    def tokens() -> list[int]:
        families = prune(strings, pretokens, sizes)
        assert all(len(families[size]) == size - RESERVED_IDS and set(families[size]) <= set(strings) for size in sizes)
        return [int(token_counts(families[size], pretokens).sum()) for size in sizes]

    exchanged = tokens()
    monkeypatch.setattr(vocabulary, "EXCHANGED", ())
    dropped = tokens()
    assert all(better <= worse for better, worse in zip(exchanged, dropped, strict=True)) and sum(exchanged) < sum(dropped)


def cases(letters: bytes) -> st.SearchStrategy[tuple[list[bytes], list[tuple[bytes, int]]]]:
    """Candidates and counted pre-tokens over few letters: strings overlap, and many losses and savings are equal."""
    candidates = st.lists(st.lists(st.sampled_from(letters), min_size=2, max_size=5).map(bytes), unique=True, max_size=20)
    texts = st.lists(st.sampled_from(letters), min_size=1, max_size=12).map(bytes) | st.integers(30, 80).map(
        lambda size: (letters * size)[:size]
    )
    pretokens = st.dictionaries(texts, st.integers(1, 4), max_size=20).map(lambda counts: list(counts.items()))
    return st.tuples(candidates, pretokens)


@settings(deadline=None)
@given(
    st.sampled_from([b"ab", b"abc", b"abcdef", b"\x00\xff"]).flatmap(cases),
    st.lists(st.integers(1, 20).map(lambda room: RESERVED_IDS + room), min_size=1, max_size=2),
)
def test_vocabularies_are_those_of_plain_python(case: tuple[list[bytes], list[tuple[bytes, int]]], sizes: list[int]) -> None:
    candidates, pretokens = case
    assert prune(candidates, pretokens, sizes) == pruning_in_python.prune(candidates, pretokens, sizes)


@pytest.mark.parametrize("letters", [2, 26])
def test_large_vocabularies_are_those_of_plain_python(letters: int) -> None:
    draw = Random(letters)
    candidates = {bytes(draw.choices(range(letters), k=draw.randint(2, 8))) for _ in range(500)}
    texts = {bytes(draw.choices(range(letters), k=draw.randint(1, 15))) for _ in range(300)}
    texts |= {b"".join(draw.sample(sorted(candidates), k=draw.randint(1, 4))) for _ in range(300)}
    pretokens = [(text, 1 + 5000 // (1 + place)) for place, text in enumerate(sorted(texts))]
    sizes = [RESERVED_IDS + room for room in (400, 100, 101, 1)]
    assert prune(candidates, pretokens, sizes) == pruning_in_python.prune(candidates, pretokens, sizes)
