"""Operations of inference per byte are those of a forward pass over the tokens of a byte."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from fabricated_study import fabricate, fabricated_settings
from gqvae.language_models.transformer import DecoderOnlyTransformer
from gqvae.study.collect import collect
from gqvae.study.columns import COLUMNS, SPEED
from gqvae.study.serving import serving_table
from gqvae.study.tables import read_columns, read_table

LAYERS, WIDTH, CONTEXT, VOCABULARY = 2, 16, 12, 50


def runs_of(model: DecoderOnlyTransformer) -> pd.DataFrame:
    """Two seeds of one arm, in the columns of `learnability`: 4,000 training tokens, 300 test tokens for 900 bytes."""
    row = dict.fromkeys(COLUMNS["learnability"], 0) | {"arm": "bpe", "size": "l2w16", "train_bytes": 9_000, "test_bpb": 1.5}
    row |= {"tokens": 4_000, "flops": 4_000.0 * model.flops_per_token(CONTEXT), "test_tokens": 300, "test_bytes": 900}
    return pd.DataFrame([row | {"seed": 0}, row | {"seed": 1}, row | {"train_bytes": 3_000}])


def test_a_token_costs_what_torch_counts_in_a_forward_pass() -> None:
    model = DecoderOnlyTransformer(VOCABULARY, layers=LAYERS, width=WIDTH, heads=2, context=CONTEXT)
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        model(torch.zeros(1, CONTEXT, dtype=torch.long))
    counted = {str(name): value for name, value in counter.get_flop_counts()["Global"].items()}
    attention = counted["aten.bmm"]
    (found,) = set(serving_table(runs_of(model), pd.DataFrame())["flops_per_token"])
    ours = 2 * LAYERS * WIDTH * (CONTEXT + 1)
    norms = (2 * LAYERS + 1) * WIDTH  # no matrices, so torch leaves them out
    assert CONTEXT * (found - ours - 2 * norms) == sum(counted.values()) - attention
    # torch counts the whole square of scores; a token sees half of it, and itself.
    assert attention == 2 * CONTEXT**2 / (CONTEXT + 1) * ours
    weights = model.parameter_counts().non_embedding + VOCABULARY * WIDTH
    assert found == pytest.approx(2 * weights + ours, rel=1e-12)


def test_a_byte_costs_its_tokens() -> None:
    model = DecoderOnlyTransformer(VOCABULARY, layers=LAYERS, width=WIDTH, heads=2, context=CONTEXT)
    table = serving_table(runs_of(model), pd.DataFrame())
    assert table["seed"].tolist() == [0, 1] and set(table["train_bytes"]) == {9_000}  # after the most text alone
    assert table["tokens_per_byte"].tolist() == [1 / 3] * 2
    assert table["flops_per_byte"].tolist() == pytest.approx([model.flops_per_token(CONTEXT) / 9] * 2)


def test_every_size_of_an_arm_has_the_speed_of_its_tokenizer(tmp_path: Path) -> None:
    study = fabricated_settings(seeds=(0, 1))
    collect(study, fabricate(study, tmp_path), tmp_path / "tables")
    speeds = read_columns(tmp_path / "speed.csv", SPEED).set_index("tokenizer")
    assert list(speeds.index[:2]) == ["bpe/v1024", "bytes/v257"] and len(speeds) == 2 + 3 * 2
    table = read_table(tmp_path / "tables", "serving")
    for arm, seed, tokenizer in (
        ("gqvae", 1, "gqvae-s1/v1024"),
        ("bpe", 1, "bpe/v1024"),
        ("bpe_matched", 0, "bpe_matched-s0/matched"),
    ):
        rows = table[(table["arm"] == arm) & (table["seed"] == seed)]
        assert len(rows) == 3
        for column in ("encode_mb_per_s", "encode_ratio_to_bpe"):
            assert set(rows[column]) == {speeds.loc[tokenizer, column]}


def test_a_study_of_one_size_has_its_runs_with_the_most_text(tmp_path: Path) -> None:
    model = fabricated_settings().language_model.model_copy(update={"other_sizes": ()})
    study = fabricated_settings(seeds=(0, 1), language_model=model)
    collect(study, fabricate(study, tmp_path), tmp_path / "tables")
    table = read_table(tmp_path / "tables", "serving")
    assert len(table) == 5 * 2 and set(table["size"]) == {"l2w64"} and set(table["train_bytes"]) == {1_000_000}


def test_a_study_without_language_models_has_an_empty_table(tmp_path: Path) -> None:
    study = fabricated_settings(seeds=(0,), arms={"bpe": {"kind": "bpe", "language_model": False}})
    collect(study, fabricate(study, tmp_path), tmp_path / "tables")
    assert read_table(tmp_path / "tables", "serving").empty and read_table(tmp_path / "tables", "samples").empty
