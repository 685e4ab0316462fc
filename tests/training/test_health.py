from __future__ import annotations

import pytest
import torch

from gqvae.config import Network
from gqvae.models.network import GQVAE
from gqvae.training.health import diagnose, examples, gate_histogram, tokens_per_piece

HEALTHY = {"hard_rate": 1.3, "gate_mean": 0.3, "exact_token_accuracy": 0.99, "codes_used": 1.0}


def test_histogram_counts_inner_positions_by_weight() -> None:
    gates = torch.tensor([[0.05, 0.5, 0.85, 0.9], [1.0, 0.9, 0.0, 0.0]])
    found = gate_histogram(gates, torch.tensor([4, 2]), torch.tensor([1.0, 3.0]))
    # The last positions, 0.9 each, do not count; the first word has 0.05, 0.5, 0.85, the second 1.0 three times.
    assert list(found.values()) == pytest.approx([1 / 6, 0, 1 / 6, 0, 4 / 6, 1 / 6, 3 / 6])


@pytest.mark.parametrize(
    ("changes", "strings", "highest_rate", "said"),
    [
        ({}, [b"a", b"b"], 2.0, "look healthy"),
        ({"hard_rate": 1.0}, [b"a"], 2.0, "look healthy"),  # whole pre-tokens where they are asked for
        ({"gate_mean": 0.95, "hard_rate": 4.0}, [b"a"], 4.0, "collapsed to single bytes"),
        ({"hard_rate": 1.0}, [b"a"], 1.0, "collapsed to whole pre-tokens"),
        ({"exact_token_accuracy": 0.5}, [b"a"], 2.0, "only 50 % of tokens decode exactly"),
        ({"codes_used": 0.1}, [b"a"], 2.0, "only 10 % of codes were used"),
        ({}, [b"a", b"a", b"b", b"b"], 2.0, "50 % of codes repeat another's string"),
    ],
)
def test_diagnosis_says_what_is_wrong(changes: dict[str, float], strings: list[bytes], highest_rate: float, said: str) -> None:
    assert said in diagnose({**HEALTHY, **changes}, strings, highest_rate)


def test_no_diagnosis_advises_both_more_codes_and_fewer() -> None:
    said = diagnose({**HEALTHY, "exact_token_accuracy": 0.5, "codes_used": 0.1}, [b"a", b"b"], 2.0)
    assert said == "only 50 % of tokens decode exactly: train longer"


def test_examples_are_readable() -> None:
    network = GQVAE(
        Network(width=16, head_width=8, codebook_size=4, max_token_bytes=4), [32, 0xC3, 0xA9, 10], chunk_bytes=3
    ).eval()
    shown = examples(network, [" é".encode(), b" \n"], None).split("  ")
    assert [text.split("≠")[0] for text in shown] == ["␣é", r"␣\n"]


def test_tokens_per_piece_count_each_piece_as_often_as_it_occurs() -> None:
    network = GQVAE(Network(width=16, head_width=8, codebook_size=4, max_token_bytes=4), [97], chunk_bytes=2).eval()
    assert tokens_per_piece(network, {b"aaa": 3, b"a": 1}, None) == pytest.approx((3 * 2 + 1) / 4)


def test_examples_spell_their_pieces_and_show_what_is_wrong() -> None:
    torch.manual_seed(0)
    network = GQVAE(Network(width=16, head_width=8, codebook_size=4, max_token_bytes=4), [97, 98, 99]).eval()
    shown = examples(network, [b"abc", b"ab", b"c"], None).split("  ")
    for piece, text in zip(("abc", "ab", "c"), shown, strict=True):
        spans = text.split("|")
        assert "".join(span.split("≠")[0] for span in spans) == piece
        assert any("≠" in span for span in spans)  # nothing was learned
