"""The figure of claims stays readable beside a large control, and says what was decided and why not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from gqvae.figures.claims import COLUMNS, LOOKS, draw
from gqvae.figures.style import CorpusFacts, styled

ROW: dict[str, Any] = {
    "text": "x is better than y", "first": "gqvae", "second": "bpe", "seeds": 3, "effect": 0.02, "low": 0.01, "high": 0.03, "p_holm": 0.0123,
    "margin": 0.0, "verdict": "supported", "sign": "better", "sign_p_holm": 0.0123, "steps": 900,
}  # fmt: skip


def drawn(*changes: dict[str, Any]) -> Figure:
    data = pd.DataFrame([{"claim": f"C{place}"} | ROW | change for place, change in enumerate(changes)])[COLUMNS]
    with styled():
        return draw(data.astype({"steps": "Int64"}), CorpusFacts("a corpus", False))


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def test_a_large_control_is_cut_off_and_written_out() -> None:
    figure = drawn({}, {}, {"effect": -0.01, "low": -0.02, "high": 0.0}, {"effect": 0.6, "low": 0.5, "high": 0.7})
    (axes,) = figure.axes
    _, end = axes.get_xlim()
    assert 3 <= end < 5
    arrows = [line for line in axes.get_lines() if line.get_marker() == ">"]
    assert [tuple(line.get_xydata()[0]) for line in arrows] == [(end, 3)]
    assert any("+60.00 %" in text and "[+50.0, +70.0]" in text for text in texts(figure))
    for line in axes.get_lines():
        assert np.abs(line.get_xdata()).max() <= end


def test_a_long_interval_is_cut_at_the_side_where_it_is_long() -> None:
    figure = drawn({"low": -0.9}, {}, {}, {})
    (axes,) = figure.axes
    start, _ = axes.get_xlim()
    assert [tuple(line.get_xydata()[0]) for line in axes.get_lines() if line.get_marker() in "<>"] == [(start, 0)]
    centres = [line.get_xdata()[0] for line in axes.get_lines() if line.get_marker() == LOOKS["supported"][1]]
    assert centres == [2.0] * 4


def test_verdict_sign_and_corrected_p_stand_beside_each_other() -> None:
    behind = {"margin": 0.05, "effect": -0.01, "p_holm": 0.0001, "sign": "worse", "sign_p_holm": 0.04}
    said = texts(drawn({}, behind, behind | {"sign": "undecided", "sign_p_holm": 0.4}))
    assert any(text.endswith("supported, better") for text in said) and "Holm p 0.012" in said
    assert any(text.endswith("supported, worse") for text in said) and "Holm p < 0.001, of the sign 0.04" in said
    assert any(text.endswith("supported, sign undecided") for text in said)


def test_too_few_steps_have_a_look_of_their_own_and_no_p() -> None:
    untested = {"verdict": "too few steps", "sign": "undecided", "p_holm": None, "sign_p_holm": None, "steps": 16}
    figure = drawn(untested, untested | {"margin": 0.05})
    said = texts(figure)
    assert sum(text.endswith("\ntoo few steps") for text in said) == 2 and said.count("fewest: 16") == 2
    assert not any("Holm" in text for text in said)
    assert len({color for color, _ in LOOKS.values()}) == len({marker for _, marker in LOOKS.values()}) == len(LOOKS)
    assert sum(line.get_marker() == LOOKS["too few steps"][1] for line in figure.axes[0].get_lines()) == 2
