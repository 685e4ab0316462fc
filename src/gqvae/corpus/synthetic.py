"""The embedded corpus: a seeded grammar of simple stories. Story i is a function of (seed, i) alone, on any machine.

Each story has a cast that stays the same (names and pronouns, an animal with its food and sound, a trade with its tool, prices that add
up), a plot whose stages follow from one another, and details drawn from a lexicon with a long tail.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import count
from random import Random

from gqvae.config import SyntheticCorpus
from gqvae.corpus import story_words as words
from gqvae.corpus.source import Source
from gqvae.corpus.story_lexicon import adverb, article, compared, forms, past, progressive, tables, with_s, zipfian
from gqvae.corpus.story_plots import PLOTS
from gqvae.corpus.story_scenes import ENDINGS, FILLERS, OPENINGS, TALK, WEATHER

LABEL = "synthetic stories (generated)"


def open_synthetic(settings: SyntheticCorpus) -> Source:
    """Whole stories until there is as much text as the settings ask for."""
    return Source(label=LABEL, synthetic=True, documents=_until(settings.bytes, settings.seed), expected_bytes=settings.bytes)


def _until(size: int, seed: int) -> Iterator[bytes]:
    stories, taken = Storyteller(seed), 0
    for index in count():
        if taken >= size:
            return
        document = stories.tell(index).encode("utf-8")
        taken += len(document)
        yield document


class Cast(dict[str, str]):
    """What a story's templates see: what belongs to the story by name, and everything else drawn when it is asked for."""

    def __init__(self, drawn: dict[str, list[str]], random: Random) -> None:
        super().__init__()
        self._drawn, self._random = drawn, random.random

    def __missing__(self, name: str) -> str:
        if name in _FIGURES:
            return _figure(name, self._random())
        entries = self._drawn.get(name)
        if entries is None:
            if "|" not in name:
                raise KeyError(name)
            entries = self._drawn[name] = name.split("|")
        return entries[int(self._random() * len(entries))]


class Storyteller:
    """Tells the stories of one seed."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        # Only random() is used: it alone is promised to give the same numbers in every version of Python.
        self._random = Random()
        self._drawn = dict(tables())
        self._traits = zipfian(words.TRAITS)
        self._rows = {
            "animal": _zipfian_rows(words.ANIMALS),
            "trade": _zipfian_rows(words.TRADES),
            "weather": _zipfian_rows(words.WEATHER),
            "feeling": _zipfian_rows(words.FEELINGS),
            "act": _zipfian_rows(words.INTRANSITIVE),
        }

    def tell(self, index: int) -> str:
        """Story number `index`."""
        digest = hashlib.blake2b(f"{self._seed}:{index}".encode(), digest_size=8).digest()
        self._random.seed(int.from_bytes(digest, "big"))
        random = self._random.random
        cast = self._cast()
        paragraphs = [_pick(OPENINGS, random)]
        if random() < 0.3:
            paragraphs.append(_pick(WEATHER, random))
        for stage in _pick(PLOTS, random):
            paragraphs.append(_pick(stage, random))
            detail = random()
            if detail < 0.55:
                paragraphs[-1] += " " + _pick(FILLERS, random)
            elif detail < 0.75:
                paragraphs.append(_pick(TALK, random))
        paragraphs.append(_pick(ENDINGS, random))
        gap = ("\n\n", "\n\n", "\n", " ")[int(random() * 4)]
        text = gap.join(paragraphs).format_map(cast)
        text = _capitalised(text)
        if random() < 0.75:  # typographic quotes in a quarter of the stories
            text = text.replace("“", '"').replace("”", '"').replace("’", "'")
        return text if random() < 0.5 else text.replace("\n\n", "\n")

    def _cast(self) -> Cast:
        """A new cast, its members in agreement with one another."""
        cast, random = Cast(self._drawn, self._random), self._random.random
        for who, he in (("hero", "he"), ("friend", "fhe")):
            girl = random() < 0.5
            cast[who] = cast["girl" if girl else "boy"]
            for name, value in zip(
                (he, he[:-2] + "him", he[:-2] + "his"), ("she", "her", "her") if girl else ("he", "him", "his"), strict=True
            ):
                cast[name] = value
                cast[name.capitalize()] = value.capitalize()
            cast[who + "_kind"] = "girl" if girl else "boy"
        return cast
