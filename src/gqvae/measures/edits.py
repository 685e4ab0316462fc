"""How much small edits of a text change its tokens: the case of a letter, a blank, a typo.

Passages are drawn at random from the text, every character alike, and edited in one place in the middle. They depend on the text
alone, so all tokenizers see the same ones. A passage reaches 16 characters to either side, to the last blank within them if there
is one: whole words where a script has blanks, and some five of them in English. It is encoded before and after the edit.

* *changed*: edit distance (Levenshtein) between the two sequences of tokens ÷ the length of the longer one, mean over passages.
  0: no edit changes a token; 1: no token stays.
* *resized*: by how many tokens the two lengths differ, mean over passages.

Neither changes if before and after are exchanged: an added blank counts as one that is removed. Both depend on the length of the
passages, so they compare tokenizers and say little on their own.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from random import Random
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from gqvae.tokenizers.base import Tokenizer

EDITS = 1000  # passages of a kind: the standard error of their mean is below 0.01 where shares spread by less than 0.3
TRIES = 20  # places drawn for each edit that is asked for; a text may lack what a kind edits
REACH = 16  # characters
SEED = 0

Way = Callable[[str, str, Random], str | None]  # the edited passage, if the edit can be made between these two parts


class Effect(NamedTuple):
    """What edits of a kind do to the tokens; not a number if the text has no place for them."""

    changed: float
    resized: float


def _flip(left: str, right: str, random: Random) -> str | None:
    flipped = right[:1].swapcase()
    return left + flipped + right[1:] if len(flipped) == 1 and flipped != right[0] else None


def _add_blank(left: str, right: str, random: Random) -> str | None:
    return f"{left} {right}" if left[-1:].isalpha() and right[:1].isalpha() else None


def _remove_blank(left: str, right: str, random: Random) -> str | None:
    between_words = left[-1:].strip() and right[1:2].strip()
    return left + right[1:] if right.startswith(" ") and between_words else None


def _swap(left: str, right: str, random: Random) -> str | None:
    two = right[:2]
    return left + two[::-1] + right[2:] if len(two) == 2 and two.isalpha() and two[0] != two[1] else None


def _replace(left: str, right: str, random: Random) -> str | None:
    others = [one for one in left + right if one.isalpha() and one != right[0]]  # of the same script
    return left + random.choice(others) + right[1:] if right[:1].isalpha() and others else None


KINDS: Mapping[str, Sequence[Way]] = {"case": (_flip,), "blank": (_add_blank, _remove_blank), "typo": (_swap, _replace)}


def passages(documents: Sequence[bytes]) -> dict[str, list[tuple[str, str]]]:
    """Passages of UTF-8 documents before and after an edit of each kind, equally many for each way to make it if the text has places for it."""
    ends = list(accumulate(map(len, documents)))
    return {
        kind: [pair for way in ways for pair in _drawn(documents, ends, way, EDITS // len(ways))] for kind, ways in KINDS.items()
    }


def _drawn(documents: Sequence[bytes], ends: list[int], way: Way, count: int) -> list[tuple[str, str]]:
    random, found = Random(SEED), list[tuple[str, str]]()
    for _ in range(TRIES * count if ends and ends[-1] else 0):
        place = int(random.random() * ends[-1])
        number = bisect_right(ends, place)
        document = documents[number]
        place += len(document) - ends[number]
        if document[place] & 0xC0 == 0x80:
            continue  # within a character
        left, right = _around(document, place)
        edited = way(left, right, random)
        if edited is not None:
            found.append((left + right, edited))
            if len(found) == count:
                break
    return found


def _around(document: bytes, place: int) -> tuple[str, str]:
    """The parts of a passage before and after a place between two characters."""
    left = document[max(0, place - 4 * REACH) : place].decode("utf-8", "ignore")[-REACH:]
    right = document[place : place + 4 * REACH].decode("utf-8", "ignore")[:REACH]
    if len(left) == REACH:
        left = left[next((at for at, one in enumerate(left) if one.isspace()), 0) :]
    if len(right) == REACH:
        right = right[: next((at for at in range(REACH - 1, 0, -1) if right[at].isspace()), REACH)]
    return left, right


def distance(first: Sequence[int], second: Sequence[int]) -> int:
    """The fewest tokens to insert, delete or replace that make one sequence of the other (Levenshtein)."""
    start, shorter = 0, min(len(first), len(second))
    while start < shorter and first[start] == second[start]:
        start += 1
    end = 0
    while end < shorter - start and first[-1 - end] == second[-1 - end]:
        end += 1
    first, second = first[start : len(first) - end], second[start : len(second) - end]
    row = list(range(len(second) + 1))
    for number, one in enumerate(first, start=1):
        before, row[0] = row[0], number
        for place, other in enumerate(second, start=1):
            before, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, before + (one != other))
    return row[-1]


def effects(tokenizer: Tokenizer, documents: Sequence[bytes]) -> dict[str, Effect]:
    """What edits of each kind do to the tokens of UTF-8 documents."""
    return {kind: _effect(tokenizer, pairs) for kind, pairs in passages(documents).items()}


def _effect(tokenizer: Tokenizer, pairs: list[tuple[str, str]]) -> Effect:
    if not pairs:
        return Effect(math.nan, math.nan)
    encoded = tokenizer.encode_documents(text.encode("utf-8") for pair in pairs for text in pair)
    changed = resized = 0.0
    for ids in encoded:
        before, after = ids.tolist(), next(encoded).tolist()
        changed += distance(before, after) / max(len(before), len(after), 1)
        resized += abs(len(after) - len(before))
    return Effect(changed / len(pairs), resized / len(pairs))
