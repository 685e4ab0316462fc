"""Names of families, variants and runs, as the workflow and `gqvae collect` share them."""

from __future__ import annotations

import pytest

from fabricated_study import fabricated_settings
from gqvae.errors import UserError
from gqvae.study import layout, runs


def test_families_have_a_seed_where_their_tokenizer_depends_on_one() -> None:
    study = fabricated_settings(seeds=(0, 2))
    assert layout.families(study) == [
        *("bytes", "bpe", "bpe_matched-s0", "bpe_matched-s2", "fixed-s0", "fixed-s2", "gqvae-s0", "gqvae-s2"),
    ]
    assert [layout.split_family(name) for name in ("bpe", "bpe_matched-s2")] == [("bpe", None), ("bpe_matched", 2)]


def test_variants_are_sizes_or_matched() -> None:
    study = fabricated_settings()
    assert layout.variants(study, "bytes") == ("v257",)
    assert layout.variants(study, "gqvae") == ("v512", "v1024", "v2048", "v4096")
    assert layout.variants(study, "bpe_matched") == ("matched",)
    assert layout.match_target(study, "bpe_matched-s1") == ("gqvae-s1", "v1024")


def test_an_arm_matched_to_a_tokenizer_without_seeds_has_none() -> None:
    arms = {"theirs": {"kind": "external", "path": "a.json"}, "bpe_theirs": {"kind": "bpe", "match": "theirs"}}
    study = fabricated_settings(seeds=(0, 1), arms=arms)
    assert layout.matched_families(study) == ["bpe_theirs"]
    assert layout.match_target(study, "bpe_theirs") == ("theirs", "external")
    with pytest.raises(UserError, match="'bpe_theirs-s0' is not matched to another: name one of bpe_theirs"):
        layout.match_target(study, "bpe_theirs-s0")


def test_every_seed_trains_a_language_model_even_on_a_tokenizer_without_seed() -> None:
    study = fabricated_settings(seeds=(0, 1))
    asked = runs.language_model_runs(study)
    assert len(asked) == len({run.name for run in asked}) == 5 * 2 * (3 + 2)
    run = next(run for run in asked if run.name == "bpe-s1-b500000-l2w64")
    assert (run.family, run.variant) == ("bpe", "v1024")
    assert run.path("results/x").as_posix() == "results/x/language_models/bpe-s1-b500000-l2w64"
    others = {(run.size, run.train_bytes) for run in asked if run.size != "l2w64"}
    assert others == {("l1w32", 1_000_000), ("l3w96", 1_000_000)}
    assert {run.name for run in runs.main_runs(study)} == {run.name for run in asked if run.name.endswith("-b1000000-l2w64")}


def test_tokenizers_of_language_models_are_timed_with_bpe_of_their_size() -> None:
    silent = {"kind": "bpe", "language_model": False}
    study = fabricated_settings(
        seeds=(0, 2), arms={"bytes": {"kind": "bytes"}, "bpe": silent, "gqvae": {"kind": "gqvae"}, "unigram": silent}
    )
    assert runs.timed_tokenizers(study) == [("bpe", "v1024"), ("bytes", "v257"), ("gqvae-s0", "v1024"), ("gqvae-s2", "v1024")]
    without = fabricated_settings(seeds=(0,), arms={"gqvae": {"kind": "gqvae"}})
    assert runs.timed_tokenizers(without) == [("gqvae-s0", "v1024")]
    assert runs.timed_tokenizers(fabricated_settings(arms={"bpe": silent})) == []


def test_an_unknown_arm_and_an_unmatched_family_are_refused() -> None:
    study = fabricated_settings()
    with pytest.raises(UserError, match="no arm 'wordpiece'"):
        layout.family(study, "wordpiece", 0)
    with pytest.raises(UserError, match="not matched"):
        layout.match_target(study, "gqvae-s0")


def test_a_borrowed_arm_has_the_seeds_and_the_size_of_its_lender() -> None:
    arms = {
        "bpe": {"kind": "bpe"},
        "gqvae": {"kind": "gqvae"},
        "gqvae_distilled": {"kind": "borrowed", "arm": "gqvae", "encoder": "distilled"},
        "bpe_away": {"kind": "borrowed", "study": "other", "arm": "bpe"},
        "gqvae_away": {"kind": "borrowed", "study": "other", "arm": "gqvae", "encoder": "neural"},
    }
    study = fabricated_settings(seeds=(0, 1), arms=arms)
    borrowed = ["bpe_away", "gqvae_away-s0", "gqvae_away-s1", "gqvae_distilled-s0", "gqvae_distilled-s1"]
    assert layout.families(study) == ["bpe", "gqvae-s0", "gqvae-s1", *borrowed]
    assert layout.borrowed_families(study) == borrowed
    assert layout.lender(study, "gqvae_distilled-s1") == ("fabricated", "gqvae-s1", "v1024")
    assert layout.lender(study, "gqvae_away-s1") == ("other", "gqvae-s1", "v1024")
    assert layout.lender(study, "bpe_away") == ("other", "bpe", "v1024")
    assert layout.variants(study, "gqvae_away") == ("v1024",)
    assert [study.arms[arm].downstream_encoder for arm in ("gqvae_distilled", "bpe_away")] == ["distilled", ""]
    # No network is trained for it: no history, and no part in what compares trainings.
    assert layout.learned_families(study) == ["gqvae-s0", "gqvae-s1"]
    assert layout.compared_families(study) == ["bpe", "gqvae-s0", "gqvae-s1"]
    with pytest.raises(UserError, match="'gqvae-s0' is not borrowed: name one of bpe_away, gqvae_away-s0"):
        layout.lender(study, "gqvae-s0")


def test_an_arm_that_is_never_quantized_has_a_network_and_no_tokens() -> None:
    unquantized = {"kind": "gqvae", "language_model": False, "changes": {"training.quantize": False}}
    study = fabricated_settings(seeds=(0,), arms={"bpe": {"kind": "bpe"}, "gqvae": {"kind": "gqvae"}, "soft": unquantized})
    assert [study.has_tokens(arm) for arm in ("bpe", "gqvae", "soft")] == [True, True, False]
    assert layout.learned_families(study) == ["gqvae-s0", "soft-s0"]
    assert layout.families(study) == ["bpe", "gqvae-s0"]
    assert layout.tokenizer_arms(study) == ("bpe", "gqvae")
    assert [name for name, _ in layout.downstream_tokenizers(study)] == ["bpe", "gqvae-s0"]
    assert {run.arm for run in runs.language_model_runs(study)} == {"bpe", "gqvae"}
