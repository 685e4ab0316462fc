from __future__ import annotations

import csv
from pathlib import Path

import pytest

from gqvae.cli import main
from gqvae.config import Distillation
from gqvae.corpus.pretokens import count_pretokens
from gqvae.distillation.distill import distill
from gqvae.measures.bytes_per_token import count_tokens
from gqvae.measures.cut_entropy import cut_entropy
from gqvae.measures.rates import REQUESTS, TARGETS
from gqvae.study.columns import COLUMNS
from gqvae.tokenizers.bpe import train_bpe
from gqvae.training.network import train_network
from small_network import RUN, TEXT


def test_rates_asked_for_and_reached(tmp_path: Path) -> None:
    counts = count_pretokens([TEXT.encode()])
    (tmp_path / "pretokens").mkdir()
    for split in ("train", "valid"):
        counts.save(tmp_path / "pretokens" / f"{split}.npz")
    train_network(RUN, counts, counts, seed=0, label="test", out=tmp_path / "network", state=tmp_path / "state", threads=1)
    ((_, tokenizer),) = distill(tmp_path / "network", Distillation(sizes=(300,)), counts)
    tokenizer.save(tmp_path / "gqvae-s3" / "v300")
    bpe = train_bpe(counts, 300)
    bpe.save(tmp_path / "bpe")
    table = tmp_path / "rates.csv"
    arguments = ["measure-rates", "--tokenizers", str(tmp_path / "gqvae-s3" / "v300"), "--bpe", str(tmp_path / "bpe")]
    assert main([*arguments, "--pretokens", str(tmp_path / "pretokens"), "--out", str(table)]) == 0
    rows = list(csv.DictReader(table.open()))
    assert list(rows[0]) == list(COLUMNS["rates"]) and {(row["arm"], row["seed"]) for row in rows} == {("gqvae", "3")}
    plain, asked = (
        [row for row in rows if not row["target_bytes_per_token"]],
        [row for row in rows if row["target_bytes_per_token"]],
    )
    assert (len(plain), len(asked)) == (REQUESTS, TARGETS)
    one = plain[0]
    again = tokenizer.at_rate(float(one["request"]))
    assert float(one["bytes_per_token"]) == pytest.approx(counts.total_bytes / count_tokens(again, counts))
    cuts = zip(again.cuts(counts.pretokens), counts.counts.tolist(), strict=True)
    assert float(one["cut_entropy"]) == pytest.approx(cut_entropy(cuts))
    assert 1 <= float(one["gate_rate"]) == pytest.approx(float(one["gate_mean"]) * counts.total_bytes / counts.total)
    assert float(asked[-1]["target_bytes_per_token"]) == pytest.approx(0.9 * counts.total_bytes / count_tokens(bpe, counts))
    for row in asked:
        error = float(row["bytes_per_token"]) / float(row["target_bytes_per_token"]) - 1
        assert float(row["relative_error"]) == pytest.approx(error)
