"""Which claims a study can decide, before anything has run."""

from __future__ import annotations

from typing import Any

import pytest

from fabricated_study import fabricated_settings
from gqvae.config import Study, parse
from gqvae.errors import UserError
from gqvae.study import layout


def test_claims_of_the_paper_without_their_arms_are_left_out() -> None:
    small = fabricated_settings(arms={"bpe": {"kind": "bpe"}, "gqvae": {"kind": "gqvae", "language_model": False}})
    assert list(layout.decidable_claims(small)) == ["C2", "C5a"]


def test_networks_of_the_paper_s_objective_have_claims_and_matched_arms_of_their_own() -> None:
    arms: dict[str, dict[str, Any]] = {"bpe": {"kind": "bpe"}}
    for end, forced in (("paper", False), ("forced", True)):
        arms |= {
            f"gqvae_{end}": {"kind": "gqvae", "objective": {"name": "paper", "force_last_gate": forced}},
            f"bpe_matched_{end}": {"kind": "bpe", "match": f"gqvae_{end}"},
            f"pathpiece_matched_{end}": {"kind": "pathpiece", "match": f"gqvae_{end}"},
        }
    arms["paper_fixed_4"] = {"kind": "fixed", "chunk_bytes": 4, "objective": {"name": "paper"}}
    found = layout.decidable_claims(fabricated_settings(arms=arms))
    for end in ("paper", "forced"):
        own = {name.removesuffix(f"-{end}"): claim for name, claim in found.items() if name.endswith(f"-{end}")}
        assert list(own) == ["C1", "C2", "C3a", "C3b", "C4a", "C4b", "C5a", "C5b", "N3a", "N3b"]
        assert {claim.first for claim in own.values()} == {f"gqvae_{end}"}
        assert (own["C1"].second, own["C4b"].second, own["N3b"].second) == (
            "paper_fixed*",
            f"bpe_matched_{end}",
            f"pathpiece_matched_{end}",
        )
        assert all(("last gate forced" in claim.text) == (end == "forced") for claim in own.values())
    assert len(found) == 20


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
