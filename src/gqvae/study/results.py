"""Tables behind the summary: one row per arm, and the paired differences between arms."""

from __future__ import annotations

from typing import Any

import pandas as pd

from gqvae.config import BorrowedArm, Study
from gqvae.measures.intervals import paired_difference, t_interval
from gqvae.study import layout
from gqvae.study.columns import TOKEN_MEASURES


def _mean(values: pd.Series[Any]) -> float | None:
    known = values.dropna()
    return float(known.mean()) if len(known) else None


def main_rows(compression: pd.DataFrame, split: str = "test") -> pd.DataFrame:
    """Rows of the tokenizers that the language models read, on one split."""
    return compression[compression["used_downstream"] & (compression["split"] == split)]


def ratio_to_baseline(study: Study, compression: pd.DataFrame, arm: str) -> float | None:
    """Test bytes per token of an arm ÷ those of BPE of the same requested vocabulary size; None without such a BPE."""
    if not layout.has_baseline(study) or layout.variant(study, arm) != layout.variant(study, layout.BASELINE):
        return None
    rows = main_rows(compression)
    means = [float(rows.loc[rows["arm"] == name, "bytes_per_token"].mean()) for name in (arm, layout.BASELINE)]
    return means[0] / means[1]


def results_table(study: Study, tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """One row per arm: means over seeds, range of compression, t-interval of test bits per byte after the most training text."""
    largest = max(study.language_model.train_bytes)
    rows = []
    for arm in layout.tokenizer_arms(study):
        compression = main_rows(tables["compression"])
        compression = compression[compression["arm"] == arm]
        spread = tables["distribution"][tables["distribution"]["arm"] == arm]
        row: dict[str, Any] = {
            "arm": arm,
            "seeds": len(study.seeds),
            "vocab_size": _mean(compression["vocab_size"]),
            "bytes_per_token": _mean(compression["bytes_per_token"]),
            "bytes_per_token_min": float(compression["bytes_per_token"].min()),
            "bytes_per_token_max": float(compression["bytes_per_token"].max()),
            "ratio_to_bpe": ratio_to_baseline(study, tables["compression"], arm),
            "fallback_rate": _mean(compression["fallback_rate"]),
            "exact_token_accuracy": _mean(compression["exact_token_accuracy"]),
            **{name: _mean(spread[name]) for name in TOKEN_MEASURES},
        }
        runs = tables["learnability"]
        runs = runs[(runs["arm"] == arm) & (runs["train_bytes"] == largest)]
        if len(runs):
            interval = t_interval(runs["test_bpb"].tolist())
            row |= {
                "train_bytes": largest,
                "test_bpb": interval.mean,
                "test_bpb_low": interval.low,
                "test_bpb_high": interval.high,
            }
            row |= {"train_tokens": _mean(runs["tokens"])}
            row |= {name: _mean(runs[name]) for name in ("parameters_embedding", "parameters_non_embedding")}
        rows.append(row)
    frame = pd.DataFrame(rows)
    return frame.astype({"train_bytes": "Int64"}) if "train_bytes" in frame else frame


def differences_table(study: Study, learnability: pd.DataFrame) -> pd.DataFrame:
    """Test bits per byte of every GQ-VAE arm (also borrowed) minus every other arm, paired by seed, for all amounts of text."""
    trained = [arm for arm in layout.arm_names(study) if study.arms[arm].language_model]
    borrowed = [arm for arm in trained if isinstance(study.arms[arm], BorrowedArm) and study.arms[arm].seeded]
    learned = [arm for arm in trained if study.arms[arm].subject] + borrowed
    rows = []
    for size in study.language_model.train_bytes:
        runs = learnability[learnability["train_bytes"] == size]
        values = {
            arm: {
                int(seed): float(bpb) for seed, bpb in runs.loc[runs["arm"] == arm, ["seed", "test_bpb"]].itertuples(index=False)
            }
            for arm in trained
        }
        for place, first in enumerate(learned):
            for second in [arm for arm in trained if arm != first and arm not in learned[:place]]:
                interval = paired_difference(values[first], values[second])
                row = {"train_bytes": size, "first": first, "second": second, "seeds": interval.n}
                rows.append(row | {"difference": interval.mean, "low": interval.low, "high": interval.high})
    return pd.DataFrame(rows)
