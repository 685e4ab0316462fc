"""Inflects, combines and draws the words of the story grammar.

Every table is a list that contains the word of rank r about N/r times, so that a uniform draw follows Zipf's law. Rare words are
stems with prefixes and suffixes, compounds, and names built from syllables, so that their parts recur.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Hashable, Iterable, Sequence
from functools import cache
from random import Random
from typing import TypeVar

from gqvae.corpus.stories import words

VOWELS = "aeiou"
RARE_WORDS = 9000  # of each kind; enough that most of them stay unseen in a small sample
NAMES = 3000

Entry = TypeVar("Entry", bound=Hashable)


def past(verb: str) -> str:
    """Regular past tense: play, played; try, tried; stop, stopped; like, liked."""
    if verb.endswith("e"):
        return verb + "d"
    if verb[-1] == "y" and verb[-2] not in VOWELS:
        return verb[:-1] + "ied"
    return _doubled(verb) + "ed"


def progressive(verb: str) -> str:
    """The -ing form: lie, lying; make, making; see, seeing; run, running."""
    if verb.endswith("ie"):
        return verb[:-2] + "ying"
    if verb.endswith("e") and not verb.endswith(("ee", "oe", "ye")):
        return verb[:-1] + "ing"
    return _doubled(verb) + "ing"


def doer(verb: str) -> str:
    """The agent noun: bake, baker; run, runner."""
    return _doer_stem(verb) + "er"


def with_s(word: str) -> str:
    """Regular plural of a noun and third person of a verb: box, boxes; cry, cries; play, plays."""
    if word.endswith(("s", "x", "z", "ch", "sh")) or word in ("go", "do", "potato", "tomato", "volcano", "mango", "echo"):
        return word + "es"
    if word[-1] == "y" and word[-2] not in VOWELS:
        return word[:-1] + "ies"
    return word + "s"


def compared(adjective: str) -> tuple[str, str]:
    """Comparative and superlative of a regular adjective: big, bigger, biggest; careful, more careful, most careful."""
    groups = _vowel_groups(adjective)
    if adjective.endswith("y") and groups <= 2:
        return adjective[:-1] + "ier", adjective[:-1] + "iest"
    if groups > 1 and not adjective.endswith(("ow", "le")):
        return f"more {adjective}", f"most {adjective}"
    stem = adjective[:-1] if adjective.endswith("e") else _doubled(adjective)
    return stem + "er", stem + "est"


def adverb(adjective: str) -> str:
    """The -ly form: quick, quickly; happy, happily; gentle, gently."""
    if adjective.endswith("y"):
        return adjective[:-1] + "ily"
    if adjective.endswith("le"):
        return adjective[:-1] + "y"
    return adjective + ("y" if adjective.endswith("ll") else "ally" if adjective.endswith("ic") else "ly")


def animals(animal: str) -> str:
    """The plural of an animal."""
    return {"sheep": "sheep", "mouse": "mice", "goose": "geese", "wolf": "wolves"}.get(animal) or with_s(animal)


def article(phrase: str) -> str:
    """The phrase with its indefinite article: a cake, an apple, some bread."""
    if phrase in words.UNCOUNTED.split():
        return "some " + phrase
    silent = phrase.startswith(("hour", "honest"))
    vowel = phrase[0].lower() in "aeiouéáí" and not phrase.startswith(("use", "uni", "eu", "one"))
    return ("an " if vowel or silent else "a ") + phrase


def _doer_stem(verb: str) -> str:
    return verb[:-1] if verb.endswith("e") else _doubled(verb)


def _vowel_groups(word: str) -> int:
    spelled = word[:-1] if word.endswith("e") else word
    return sum(1 for before, letter in zip(" " + spelled, spelled, strict=False) if letter in "aeiouy" and before not in "aeiouy")


def _doubled(word: str) -> str:
    """Double a final consonant after one short vowel in words of one syllable: stop, stopp-."""
    short = len(word) > 2 and word[-1] not in "aeiouwxyh" and word[-2] in VOWELS and word[-3] not in VOWELS
    return word + word[-1] if short and (_vowel_groups(word) == 1 or word == "forget") else word


def pick(choices: Sequence[Entry], place: float) -> Entry:
    """The choice at a place in [0, 1)."""
    return choices[int(place * len(choices))]


def zipfian(entries: Iterable[Entry], shift: int = 2) -> list[Entry]:
    """A list from which a uniform draw gives the entry of rank r roughly in proportion to 1/(r + shift)."""
    ranked = list(dict.fromkeys(entries))
    return [entry for rank, entry in enumerate(ranked, 1) for _ in range(max(1, (len(ranked) + shift) // (rank + shift)))]


def forms(text: str) -> list[list[str]]:
    """The rows of a word list: "go:went" is [go, went]."""
    return [row.split(":") for row in text.split()]


def scattered(entries: Iterable[str]) -> list[str]:
    """The entries in a fixed pseudorandom order."""
    return sorted(dict.fromkeys(entries), key=lambda entry: hashlib.blake2b(entry.encode(), digest_size=8).digest())


@cache
def tables() -> dict[str, list[str]]:
    """Everything templates draw from, by name; also capitalised and with an article where that makes sense."""
    verbs = {"iv": forms(words.INTRANSITIVE), "tv": forms(words.TRANSITIVE)}
    plain: dict[str, list[str]] = {}
    for name, rows in verbs.items():
        plain[name] = [row[0] for row in rows]
        plain[name + "s"] = [with_s(row[0]) for row in rows]
        plain[name + "ing"] = [progressive(row[0]) for row in rows]
        plain[name + "ed"] = [row[1] if len(row) > 1 else past(row[0]) for row in rows]
    for name, text in (("thing", words.THINGS), ("nature", words.NATURE), ("food", words.FOODS), ("place", words.PLACES)):
        plain[name] = [row[0] for row in forms(text)]
        plain[name + "s"] = [row[1] if len(row) > 1 else with_s(row[0]) for row in forms(text)]
    adjectives = forms(words.ADJECTIVES)
    plain["adj"] = [row[0] for row in adjectives]
    plain["adjer"] = [row[1] if len(row) > 1 else compared(row[0])[0] for row in adjectives]
    plain["adjest"] = [row[2] if len(row) > 2 else compared(row[0])[1] for row in adjectives]
    plain["adjly"] = [adverb(word) for word in words.MANNERS.split()]
    plain["animal"] = [row[0] for row in forms(words.ANIMALS)]
    plain["animals"] = list(map(animals, plain["animal"]))
    plain |= {"item": plain["thing"], "items": plain["things"], "beast": plain["animal"], "beasts": plain["animals"]}
    plain |= {"dish": plain["food"], "dishes": plain["foods"]}
    plain["number"] = words.NUMBERS.split()
    drawn = {name: zipfian(entries) for name, entries in plain.items()}
    drawn |= {name: zipfian(entries, shift=0) for name, entries in _rare().items()}
    drawn |= {f"a_{name}": [article(entry) for entry in entries] for name, entries in drawn.items() if not name.endswith("s")}
    drawn |= {name[0].upper() + name[1:]: [entry[0].upper() + entry[1:] for entry in entries] for name, entries in drawn.items()}
    drawn["emoji"] = words.EMOJI.split()
    return drawn


@cache
def rows(name: str) -> list[tuple[str, ...]]:
    """Rows of a word list, repeated by frequency as in `zipfian`, like the results of the next three functions."""
    return zipfian(map(tuple, forms(getattr(words, name))))


@cache
def acts() -> list[tuple[str, ...]]:
    """Verbs in all their forms: base, third person, past, progressive, and agent noun."""
    return zipfian(
        (base, with_s(base), irregular[0] if irregular else past(base), progressive(base), doer(base))
        for base, *irregular in forms(words.INTRANSITIVE)
    )


@cache
def foods() -> list[tuple[str, ...]]:
    """Foods: singular, plural, singular with its article."""
    return zipfian((food, with_s(food), article(food)) for food in words.FOODS.split())


@cache
def traits() -> list[tuple[tuple[str, str], ...]]:
    """Items for each trait: plain, with its article, comparative, superlative, adverb."""
    names = ("trait", "a_trait", "traiter", "traitest", "traitly")
    return zipfian(
        tuple(zip(names, (trait, article(trait), *compared(trait), adverb(trait)), strict=True)) for trait in words.TRAITS.split()
    )


def _rare() -> dict[str, list[str]]:
    """Rare words: derived adjectives, nouns and adverbs, compounds."""
    nouns, verbs, adjectives = (text.split() for text in (words.STEMS, words.VERB_STEMS, words.ADJECTIVE_STEMS))
    able = [_doer_stem(verb) + "able" for verb in verbs]
    described = (
        [noun + ending for noun in nouns for ending in ("less", "ful", "like", "-shaped")]
        + [prefix + word for word in able for prefix in ("", "un", "re")]
        + [prefix + adjective for adjective in adjectives for prefix in ("un", "over", "half-", "well-", "ever-", "not-quite-")]
        + [f"{first}-{second}" for first in nouns for second in ("covered", "colored", "loving", "haunted", "scented", "filled")]
    )
    seconds = words.COMPOUND_SECOND.split()
    compounds = [first + second for first in words.COMPOUND_FIRST.split() for second in seconds if first != second]
    compounds = scattered(compounds)[:RARE_WORDS]
    nesses = [
        re.sub("y$", "i", word) + "ness" for word in adjectives + [noun + ending for noun in nouns for ending in ("less", "ful")]
    ]
    doers = [form(verb) for verb in verbs for form in (doer, progressive)] + [noun + "ship" for noun in nouns]
    redone = [past(prefix + verb) for verb in ("wrap", "pack", "paint", "cover", "load", "lock", "fold", "open", "visit", "play", "turn",
              "charge", "place", "count", "start", "join", "fill", "cook", "heat", "learn", "print", "explain", "trade", "move", "wash")
              for prefix in ("re", "un", "over", "under", "out", "mis", "pre", "fore", "co-", "half-")]  # fmt: skip
    ways = [adverb(word) for word in described if "-" not in word]
    return {
        "rareadj": scattered(described)[:RARE_WORDS],
        "compound": compounds,
        "compounds": [word + "folk" if word.endswith(("man", "works")) else with_s(word) for word in compounds],
        "rarenoun": scattered(nesses + doers)[:RARE_WORDS],
        "rareed": scattered(redone),
        "rarely": scattered(ways),
        "girl": words.GIRLS.split() + _made_up("girl", words.GIRL_ENDINGS),
        "boy": words.BOYS.split() + _made_up("boy", words.BOY_ENDINGS),
        "town": _made_up("town", words.TOWN_ENDINGS),
    }


def _made_up(kind: str, endings: str) -> list[str]:
    """Names of one or two syllables and an ending, not too short, the same on every machine."""
    random = Random(kind).random

    def drawn(choices: str) -> str:
        return pick(choices.split(), random())

    names: dict[str, None] = {}
    while len(names) < NAMES:
        syllables = [
            drawn(words.ONSETS) + drawn(words.VOWELS) + (drawn(words.CODAS) if random() < 0.4 else "")
            for _ in range(1 + int(random() * 2))
        ]
        ending = drawn(endings)
        stem = "".join(syllables)
        if len(stem) > 3:
            names[((stem.rstrip(VOWELS) if ending[0] in "aeioué" else stem) + ending).capitalize()] = None
    return list(names)
