"""Verdicts on a study's claims, computed from its configuration and its tables.

The effect is the first arm's relative advantage, positive where it is better: first/second − 1 if more is better, else
1 − first/second. There is one pair for each seed; tokenizers that do not depend on it are one pair. The effect has a t-interval
over pairs, not corrected for the number of claims, and a bootstrap interval over test documents. Only the bootstrap counts ends of
documents as tokens in bytes per token.

Two hypotheses are tested for each claim: the effect is −margin, and the effect is zero. Holm's correction covers all tests of a
study. A claim is *supported* if the first is rejected and the effect is above −margin, and *contradicted* if it is rejected and
the effect is below −margin. Otherwise it is *not supported*: the runs do not decide it. The *sign* is "better" or "worse" if zero
is rejected, else "undecided".

Measures of a matched arm are interpolated to exactly the compression of its target, if that is near enough with every seed
(`equal_compression`). The column `cells` says so. The bootstrap is not interpolated.

Language models with fewer than `language_model.decisive_steps` optimiser steps decide nothing. Learnability leaves out amounts of
text at which a run of either arm has fewer. If no amount is left, the effect is shown, but nothing is tested: "too few steps".
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
from gqvae.study.columns import COLUMNS
from gqvae.study.equal_compression import beside, interpolate, share
from gqvae.study.results import main_rows
from gqvae.study.verdicts import holm, p_value, sign, verdict

TABLES = ("compression", "learnability", "milestones", "distribution", "documents")  # tables that claims are judged from
TOO_FEW_STEPS = "too few steps"
RESAMPLES = 2000
RESAMPLES_AT_ONCE = 100
Tables = dict[str, pd.DataFrame]
BySeed = dict[int, float]
Amounts = tuple[int, ...]  # of training text, in bytes


@dataclass(frozen=True)
class Comparison:
    """The values of both arms of a claim; `steps` is the minimum over their language models, None for tokenizers."""

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
        """The distinct effects to test, −margin and zero; none if there are too few steps or only one pair."""
        return tuple(dict.fromkeys((-self.claim.margin, 0.0))) if self.decisive and len(self.ours) > 1 else ()


def claims_table(study: Study, tables: Tables, corpus: str) -> pd.DataFrame:
    """One row per claim that the study's arms can decide, from the other tables (at least `TABLES`).

    Raises:
        UserError: a table has no row of an arm and seed, or an opponent's measure is 0.
    """
    compared = {name: _compared(study, tables, claim) for name, claim in layout.decidable_claims(study).items()}
    for name, found in compared.items():
        if 0 in found.theirs.values():
            raise UserError(
                f"claims.{name}: {found.claim.measure} of {found.second} is 0, so there is no ratio: use another measure."
            )
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
                "first_vocab_size": _vocab_size(tables, claim.first),
                "second_vocab_size": _vocab_size(tables, found.second),
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
                "cells": _cells(study, tables, found),
            }
        )
    return pd.DataFrame(rows, columns=list(COLUMNS["claims"])).astype({"steps": "Int64"})


def _compared(study: Study, tables: Tables, claim: Claim) -> Comparison:
    second = _opponent(study, tables, claim)
    amounts, steps = _amounts(study, tables, claim, [claim.first, second])
    ours, theirs = (_measured(study, tables, claim, arm, "test", amounts) for arm in (claim.first, second))
    if claim.measured.of_tokenizer and not any(layout.differs_by_seed(study, arm) for arm in (claim.first, second)):
        ours, theirs = ({seed: values[seed] for seed in study.seeds[:1]} for values in (ours, theirs))  # no seeds: one pair
    decisive = steps is None or steps >= study.language_model.decisive_steps
    return Comparison(claim, second, ours, theirs, amounts, steps, decisive)


def advantages(first: BySeed, second: BySeed, more_is_better: bool) -> list[float]:
    """Relative advantages of `first`, seed by seed."""
    ratios = [first[seed] / second[seed] for seed in sorted(first)]
    return [ratio - 1 if more_is_better else 1 - ratio for ratio in ratios]


def _amounts(study: Study, tables: Tables, claim: Claim, arms: list[str]) -> tuple[Amounts, int | None]:
    """The amounts of text that a claim uses, and the fewest steps of their runs."""
    if claim.measured.of_tokenizer:
        return (), None
    asked = study.language_model.train_bytes if claim.measured.level == "amounts" else study.language_model.train_bytes[-1:]
    fewest = {
        amount: min(int(_of_runs(tables, arm, seed, "steps", amount)) for arm in arms for seed in study.seeds) for amount in asked
    }
    used = tuple(amount for amount in asked if fewest[amount] >= study.language_model.decisive_steps) or asked
    return used, min(fewest[amount] for amount in used)


def _over_documents(study: Study, tables: Tables, claim: Claim, second: str) -> dict[str, float | None]:
    """Bootstrap interval of the effect over test documents, for bytes per token and test bits per byte; else empty."""
    if claim.measure not in ("bytes_per_token", "test_bpb"):
        return {}
    if not {claim.first, second} <= set(tables["documents"]["arm"]):
        return {}
    over, under = ("bytes", "tokens") if claim.measure == "bytes_per_token" else ("bits", "bytes")
    sums = [
        [_rows(tables, "documents", arm, seed).sort_values("document")[[over, under]].to_numpy(float) for seed in study.seeds]
        for arm in (claim.first, second)
    ]
    if len({len(documents) for arm in sums for documents in arm}) > 1:
        raise UserError(f"tables/documents.csv lacks documents of {claim.first} or {second}: collect the study's results again.")
    low, high = bootstrap_ratio(np.array(sums), claim.measured.more_is_better)
    return {"document_low": low, "document_high": high}


def bootstrap_ratio(sums: np.ndarray, more_is_better: bool, resamples: int = RESAMPLES) -> tuple[float, float]:
    """95 % percentile interval of the mean advantage over seeds; documents are drawn with replacement, the same for both arms.

    Args:
        sums: (2 arms, seeds, documents, 2) numerators and denominators of every document.
        more_is_better: as for `advantages`.
        resamples: number of draws.
    """
    documents = sums.shape[2]
    generator, shares = np.random.default_rng(0), np.full(documents, 1 / documents)
    totals = np.concatenate(
        [  # (R, arms, seeds, 2); some resamples at a time, because documents may be many
            np.einsum("rd,asdk->rask", generator.multinomial(documents, shares, size=len(part)), sums, optimize=True)
            for part in np.array_split(np.arange(resamples), -(-resamples // RESAMPLES_AT_ONCE))
        ]
    )
    values = totals[..., 0] / totals[..., 1]
    ratios = (values[:, 0] / values[:, 1]).mean(1)  # (R,)
    low, high = np.quantile(ratios - 1 if more_is_better else 1 - ratios, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def _opponent(study: Study, tables: Tables, claim: Claim) -> str:
    """The second arm. If several are allowed, the best on the validation split at the amounts of text that they share."""
    fitting = study.opponents(claim)
    if len(fitting) == 1:
        return fitting[0]
    amounts, _ = _amounts(study, tables, claim, [claim.first, *fitting])
    measured = {arm: _measured(study, tables, claim, arm, "valid", amounts) for arm in fitting}
    means = {arm: float(np.mean(list(values.values()))) for arm, values in measured.items()}
    return (max if claim.measured.more_is_better else min)(fitting, key=means.__getitem__)


def _measured(study: Study, tables: Tables, claim: Claim, arm: str, split: str, amounts: Amounts) -> BySeed:
    """Values of an arm by seed (all equal for an arm without seeds), on the "valid" or "test" split where a measure has both.

    Those of matched arms are interpolated to exactly equal compression where `_interpolation` finds a way.
    """
    values = {seed: _value(tables, claim, arm, seed, split, amounts) for seed in study.seeds}
    found = _interpolation(study, tables, claim, arm)
    if found is not None:
        other, shares = found
        beyond = {seed: _value(tables, claim, other, seed, split, amounts) for seed in study.seeds}
        values = {seed: interpolate(values[seed], beyond[seed], shares[seed]) for seed in study.seeds}
    return values


def _interpolation(study: Study, tables: Tables, claim: Claim, arm: str) -> tuple[str, BySeed] | None:
    """The arm to interpolate a matched arm with, and where the target lies between the two, by seed.

    None: the arm is not matched, there is no such arm, or the target is too far away with one of the seeds.
    """
    others = beside(study, arm)
    if claim.measured.level == "compression" or others is None:
        return None
    arms = (others[0], arm, others[1])
    found = {seed: share(*(_bytes_per_token(tables, one, seed, "test") for one in arms)) for seed in study.seeds}
    near = {seed: value for seed, value in found.items() if value is not None}
    return (others[1], near) if len(near) == len(found) else None


def _bytes_per_token(tables: Tables, arm: str, seed: int, split: str) -> float:
    return _cell(tables, "compression", arm, seed, "bytes_per_token", used_downstream=True, split=split)


def _vocab_size(tables: Tables, arm: str) -> float:
    """The size that an arm's vocabularies reached, averaged over seeds: a network may have found fewer strings than were requested."""
    rows = main_rows(tables["compression"])
    return float(rows.loc[rows["arm"] == arm, "vocab_size"].mean())


def _value(tables: Tables, claim: Claim, arm: str, seed: int, split: str, amounts: Amounts) -> float:
    if claim.measured.level == "compression":
        return _bytes_per_token(tables, arm, seed, split)
    if claim.measured.level == "tokens":
        return _cell(tables, "distribution", arm, seed, claim.measure)
    if claim.measured.level == "curve":  # every milestone has the same mean
        return _cell(tables, "milestones", arm, seed, "mean_bpb")
    if claim.measured.level == "amounts":
        return learnability.of([_of_runs(tables, arm, seed, f"{split}_bpb", amount) for amount in amounts])
    (amount,) = amounts
    return _of_runs(tables, arm, seed, f"{split}_bpb" if claim.measure == "test_bpb" else claim.measure, amount)


def _of_runs(tables: Tables, arm: str, seed: int, column: str, amount: int) -> float:
    return _cell(tables, "learnability", arm, seed, column, train_bytes=amount)


def _cell(tables: Tables, name: str, arm: str, seed: int, column: str, **where: object) -> float:
    """The one value of an arm and seed in a column."""
    values = _rows(tables, name, arm, seed, **where)[column].unique()
    if len(values) == 1 and not pd.isna(values[0]):
        return float(values[0])
    found = f"tables/{name}.csv has {'several values' if len(values) > 1 else 'no value'} of {column} of {arm}, seed {seed}"
    if len(values) == 1 and name == "distribution":
        raise UserError(
            f"{found}: its tokens do not hold the whole text, or the text has nothing to measure; compare other arms, or by another "
            "measure."
        )
    raise UserError(f"{found}: collect the study's results again.")


def _rows(tables: Tables, name: str, arm: str, seed: int, **where: object) -> pd.DataFrame:
    """Rows of an arm and seed whose columns have the values `where`; a tokenizer without seeds has the same rows at each."""
    table = tables[name]
    chosen = (table["arm"] == arm) & (table["seed"].isna() | (table["seed"] == seed))
    for column, value in where.items():
        chosen &= table[column] == value
    if not chosen.any():
        asked = "".join(f", {column} {value}" for column, value in where.items())
        raise UserError(f"tables/{name}.csv has no row of the arm {arm}, seed {seed}{asked}: collect the study's results again.")
    return table[chosen]


_CELLS = {
    "compression": "compression.csv: bytes_per_token where used_downstream and split test",
    "tokens": "distribution.csv: {measure}",
    "losses": "learnability.csv: {measure} at train_bytes {amounts}",
    "curve": "milestones.csv: mean_bpb",
    "amounts": "learnability.csv: test_bpb at train_bytes {amounts}",
}


def _cells(study: Study, tables: Tables, found: Comparison) -> str:
    """The table cells that the effect is computed from."""
    claim, amounts = found.claim, ", ".join(map(str, found.amounts))
    cells = _CELLS[claim.measured.level].format(measure=claim.measure, amounts=amounts)
    line = f"{cells}; arm {claim.first}, {found.second}; seed {', '.join(map(str, found.ours))}"
    for arm in (claim.first, found.second):
        interpolated = _interpolation(study, tables, claim, arm)
        if interpolated is not None:
            line += f"; {arm} interpolated with {interpolated[0]} to equal bytes_per_token in compression.csv"
    return line
