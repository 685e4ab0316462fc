"""Which claims a study can decide, before anything has run."""

from __future__ import annotations

import pytest

from fabricated_study import fabricated_settings
from gqvae.config import Study, parse
from gqvae.errors import UserError
from gqvae.study import layout


def test_claims_of_the_paper_without_their_arms_are_left_out() -> None:
    small = fabricated_settings(arms={"bpe": {"kind": "bpe"}, "gqvae": {"kind": "gqvae", "language_model": False}})
    assert list(layout.decidable_claims(small)) == ["C2", "C5a"]


@pytest.mark.parametrize(
    ("first", "second", "measure", "wrong"),
    [
        ("gqvae", "bpe", "test_bpb", "first is 'gqvae'"),  # no language model
        ("gq*", "bpe", "bytes_per_token", "first is 'gq\\*'"),
        ("bpe", "bp*", "bytes_per_token", "second is 'bp\\*': name one of gqvae\\."),
        ("bpe", "raw", "bytes_per_token", "second is 'raw'"),  # never quantized
        ("raw", "bpe", "bytes_per_token", "first is 'raw'"),
    ],
)
def test_claims_that_nothing_decides_are_refused(first: str, second: str, measure: str, wrong: str) -> None:
    raw = {"kind": "gqvae", "language_model": False, "changes": {"training.quantize": False}}
    arms = {"bpe": {"kind": "bpe"}, "gqvae": {"kind": "gqvae", "language_model": False}, "raw": raw}
    settings = fabricated_settings(arms=arms).model_dump(mode="json")
    settings["claims"] = {"mine": {"text": "x", "measure": measure, "first": first, "second": second}}
    with pytest.raises(UserError, match=rf"claims\.mine\.{wrong}"):
        parse(Study, settings, "test")
