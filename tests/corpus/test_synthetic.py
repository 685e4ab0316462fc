"""The embedded corpus: reproducible, rich, and coherent."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import time
from itertools import islice, pairwise
from random import Random

import numpy as np
import pytest

from gqvae.corpus.pretokens import count_pretokens
from gqvae.corpus.sources.synthetic import Settings as SyntheticCorpus
from gqvae.corpus.sources.synthetic import open_source as open_synthetic
from gqvae.corpus.stories import lexicon as story_lexicon
from gqvae.corpus.stories import plots as story_plots
from gqvae.corpus.stories import scenes as story_scenes
from gqvae.corpus.stories.cast import Cast
from gqvae.corpus.stories.generator import Storyteller

TEMPLATES = [
    *story_scenes.OPENINGS,
    *story_scenes.WEATHER,
    *story_scenes.FILLERS,
    *story_scenes.TALK,
    *story_scenes.ENDINGS,
    *(template for plot in story_plots.PLOTS for stage in plot for template in stage),
]


@pytest.fixture(scope="module")
def documents() -> list[bytes]:
    return list(open_synthetic(SyntheticCorpus()).documents)


def test_size_is_asked_for_in_whole_stories():
    source = open_synthetic(SyntheticCorpus(bytes=50_000))
    found = list(source.documents)
    assert source.synthetic and "generated" in source.label
    assert 50_000 <= sum(map(len, found)) < 50_000 + len(found[-1]) + 1


def test_story_is_a_function_of_seed_and_index(documents):
    stories = Storyteller(0)
    assert [stories.tell(i).encode() for i in (7, 3, 3)] == [documents[7], documents[3], documents[3]]
    assert Storyteller(1).tell(3) != stories.tell(3)
    assert list(islice(open_synthetic(SyntheticCorpus(bytes=9_000)).documents, 3)) == documents[:3]


def test_text_does_not_depend_on_the_hash_seed_or_the_process(documents):
    code = "import hashlib; from gqvae.corpus.stories.generator import Storyteller as S; s = S(0); "
    code += "print(hashlib.sha256(''.join(s.tell(i) for i in range(300)).encode()).hexdigest())"
    expected = hashlib.sha256(b"".join(documents[:300])).hexdigest()
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        assert done.stdout.strip() == expected


def test_text_is_rich_in_rare_words_and_nearly_zipfian(documents):
    found = count_pretokens(documents)
    assert 4_000_000 <= found.total_bytes < 4_010_000
    assert len(found) >= 8_000
    assert 3.8 < found.total_bytes / found.total < 4.6
    assert (found.counts == 1).sum() > 0.2 * len(found)
    ranks = np.unique(np.geomspace(10, 3_000, 40).astype(int))
    slope = np.polyfit(np.log(ranks), np.log(found.counts[ranks - 1]), 1)[0]
    assert -1.4 < slope < -0.75
    for piece in (b"'s", b"'t", b"'ll", b" wouldn", b"\xe2\x80\x9c", b"\xe2\x80\x94", b"$", b"\n", "é".encode()):
        assert any(piece in pretoken for pretoken in found.pretokens), piece


def test_stories_have_the_length_of_stories_and_are_distinct(documents):
    lengths = np.array([len(document) for document in documents])
    assert np.percentile(lengths, 1) > 400 and np.percentile(lengths, 99) < 1_500
    assert len(set(documents)) == len(documents)
    assert all(document.decode().strip() == document.decode() for document in documents)


def test_generation_is_fast_enough_for_gigabytes():
    stories = Storyteller(5)
    stories.tell(0)
    start = time.process_time()
    size = sum(len(stories.tell(i)) for i in range(1_000))
    assert size / (time.process_time() - start) > 1e6  # several MB/s on an idle core


def test_every_template_can_be_filled():
    for seed in range(20):
        for template in TEMPLATES:
            text = template.format_map(Cast(Random(seed)))
            assert "{" not in text and "}" not in text and "  " not in text
    with pytest.raises(KeyError, match="no_such_name"):
        "{no_such_name}".format_map(Cast(Random(0)))


def test_prices_add_up(documents):
    seen = 0
    for document in documents:
        text = document.decode()
        if sum_ := re.search(r"(\d+) times .(\d+)\.(\d\d) is .(\d+)\.(\d\d)\.", text):
            number, price, cents, total, total_cents = map(int, sum_.groups())
            assert number * (100 * price + cents) == 100 * total + total_cents
            seen += 1
    assert seen > 50


def test_animals_keep_to_their_food(documents):
    rows = {row[0]: row[1] for row in story_lexicon.forms(story_lexicon.words.ANIMALS)}
    eaten = [re.search(r"The (\w+) ate the (\w+) and", document.decode()) for document in documents]
    pairs = [match.groups() for match in eaten if match]
    assert len(pairs) > 50 and all(rows[animal] == food for animal, food in pairs)


@pytest.mark.parametrize(
    ("form", "words"),
    [
        (story_lexicon.past, "play:played try:tried stop:stopped like:liked visit:visited fix:fixed hum:hummed squeeze:squeezed"),
        (story_lexicon.progressive, "lie:lying make:making see:seeing run:running swim:swimming open:opening tiptoe:tiptoeing"),
        (story_lexicon.with_s, "box:boxes cry:cries play:plays brush:brushes cat:cats potato:potatoes"),
        (story_lexicon.adverb, "quick:quickly happy:happily gentle:gently dull:dully"),
        (story_lexicon.doer, "bake:baker run:runner climb:climber"),
        (lambda word: story_lexicon.compared(word)[1], "big:biggest happy:happiest nice:nicest narrow:narrowest gentle:gentlest"),
        (
            lambda word: story_lexicon.article(word).replace(" ", "-"),
            "apple:an-apple pear:a-pear hourglass:an-hourglass bread:some-bread",
        ),
    ],
)
def test_words_inflect_as_in_english(form, words):
    for base, inflected in (pair.split(":") for pair in words.split()):
        assert form(base) == inflected


def test_draws_follow_rank():
    drawn = story_lexicon.zipfian([f"word{rank}" for rank in range(1, 201)], shift=0)
    counts = [drawn.count(f"word{rank}") for rank in range(1, 201)]
    assert counts[0] == 200 and counts[9] == 20 and counts[199] == 1
    assert all(earlier >= later for earlier, later in pairwise(counts))
