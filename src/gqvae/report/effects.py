"""The table of effects: how far GQ-VAE is ahead of other tokenizers, in compression and in bits per byte of language models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import pandas as pd

from gqvae.figures.steps import written_range
from gqvae.figures.style import format_bytes, format_count
from gqvae.measures.intervals import t_interval
from gqvae.report.markdown import markdown_table, percent_between
from gqvae.study.across import FinishedStudy
from gqvae.study.results import main_rows
from gqvae.study.tables import read_table

SUBJECT = "gqvae"
OPPONENTS = {
    "fixed_8": "fixed-length tokens (8 bytes)",
    "bpe": "BPE, same V",
    "pathpiece": "the control, same V",
    "bpe_matched": "BPE, equal compression",
    "pathpiece_matched": "the control, equal compression",
}
MATCHED = ("bpe_matched", "pathpiece_matched")  # these compress equally by construction
COMPRESSION = 0  # in place of an amount of training text

Place: TypeAlias = tuple[int, int]  # of a row: amount of training text, index of the opponent


def effects(studies: Sequence[FinishedStudy]) -> str:
    """A column for each study, a row for each measure and arm; effects on language models include their optimiser steps.

    A sign is shown where a claim of the study decides it after Holm's correction over that study's claims, and "too few" where a
    run of either arm has fewer steps than the study's `decisive_steps`.
    """
    columns = [_column(study) for study in studies]
    rows = []
    for place in sorted({place for column in columns for place in column}):
        amount, opponent = place
        measure = "bytes per token" if amount == COMPRESSION else f"bits per byte after {format_bytes(amount)}"
        shown = [column.get(place, "–") for column in columns]
        rows.append([f"{measure}: against {list(OPPONENTS.values())[opponent]}", *shown])
    return markdown_table(["GQ-VAE", *map(_title, studies)], rows)


def _title(study: FinishedStudy) -> str:
    runs = read_table(study.tables, "learnability")
    parameters = f", {format_count(float(runs['parameters_non_embedding'].iloc[0]))} parameters" if len(runs) else ""
    return f"V = {study.vocab_size:,}{parameters} (`{study.name}`)"


def _column(study: FinishedStudy) -> dict[Place, str]:
    """The cells of a study, by row."""
    compression = main_rows(read_table(study.tables, "compression"))
    runs = read_table(study.tables, "learnability")
    claims = study.table("claims", ("measure", "first", "second", "sign"))
    signs = {(row.measure, row.second): f" {row.sign}" for row in claims[claims["first"] == SUBJECT].itertuples()}
    column: dict[Place, str] = {}
    for number, arm in enumerate(OPPONENTS):
        ratios = _ratios(compression, arm, "bytes_per_token")
        if arm not in MATCHED and ratios:
            column[COMPRESSION, number] = _effect([ratio - 1 for ratio in ratios]) + signs.get(("bytes_per_token", arm), "")
        for amount, own in runs.groupby("train_bytes"):
            ratios = _ratios(own, arm, "test_bpb")
            if not ratios:
                continue
            steps = own[own["arm"].isin([SUBJECT, arm])]["steps"].tolist()
            sign = signs.get(("test_bpb", arm), "") if amount == runs["train_bytes"].max() else ""
            taken = written_range(min(steps), max(steps))
            said = f"{sign}; {taken} steps" if min(steps) >= study.decisive_steps else f"; {taken} steps: too few"
            column[int(str(amount)), number] = _effect([1 - ratio for ratio in ratios]) + said
    return column


def _ratios(table: pd.DataFrame, arm: str, measure: str) -> list[float]:
    """GQ-VAE ÷ another arm, seed by seed; a tokenizer without seeds is the same at each. Empty if an arm is missing."""
    ours, theirs = (table[table["arm"] == name].set_index("seed")[measure] for name in (SUBJECT, arm))
    if theirs.index.isna().all():
        return [float(value / theirs.iloc[0]) for value in ours] if len(theirs) else []
    return (ours / theirs).astype(float).tolist()


def _effect(advantages: list[float]) -> str:
    interval = t_interval(advantages)
    return percent_between(interval.mean, interval.low, interval.high)
