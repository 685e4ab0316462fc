from __future__ import annotations

from itertools import combinations, pairwise

from hypothesis import given
from hypothesis import strategies as st

from gqvae.config import RESERVED_IDS
from gqvae.tokenizers.vocabulary import fewest_tokens, prune, string_ids, token_counts

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


def test_counts_add_up_to_the_bytes() -> None:
    counts = token_counts([b"ab"], [(b"abc", 5), (b"b", 2)])
    assert counts[RESERVED_IDS] == 5 and counts[ord("c")] == 5 and counts[ord("b")] == 2


def test_pruning_keeps_what_saves_most() -> None:
    pretokens = [(b"the", 100), (b"cat", 10), (b"then", 1)]
    families = prune([b"the", b"cat", b"then", b"zz"], pretokens, [RESERVED_IDS + 1, RESERVED_IDS + 2, RESERVED_IDS + 9])
    assert families[RESERVED_IDS + 1] == [b"the"]
    assert families[RESERVED_IDS + 2] == [b"the", b"cat"]
    assert families[RESERVED_IDS + 9] == [b"the", b"cat", b"then"]  # most used first; the unused one is dropped


def test_vocabularies_are_nested_and_do_not_depend_on_the_order_of_strings() -> None:
    pretokens = [(b"abab", 9), (b"abc", 7), (b"cab", 5), (b"bca", 3)]
    strings = [b"ab", b"abc", b"ca", b"abab", b"bc"]
    forward = prune(strings, pretokens, [RESERVED_IDS + 1, RESERVED_IDS + 3])
    assert forward == prune(reversed(strings), pretokens, [RESERVED_IDS + 3, RESERVED_IDS + 1])
    assert set(forward[RESERVED_IDS + 1]) <= set(forward[RESERVED_IDS + 3])
