"""Verdicts on a study's claims, computed from its tables by the rule that stands in its configuration, and never typed.

The effect is the relative advantage of the first arm, positive where it is better: first/second − 1 where more is better, 1 − first/second
where less is. It is taken seed by seed, and its interval is Student's over seeds; beside it stands one over test documents, drawn with
replacement (the ends of documents are tokens there, bytes per token elsewhere leave them out). A claim is *supported* if the whole interval lies
above −margin, *contradicted* if it lies wholly below, and otherwise *not supported*: these runs do not decide it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from gqvae import layout
from gqvae.config import TOKENIZER_MEASURES, Claim, Study
from gqvae.evaluation.intervals import LEVEL, Interval, t_interval
from gqvae.evaluation.results import main_rows

MORE_IS_BETTER = {
    "bytes_per_token": True,
    "renyi_efficiency": True,
    "test_bpb": False,
    "convergence": False,
    "learnability": False,
    "bigram_bpb": False,
}

RESAMPLES = 2000

Tables = dict[str, pd.DataFrame]
BySeed = dict[int, float]


def claims_table(study: Study, tables: Tables, corpus: str) -> pd.DataFrame:
    """One row per claim that the study's arms can decide.

    Args:
        study: with its claims.
        tables: the other tables.
        corpus: its label.
    """
    return pd.DataFrame([_judged(study, tables, corpus, name, claim) for name, claim in layout.decidable_claims(study).items()])


def _judged(study: Study, tables: Tables, corpus: str, name: str, claim: Claim) -> dict[str, Any]:
    second = _opponent(study, tables, claim)
    ours, theirs = (_measure(study, tables, claim.measure, arm, "test") for arm in (claim.first, second))
    if claim.measure in TOKENIZER_MEASURES and not any(layout.is_seeded(study, arm) for arm in (claim.first, second)):
        ours, theirs = ({seed: values[seed] for seed in study.seeds[:1]} for values in (ours, theirs))  # one pair, not many
    effect = advantage(ours, theirs, MORE_IS_BETTER[claim.measure])
    return {
        "claim": name,
        "text": claim.text,
        "corpus": corpus,
        "measure": claim.measure,
        "first": claim.first,
        "second": second,
        "seeds": effect.n,
        "first_mean": float(np.mean(list(ours.values()))),
        "second_mean": float(np.mean(list(theirs.values()))),
        "effect": effect.mean,
        "low": effect.low,
        "high": effect.high,
        **_over_documents(study, tables, claim, second),
        "margin": claim.margin,
        "verdict": verdict(effect, claim.margin),
        "cells": f"{_CELLS[claim.measure]}; arm {claim.first}, {second}; seed {', '.join(map(str, study.seeds))}",
    }


def advantage(first: BySeed, second: BySeed, more_is_better: bool) -> Interval:
    """Relative advantage of `first`, seed by seed."""
    ratios = [first[seed] / second[seed] for seed in sorted(first)]
    return t_interval([ratio - 1 if more_is_better else 1 - ratio for ratio in ratios])


def _over_documents(study: Study, tables: Tables, claim: Claim, second: str) -> dict[str, float | None]:
    """Ends of the bootstrap interval of the effect over test documents, where language models have read them."""
    if claim.measure not in ("bytes_per_token", "test_bpb"):
        return {}
    read = tables["documents"]
    if not {claim.first, second} <= set(read["arm"]):
        return {}
    over, under = ("bytes", "tokens") if claim.measure == "bytes_per_token" else ("bits", "bytes")
    sums = [
        [_of(read, arm, seed).sort_values("document")[[over, under]].to_numpy(float) for seed in study.seeds]
        for arm in (claim.first, second)
    ]
    low, high = bootstrap_ratio(np.array(sums), MORE_IS_BETTER[claim.measure])
    return {"document_low": low, "document_high": high}


def bootstrap_ratio(
    sums: np.ndarray, more_is_better: bool, level: float = LEVEL, resamples: int = RESAMPLES
) -> tuple[float, float]:
    """Percentile interval of the mean advantage over seeds, documents drawn with replacement, the same ones for both arms.

    Args:
        sums: (2 arms, seeds, documents, 2) numerators and denominators of every document.
        more_is_better: as for `advantage`.
        level: of the interval.
        resamples: draws.
    """
    documents = sums.shape[2]
    draws = np.random.default_rng(0).multinomial(documents, np.full(documents, 1 / documents), size=resamples)  # (R, documents)
    totals = np.einsum("rd,asdk->rask", draws, sums, optimize=True)  # (R, arms, seeds, 2)
    values = totals[..., 0] / totals[..., 1]
    ratios = (values[:, 0] / values[:, 1]).mean(1)  # (R,)
    low, high = np.quantile(ratios - 1 if more_is_better else 1 - ratios, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def verdict(effect: Interval, margin: float) -> str:
    """What an interval of an advantage says about a claim."""
    if effect.low is not None and effect.low > -margin:
        return "supported"
    if effect.high is not None and effect.high < -margin:
        return "contradicted"
    return "not supported"


def _opponent(study: Study, tables: Tables, claim: Claim) -> str:
    """The arm to compare with: of several, the one that is best on the validation split."""
    fitting = study.opponents(claim)
    if len(fitting) == 1:
        return fitting[0]
    means = {arm: float(np.mean(list(_measure(study, tables, claim.measure, arm, "valid").values()))) for arm in fitting}
    return (max if MORE_IS_BETTER[claim.measure] else min)(fitting, key=means.__getitem__)


def _measure(study: Study, tables: Tables, measure: str, arm: str, split: str) -> BySeed:
    """The values of an arm by seed; a tokenizer that is the same for every seed has the same value at each."""
    return {seed: _MEASURES[measure](study, tables, arm, seed, split) for seed in study.seeds}


def _of(table: pd.DataFrame, arm: str, seed: int) -> pd.DataFrame:
    return table[(table["arm"] == arm) & (table["seed"].isna() | (table["seed"] == seed))]


def _bytes_per_token(study: Study, tables: Tables, arm: str, seed: int, split: str) -> float:
    (row,) = _of(main_rows(tables["compression"], split), arm, seed)["bytes_per_token"]
    return float(row)


def _test_bpb(study: Study, tables: Tables, arm: str, seed: int, split: str) -> float:
    runs = _of(tables["learnability"], arm, seed)
    (row,) = runs.loc[runs["train_bytes"] == max(study.language_model.train_bytes), f"{split}_bpb"]
    return float(row)


def _learnability(study: Study, tables: Tables, arm: str, seed: int, split: str) -> float:
    return float(np.exp(np.log(_of(tables["learnability"], arm, seed)[f"{split}_bpb"].astype(float)).mean()))


def _convergence(study: Study, tables: Tables, arm: str, seed: int, split: str) -> float:
    """On the validation split whatever `split` says: training is measured on no other."""
    return float(_of(tables["milestones"], arm, seed)["mean_bpb"].iloc[0])


def _renyi_efficiency(study: Study, tables: Tables, arm: str, seed: int, split: str) -> float:
    (row,) = _of(tables["distribution"], arm, seed)["renyi_efficiency"]
    return float(row)


def _bigram_bpb(study: Study, tables: Tables, arm: str, seed: int, split: str) -> float:
    """On the test split whatever `split` says: the table has no other."""
    (row,) = _of(tables["distribution"], arm, seed)["bigram_bpb"]
    return float(row)


_MEASURES: dict[str, Callable[[Study, Tables, str, int, str], float]] = {
    "bytes_per_token": _bytes_per_token,
    "test_bpb": _test_bpb,
    "convergence": _convergence,
    "learnability": _learnability,
    "renyi_efficiency": _renyi_efficiency,
    "bigram_bpb": _bigram_bpb,
}
_CELLS = {
    "bytes_per_token": "compression.csv: bytes_per_token where used_downstream and split test",
    "test_bpb": "learnability.csv: test_bpb at the largest train_bytes",
    "convergence": "milestones.csv: mean_bpb",
    "learnability": "learnability.csv: test_bpb at every train_bytes",
    "renyi_efficiency": "distribution.csv: renyi_efficiency",
    "bigram_bpb": "distribution.csv: bigram_bpb",
}
