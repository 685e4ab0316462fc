"""Every interval that a document states is that of two arms of a published study."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from gqvae.measures.intervals import t_interval
from gqvae.report import pages

ROOT = Path(__file__).parents[1]
STATED = re.compile(r"([+−]?\d+\.\d+)(?: %)? \[([+−]?\d+\.\d+), ([+−]?\d+\.\d+)\]")
MEASURES = {  # how the first arm is ahead of the second by a measure
    "test_bpb": lambda first, second: 1 - first / second,
    "bigram_bpb": lambda first, second: 1 - first / second,
    "renyi_efficiency": lambda first, second: first / second - 1,
}

Stated = tuple[float, float, float]


def _rounded(*values: float) -> Stated:
    effect, low, high = (round(100 * value, 1) + 0.0 for value in values)
    return effect, low, high


def _by_seed(table: pd.DataFrame, measure: str) -> dict[str, pd.Series]:
    """Values by arm, indexed by seed; an arm without seeds has its only value under None."""
    return {arm: rows.set_index("seed")[measure] for arm, rows in table.groupby("arm")}


def _differences(table: pd.DataFrame, measure: str) -> Iterator[Stated]:
    """Of every two arms, paired by seed; one that depends on no seed is the same for all."""
    arms = _by_seed(table, measure)
    for first, second in itertools.permutations(arms, 2):
        one, other = arms[first], arms[second]
        alone = [values.iloc[0] if values.index.isna().all() else values for values in (one, other)]
        found = MEASURES[measure](*alone)
        if isinstance(found, pd.Series) and found.notna().sum() > 1:
            interval = t_interval(found.dropna().tolist())
            assert interval.low is not None and interval.high is not None
            yield _rounded(interval.mean, interval.low, interval.high)


@cache
def _published() -> frozenset[Stated]:
    """Effects with their intervals, in per cent: of all claims, of all pairs of arms by amount of text and size, and of their
    distributions; and the text that a loss needs over what BPE needs."""
    found: set[Stated] = set()
    for claims in ROOT.glob("results/published/*/claims.csv"):
        table, tables = pd.read_csv(claims), claims.parent / "tables"
        found |= {_rounded(row.effect, row.low, row.high) for row in table.itertuples()}
        learnability = pd.read_csv(tables / "learnability.csv")
        for _, rows in learnability.groupby(["size", "train_bytes"]):
            found |= set(_differences(rows, "test_bpb"))
        needed = pd.read_csv(tables / "milestone_means.csv")
        found |= {(round(row.ratio, 3), round(row.ratio_low, 3), round(row.ratio_high, 3)) for row in needed.itertuples()}
        for measure in ("renyi_efficiency", "bigram_bpb"):
            found |= set(_differences(pd.read_csv(tables / "distribution.csv"), measure))
    return frozenset(found)


@pytest.mark.parametrize(
    ("document", "fewest"),
    [
        ("docs/experiments.md", 5),
        ("docs/paper-objective.md", 5),
        ("docs/beside-the-paper.md", 0),
    ],  # others have generated tables alone
)
def test_every_stated_interval_is_published(document: str, fewest: int) -> None:
    text = pages.without_blocks((ROOT / document).read_text(encoding="utf-8"))
    stated = list(STATED.finditer(text))
    assert len(stated) >= fewest
    for match in stated:
        effect, low, high = (float(value.replace("−", "-")) for value in match.groups())
        turned = (-effect + 0.0, -high + 0.0, -low + 0.0)
        assert {(effect, low, high), turned} & _published(), match.group()
