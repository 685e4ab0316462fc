"""Tables behind the summary: one row per arm, and the paired differences between arms."""

from __future__ import annotations

from typing import Any

import pandas as pd

from gqvae.config import BorrowedArm, Study
from gqvae.measures.intervals import paired_difference, t_interval
from gqvae.study import layout
from gqvae.study.columns import COLUMNS, TOKEN_MEASURES
from gqvae.study.sizes import same_size


def _mean(values: pd.Series[Any]) -> float | None:
    known = values.dropna()
    return float(known.mean()) if len(known) else None


def main_rows(compression: pd.DataFrame) -> pd.DataFrame:
    """Rows of the tokenizers that the language models read, on the test split."""
    return compression[compression["used_downstream"] & (compression["split"] == "test")]


def results_table(study: Study, tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """One row per arm: means over seeds, range of compression, t-interval of test bits per byte after the most training text.

    The ratio is to BPE of the same vocabulary size. It is missing if the study has no such BPE, or if the arm did not reach its size.
    """
    largest, main = max(study.language_model.train_bytes), main_rows(tables["compression"])
    baseline = main.loc[main["arm"] == layout.BASELINE, ["vocab_size", "bytes_per_token"]].astype(float).mean()
    rows = []
    for arm in layout.tokenizer_arms(study):
        compression = main[main["arm"] == arm]
        bytes_per_token = float(compression["bytes_per_token"].mean())
        vocab_size = float(compression["vocab_size"].mean())
        requested = layout.has_baseline(study) and layout.variant(study, arm) == layout.variant(study, layout.BASELINE)
        comparable = requested and same_size(vocab_size, baseline["vocab_size"])
        spread = tables["distribution"][tables["distribution"]["arm"] == arm]
        row: dict[str, Any] = {
            "arm": arm,
            "seeds": len(study.seeds),
            "vocab_size": vocab_size,
            "bytes_per_token": bytes_per_token,
            "bytes_per_token_min": float(compression["bytes_per_token"].min()),
            "bytes_per_token_max": float(compression["bytes_per_token"].max()),
            "ratio_to_bpe": bytes_per_token / baseline["bytes_per_token"] if comparable else None,
            "fallback_rate": _mean(compression["fallback_rate"]),
            "exact_token_accuracy": _mean(compression["exact_token_accuracy"]),
            "cut_entropy": _mean(compression["cut_entropy"]),
            **{name: _mean(spread[name]) for name in TOKEN_MEASURES},
        }
        runs = tables["learnability"]
        runs = runs[(runs["arm"] == arm) & (runs["train_bytes"] == largest)]
        if len(runs):
            interval = t_interval(runs["test_bpb"].tolist())
            row |= {"test_bpb": interval.mean, "test_bpb_low": interval.low, "test_bpb_high": interval.high}
            row |= {"train_bytes": largest, "train_tokens": _mean(runs["tokens"])}
            row |= {name: _mean(runs[name]) for name in ("parameters_embedding", "parameters_non_embedding")}
        rows.append(row)
    return pd.DataFrame(rows, columns=list(COLUMNS["results"])).astype({"train_bytes": "Int64"})


def differences_table(study: Study, learnability: pd.DataFrame) -> pd.DataFrame:
    """Test bits per byte of every GQ-VAE arm (also borrowed) minus every other arm, paired by seed, for all amounts of text."""
    trained = [arm for arm in layout.arm_names(study) if study.arms[arm].language_model]
    borrowed = [arm for arm in trained if isinstance(study.arms[arm], BorrowedArm) and study.arms[arm].seeded]
    learned = [arm for arm in trained if study.arms[arm].subject] + borrowed
    rows = []
    for size in study.language_model.train_bytes:
        runs = learnability[learnability["train_bytes"] == size]
        values = {arm: dict(zip(own["seed"], own["test_bpb"], strict=True)) for arm, own in runs.groupby("arm")}
        for place, first in enumerate(learned):
            for second in [arm for arm in trained if arm != first and arm not in learned[:place]]:
                interval = paired_difference(values[first], values[second])
                row = {"train_bytes": size, "first": first, "second": second, "seeds": interval.n}
                rows.append(row | {"difference": interval.mean, "low": interval.low, "high": interval.high})
    return pd.DataFrame(rows)
