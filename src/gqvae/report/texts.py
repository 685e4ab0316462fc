"""The table of texts: what tokenizers reach on each, and what the main claims found there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gqvae.figures.amounts import written_range
from gqvae.report.markdown import filled_table, number, percent_between, share
from gqvae.study.across import FinishedStudy
from gqvae.study.amounts import amounts_read
from gqvae.study.results import main_rows
from gqvae.study.tables import read_table
from gqvae.units import format_bytes

ARMS = {"bpe": "BPE", "pathpiece": "the control", "gqvae": "GQ-VAE"}
CLAIMS = {
    "C1": "C1: fixed length",
    "C2": "C2: BPE",
    "N1": "N1: the control",
    "C3b": "C3b: models on BPE",
    "N2": "N2: on the control",
    "C4b": "C4b: on BPE, equal compression",
    "N3b": "N3b: on the control, equal compression",
}


def texts(studies: Sequence[FinishedStudy]) -> str:
    """A row for each study: bytes per token of three arms, tokens that decode exactly, the advantage of GQ-VAE by claim, optimiser steps."""
    header = ["study", *ARMS.values(), "exact tokens", *CLAIMS.values(), "text, steps"]
    return filled_table(header, [_row(study) for study in studies])


def _row(study: FinishedStudy) -> list[str]:
    compression = main_rows(read_table(study.tables, "compression")).groupby("arm", sort=False)
    rates = compression["bytes_per_token"].mean()
    exact = compression["exact_token_accuracy"].mean()["gqvae"]
    claims = study.table("claims", ("claim", "first", "second", "effect", "low", "high", "sign")).set_index("claim")
    told = claims[claims.index.isin(CLAIMS)]
    runs = read_table(study.tables, "learnability")
    runs = runs[runs["arm"].isin([*told["first"], *told["second"]])]
    longest = runs[runs["train_bytes"] == runs["train_bytes"].max()]
    few = "" if longest["steps"].min() >= study.decisive_steps else ": too few"
    steps = written_range(longest["steps"].min(), longest["steps"].max())
    return [
        f"`{study.name}`",
        *(number(rates[arm]) if arm in rates else "–" for arm in ARMS),
        share(exact, 0),
        *(_claim(claims.loc[name]) if name in claims.index else "–" for name in CLAIMS),
        f"{format_bytes(int(amounts_read(longest).iloc[0]))}, {steps}{few}",
    ]


def _claim(row: Any) -> str:
    decided = "" if row["sign"] == "undecided" else f" {row['sign']}"
    return percent_between(row["effect"], row["low"], row["high"]) + decided
