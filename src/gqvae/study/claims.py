"""Verdicts on a study's claims, computed from its tables by the rule that stands in its configuration, and never typed.

The effect is the relative advantage of the first arm, positive where it is better: first/second − 1 where more is better, 1 − first/second
where less is. There is one pair for each seed. The interval of the effect is Student's over pairs and is not corrected for the number of
claims. Beside it stands an interval over test documents, drawn with replacement (the ends of documents are tokens there, bytes per token
elsewhere leave them out).

Two hypotheses are tested for each claim: that the effect is −margin, and that it is zero. Holm's correction is over all of them in the study.
A claim is *supported* if the first is rejected and the effect lies above −margin, *contradicted* if it lies below, and otherwise
*not supported*: these runs do not decide it. The *sign* says whether zero is rejected: "better", "worse" or "undecided".

Language models decide nothing after fewer than `language_model.decisive_steps` optimiser steps. Learnability leaves out the amounts of
text at which a run of either arm has fewer. Where no amount is left, the effect is shown, the verdict is "too few steps" and nothing is tested.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from gqvae.config import Claim, Study
from gqvae.errors import UserError
from gqvae.measures import learnability
from gqvae.measures.intervals import LEVEL, t_interval
from gqvae.study import layout
from gqvae.study.verdicts import holm, p_value, sign, verdict

TABLES = ("compression", "learnability", "milestones", "distribution", "documents")  # what claims are judged by
TOO_FEW_STEPS = "too few steps"

RESAMPLES = 2000

Tables = dict[str, pd.DataFrame]
BySeed = dict[int, float]
Amounts = tuple[int, ...]  # of training text, in bytes


@dataclass(frozen=True)
class Comparison:
    """The two arms of a claim by its measure; `steps` are the fewest of the language models behind it, None for tokenizers."""

    claim: Claim
    second: str
    ours: BySeed
    theirs: BySeed
    amounts: Amounts
    steps: int | None
    decisive: bool

    @property
    def advantages(self) -> list[float]:
        """Relative advantages of the first arm, pair by pair."""
        return advantages(self.ours, self.theirs, self.claim.measured.more_is_better)

    def nulls(self) -> tuple[float, ...]:
        """The effects that are tested, each once: −margin and zero; none where language models have too few steps or there is one pair."""
        return tuple(dict.fromkeys((-self.claim.margin, 0.0))) if self.decisive and len(self.ours) > 1 else ()


def claims_table(study: Study, tables: Tables, corpus: str) -> pd.DataFrame:
    """One row per claim that the study's arms can decide.

    Args:
        study: with its claims.
        tables: the other tables, at least `TABLES`.
        corpus: its label.

    Raises:
        UserError: a table has no row of an arm at a seed.
    """
    compared = {name: _compared(study, tables, claim) for name, claim in layout.decidable_claims(study).items()}
    tested = {(name, null): p_value(found.advantages, null) for name, found in compared.items() for null in found.nulls()}
    corrected = dict(zip(tested, holm(list(tested.values())), strict=True))
    rows = []
    for name, found in compared.items():
        claim, effect, tests = found.claim, t_interval(found.advantages), ((name, -found.claim.margin), (name, 0.0))
        p, sign_p = (tested.get(test) for test in tests)
        p_holm, sign_p_holm = (corrected.get(test) for test in tests)
        rows.append(
            {
                "claim": name,
                "text": claim.text,
                "corpus": corpus,
                "measure": claim.measure,
                "first": claim.first,
                "second": found.second,
                "seeds": effect.n,
                "first_mean": float(np.mean(list(found.ours.values()))),
                "second_mean": float(np.mean(list(found.theirs.values()))),
                "effect": effect.mean,
                "low": effect.low,
                "high": effect.high,
                **_over_documents(study, tables, claim, found.second),
                "p": p,
                "p_holm": p_holm,
                "margin": claim.margin,
                "verdict": verdict(effect.mean, claim.margin, p_holm) if found.decisive else TOO_FEW_STEPS,
                "sign": sign(effect.mean, sign_p_holm),
                "sign_p": sign_p,
                "sign_p_holm": sign_p_holm,
                "ahead": sum(advantage > 0 for advantage in found.advantages),
                "steps": found.steps,
                "cells": _cells(study, found),
            }
        )
    frame = pd.DataFrame(rows)
    return frame.astype({"steps": "Int64"}) if rows else frame


def _compared(study: Study, tables: Tables, claim: Claim) -> Comparison:
    second = _opponent(study, tables, claim)
    amounts, steps = _amounts(study, tables, claim, [claim.first, second])
    ours, theirs = (_measured(study, tables, claim, arm, "test", amounts) for arm in (claim.first, second))
    if claim.measured.of_tokenizer and not any(study.arms[arm].seeded for arm in (claim.first, second)):
        ours, theirs = ({seed: values[seed] for seed in study.seeds[:1]} for values in (ours, theirs))  # one pair, not many
    decisive = steps is None or steps >= study.language_model.decisive_steps
    return Comparison(claim, second, ours, theirs, amounts, steps, decisive)


def advantages(first: BySeed, second: BySeed, more_is_better: bool) -> list[float]:
    """Relative advantages of `first`, seed by seed."""
    ratios = [first[seed] / second[seed] for seed in sorted(first)]
    return [ratio - 1 if more_is_better else 1 - ratio for ratio in ratios]


def _amounts(study: Study, tables: Tables, claim: Claim, arms: list[str]) -> tuple[Amounts, int | None]:
    """The amounts of text that a claim is measured at, and the fewest steps of the runs there."""
    if claim.measured.of_tokenizer:
        return (), None
    asked = study.language_model.train_bytes if claim.measured.level == "amounts" else study.language_model.train_bytes[-1:]
    fewest = {amount: min(_steps(tables, arm, seed, amount) for arm in arms for seed in study.seeds) for amount in asked}
    used = tuple(amount for amount in asked if fewest[amount] >= study.language_model.decisive_steps) or asked
    return used, min(fewest[amount] for amount in used)


def _over_documents(study: Study, tables: Tables, claim: Claim, second: str) -> dict[str, float | None]:
    """Ends of the bootstrap interval of the effect over test documents, where language models have read them."""
    if claim.measure not in ("bytes_per_token", "test_bpb"):
        return {}
    if not {claim.first, second} <= set(tables["documents"]["arm"]):
        return {}
    over, under = ("bytes", "tokens") if claim.measure == "bytes_per_token" else ("bits", "bytes")
    sums = [
        [_rows(tables, "documents", arm, seed).sort_values("document")[[over, under]].to_numpy(float) for seed in study.seeds]
        for arm in (claim.first, second)
    ]
    low, high = bootstrap_ratio(np.array(sums), claim.measured.more_is_better)
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


def _opponent(study: Study, tables: Tables, claim: Claim) -> str:
    """The arm to compare with: of several, the one that is best on the validation split, at amounts of text that they share."""
    fitting = study.opponents(claim)
    if len(fitting) == 1:
        return fitting[0]
    amounts, _ = _amounts(study, tables, claim, [claim.first, *fitting])
    measured = {arm: _measured(study, tables, claim, arm, "valid", amounts) for arm in fitting}
    means = {arm: float(np.mean(list(values.values()))) for arm, values in measured.items()}
    return (max if claim.measured.more_is_better else min)(fitting, key=means.__getitem__)


def _measured(study: Study, tables: Tables, claim: Claim, arm: str, split: str, amounts: Amounts) -> BySeed:
    """The values of an arm by seed; a tokenizer that is the same for every seed has the same value at each.

    Args:
        split: of measures that know both splits; the others have one.
    """
    return {seed: _value(tables, claim, arm, seed, split, amounts) for seed in study.seeds}


def _value(tables: Tables, claim: Claim, arm: str, seed: int, split: str, amounts: Amounts) -> float:
    if claim.measured.level == "compression":
        rows = _rows(tables, "compression", arm, seed, used_downstream=True, split=split)["bytes_per_token"]
    elif claim.measured.level == "tokens":
        rows = _rows(tables, "distribution", arm, seed)[claim.measure]
    elif claim.measured.level == "curve":
        rows = _rows(tables, "milestones", arm, seed)["mean_bpb"][:1]
    elif claim.measured.level == "amounts":
        return learnability.of([_of_runs(tables, arm, seed, f"{split}_bpb", amount) for amount in amounts])
    else:
        (amount,) = amounts
        return _of_runs(tables, arm, seed, f"{split}_bpb" if claim.measure == "test_bpb" else claim.measure, amount)
    (value,) = rows
    return float(value)


def _of_runs(tables: Tables, arm: str, seed: int, column: str, amount: int) -> float:
    (value,) = _rows(tables, "learnability", arm, seed, train_bytes=amount)[column]
    return float(value)


def _rows(tables: Tables, name: str, arm: str, seed: int, **where: object) -> pd.DataFrame:
    """Rows of an arm at a seed whose columns have the values `where`; a tokenizer without seeds has the same rows at each."""
    table = tables[name]
    chosen = (table["arm"] == arm) & (table["seed"].isna() | (table["seed"] == seed))
    for column, value in where.items():
        chosen &= table[column] == value
    if not chosen.any():
        asked = "".join(f", {column} {value}" for column, value in where.items())
        raise UserError(f"tables/{name}.csv has no row of the arm {arm}, seed {seed}{asked}: collect the study's results again.")
    return table[chosen]


def _steps(tables: Tables, arm: str, seed: int, amount: int) -> int:
    return int(_of_runs(tables, arm, seed, "steps", amount))


_CELLS = {
    "compression": "compression.csv: bytes_per_token where used_downstream and split test",
    "tokens": "distribution.csv: {measure}",
    "losses": "learnability.csv: {measure} at train_bytes {amounts}",
    "curve": "milestones.csv: mean_bpb",
    "amounts": "learnability.csv: test_bpb at train_bytes {amounts}",
}


def _cells(study: Study, found: Comparison) -> str:
    """The cells of the tables that the effect comes from."""
    claim, amounts = found.claim, ", ".join(map(str, found.amounts))
    cells = _CELLS[claim.measured.level].format(measure=claim.measure, amounts=amounts)
    return f"{cells}; arm {claim.first}, {found.second}; seed {', '.join(map(str, study.seeds))}"
