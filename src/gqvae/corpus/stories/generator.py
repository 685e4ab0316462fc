"""The embedded corpus: a seeded grammar of simple stories. Story i depends only on (seed, i), on every machine.

Each story has a cast that stays the same (names and pronouns, an animal with its food and sound, a trade with its tool, prices that add
up), a plot whose stages follow from one another, and details drawn from a lexicon with a long tail.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import count
from random import Random

from gqvae.corpus.stories.cast import Cast
from gqvae.corpus.stories.lexicon import pick
from gqvae.corpus.stories.plots import PLOTS
from gqvae.corpus.stories.scenes import ENDINGS, FILLERS, OPENINGS, TALK, WEATHER

LABEL = "synthetic stories (generated)"
GAPS = ("\n\n", "\n\n", "\n", " ")  # between the parts of a story


def stories(size: int, seed: int) -> Iterator[bytes]:
    """Whole stories, until they reach `size` bytes."""
    teller, taken = Storyteller(seed), 0
    for index in count():
        if taken >= size:
            return
        document = teller.tell(index).encode("utf-8")
        taken += len(document)
        yield document


class Storyteller:
    """Tells the stories of one seed."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        # Only its random() is used: only that is guaranteed to give the same numbers in every version of Python.
        self._random = Random()

    def tell(self, index: int) -> str:
        """Story number `index`."""
        digest = hashlib.blake2b(f"{self._seed}:{index}".encode(), digest_size=8).digest()
        self._random.seed(int.from_bytes(digest, "big"))
        random = self._random.random
        parts = [pick(OPENINGS, random())]
        if random() < 0.3:
            parts.append(pick(WEATHER, random()))
        for stage in pick(PLOTS, random()):
            parts.append(pick(stage, random()))
            detail = random()
            if detail < 0.55:
                parts[-1] += " " + pick(FILLERS, random())
            elif detail < 0.75:
                parts.append(pick(TALK, random()))
        parts.append(pick(ENDINGS, random()))
        gap = pick(GAPS, random())
        text = gap.join(parts).format_map(Cast(self._random))
        if random() < 0.75:  # the others keep their typographic quotes
            text = text.replace("“", '"').replace("”", '"').replace("’", "'")
        return text
