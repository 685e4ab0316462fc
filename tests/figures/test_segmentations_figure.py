"""The boxes of a row are the tokens of an arm, and what is written in them is the sentence, whatever it consists of."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from fabricated_study import SENTENCE, fabricate, fabricated_settings
from gqvae.figures import segmentations
from gqvae.figures.segmentations import pieces
from gqvae.figures.style import CorpusFacts, styled
from gqvae.measures.segmentations import LONGEST, RARE, SHORTEST
from gqvae.study.tables import write_table
from gqvae.tokenizers.byte_level import to_text
from readable import assert_readable

FACTS = CorpusFacts("a real corpus", False)
TEXTS = {
    "story": [b"Once", b" upon", b" a", b" time", b","],
    "umlauts": [b"Gr\xc3", b"\xbcn", "kohl ä".encode()],
    "line ends and controls": [b"a\r\n", b"\n", b"\t", b"\x00b"],
    "no letters of the font": ["中文".encode(), "😀".encode()[:3], "😀".encode()[3:], "e\u0301".encode()],
    "formulas": [b"$x$", b" $", b"5_{3}$", b"\\"],
    "one byte": [b"a"],
    "an empty token": [b"", b"ab", b""],
    "no bytes": [b""],
    "long": [b"abcdefghij klmnopqrs"] * 6,
}


def drawn(rows: dict[str, list[bytes]], folder: Path) -> tuple[pd.DataFrame, Figure]:
    split = [
        {"arm": arm, "seed": None, "vocab_size": 1000, "tokens": len(row), "segmentation": " ".join(map(to_text, row))}
        for arm, row in rows.items()
    ]
    write_table(pd.DataFrame(split), folder / "tables", "segmentations")
    points = segmentations.points(folder / "tables")
    with styled():
        return points, segmentations.draw(points, FACTS)


def boxes(axes: Axes, place: int) -> list[tuple[float, float]]:
    """Left and right ends of the boxes of a row, from left to right."""
    found = [patch for patch in axes.patches if isinstance(patch, Rectangle) and abs(patch.get_y() + 0.4 - place) < 0.01]
    return sorted((patch.get_x(), patch.get_x() + patch.get_width()) for patch in found)


def written(axes: Axes, place: int) -> list[tuple[float, bytes]]:
    """Where the texts in the boxes of a row are, and the bytes that they stand for."""
    texts = [
        text for text in axes.texts if abs(text.get_position()[1] - place) < 0.3 and text.get_fontfamily() == ["DejaVu Sans Mono"]
    ]
    return sorted((text.get_position()[0], bytes_of(text.get_text())) for text in texts)


def bytes_of(text: str) -> bytes:
    if "\n" in text:
        return bytes.fromhex(text.replace("\n", ""))
    return b" " if text == "␣" else text.encode("utf-8")


@pytest.mark.parametrize("name", TEXTS)
def test_boxes_one_after_the_other_give_the_sentence_back(name: str, tmp_path: Path) -> None:
    tokens = TEXTS[name]
    whole = b"".join(tokens)
    rows = {"gqvae": tokens, "bytes": [bytes([one]) for one in whole] or [b""], "bpe": [whole]}
    _, figure = drawn(rows, tmp_path)
    for place, row in enumerate(rows.values()):
        shown, texts = boxes(figure.axes[0], place), written(figure.axes[0], place)
        assert [round(right - left) for left, right in shown] == [len(token) for token in row if token]
        inside = [b"".join(data for at, data in texts if left < at < right) for left, right in shown]
        assert inside == [token for token in row if token]
        assert [round(left) for left, _ in shown] == [sum(map(len, inside[:number])) for number in range(len(shown))]
    with styled():
        assert_readable(figure, name)


@given(st.one_of(st.binary(max_size=12), st.text(max_size=8).map(lambda text: text.encode("utf-8", "replace"))))
def test_the_pieces_of_a_token_cover_each_byte_once(token: bytes) -> None:
    found = list(pieces(token))
    assert b"".join(bytes_of(piece.text) for piece in found) == token
    assert [piece.start for piece in found] == [sum(piece.size for piece in found[:place]) for place in range(len(found))]


def test_single_bytes_have_no_colour_and_neighbours_different_ones(tmp_path: Path) -> None:
    _, figure = drawn({"gqvae": [b"ab", b"c", b"de", b"fg"]}, tmp_path)
    faces = [patch.get_facecolor() for patch in figure.axes[0].patches]
    assert faces[1] == (1, 1, 1, 1) and len({*faces}) == 3 and faces[2] != faces[3]


def test_numbers_of_tokens_and_sizes_are_those_of_the_table(tmp_path: Path) -> None:
    study = fabricated_settings()
    fabricate(study, tmp_path)
    points = segmentations.points(tmp_path / "tables")
    with styled():
        figure = segmentations.draw(points, FACTS)
    texts = [text.get_text() for text in figure.axes[0].texts]
    names, values = texts.index("tokens"), texts.index("V")
    assert texts[names + 1 : values] == [str(tokens) for tokens in points["tokens"]]
    assert texts[values + 1 :] == [f"{size:,}" for size in points["vocab_size"]]
    assert len(points) == 5 and points.loc[0, "tokens"] == len(SENTENCE.encode())
    assert any("seed 0" in text.get_text() for text in figure.texts)


def test_the_caption_says_by_which_rule_the_sentence_is_chosen() -> None:
    caption = segmentations.PLOT.caption
    assert f"{SHORTEST} to {LONGEST} bytes" in caption and f"fewer than {RARE} times" in caption
