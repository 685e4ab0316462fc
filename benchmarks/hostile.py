"""Generated text that is hard to tokenize: the same strings for the same number, on every machine."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from random import Random

BLOCK = 1000  # strings with one seed
CONTRACTIONS = ("'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'S", "'RE", "’s", "''s", "'", "' s", "'sx", "'lll")
BLANKS = (" ", "  ", "\t", "\n", "\r\n", "\n\n", "\v", "\f", "\x1c", "\x1f", "\x85", "\xa0", "\u1680", "\u2009", "\u2028", "\u2029",
          "\u202f", "\u205f", "\u3000", "\u200b", "\ufeff", "\u180e")  # fmt: skip
WORDS = (
    "the",
    "once",
    " upon",
    " a",
    "time",
    " Lily",
    "don",
    "I",
    "we",
    "antidisestablishmentarianism",
    "<|endoftext|>",
    "<|pad|>",
)
EMOJI = ("😀", "👩‍👩‍👧‍👦", "🏳️‍🌈", "👍🏽", "🇩🇪", "❤️", "☃", "1️⃣", "🫠", "\U0001fae8")
# First and last code points of scripts, marks, digits, symbols, private use, non-characters and what is not assigned.
RANGES = (
    (0x00, 0x1F), (0x20, 0x7E), (0x7F, 0x9F), (0xA0, 0xFF), (0x100, 0x24F), (0x300, 0x36F), (0x370, 0x3FF), (0x400, 0x4FF),
    (0x530, 0x5FF), (0x600, 0x6FF), (0x900, 0x97F), (0xE00, 0xE7F), (0x1100, 0x11FF), (0x1680, 0x180F), (0x1AB0, 0x1AFF),
    (0x2000, 0x206F), (0x2070, 0x218F), (0x20D0, 0x20FF), (0x2600, 0x27BF), (0x3000, 0x30FF), (0x4E00, 0x9FFF), (0xA8E0, 0xA8FF),
    (0xAC00, 0xD7A3), (0xE000, 0xE0FF), (0xFB00, 0xFDFF), (0xFE00, 0xFE2F), (0xFF00, 0xFFFF), (0x10000, 0x105FF),
    (0x10A00, 0x10AFF), (0x11000, 0x11FFF), (0x16000, 0x18FFF), (0x1D100, 0x1D7FF), (0x1E800, 0x1EFFF), (0x1F000, 0x1FAFF),
    (0x20000, 0x33479), (0x3D000, 0x3FC5F), (0xE0000, 0xE01EF), (0x10FF00, 0x10FFFF),
)  # fmt: skip


def _characters(random: Random, first: int, last: int, number: int) -> str:
    return "".join(chr(random.randint(first, last)) for _ in range(number))


def _script(random: Random) -> str:
    return _characters(random, *random.choice(RANGES), random.randint(1, 6))


def _anything(random: Random) -> str:
    codes = (random.randrange(sys.maxunicode + 1) for _ in range(random.randint(1, 4)))
    return "".join(chr(code) for code in codes if not 0xD800 <= code <= 0xDFFF)


def _word(random: Random) -> str:
    return random.choice(("", " ")) + _characters(random, 97, 122, random.randint(1, 12))


def _number(random: Random) -> str:
    return random.choice(("", " ", "-", "²", "٣")) + str(random.randrange(10 ** random.randint(1, 20)))


def _marked(random: Random) -> str:
    return random.choice(("", " ", "a", "é", "😀", "\u200d")) + _characters(random, 0x300, 0x36F, random.randint(1, 5))


def _run(random: Random) -> str:
    one = random.choice((" ", "\n", "a", "!", "0", "\xa0", "\u0301", "字", "😀", "\0", " a", "ab", "\r\n"))
    longest = random.choices((20, 200, 2000), (950, 49, 1))[0]
    return one * random.randint(1, longest)


PARTS: tuple[Callable[[Random], str], ...] = (
    _script, _script, _anything, _word, _word, _word, _number, _marked, _run,
    lambda random: random.choice(CONTRACTIONS),
    lambda random: random.choice(BLANKS),
    lambda random: "".join(random.choices(BLANKS, k=random.randint(2, 5))),
    lambda random: random.choice(WORDS),
    lambda random: random.choice(EMOJI),
)  # fmt: skip


def hostile_strings(number: int) -> Iterator[str]:
    """Strings of up to ten parts; some are empty."""
    for block in range(0, number, BLOCK):
        random = Random(block)
        for _ in range(min(BLOCK, number - block)):
            yield "".join(random.choice(PARTS)(random) for _ in range(random.randint(0, 10)))
