"""The table of effects: how far GQ-VAE is ahead of other tokenizers, in compression and in bits per byte of language models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import pandas as pd

from gqvae.figures.amounts import written_range
from gqvae.figures.labels import format_bytes, format_count
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
MATCHED = ("bpe_matched", "pathpiece_matched")  # they compress equally by construction, which is no finding

Row: TypeAlias = tuple[str, dict[str, str]]  # its title, and a cell for each opponent


def effects(studies: Sequence[FinishedStudy]) -> str:
    """A column for each opponent. Rows: compression at each vocabulary size, from the first study of that size, and bits per byte
    of the language models of each study with its most text.

    A cell says "better" or "worse" if a claim decides the sign after Holm's correction over the claims of its study, and "too few
    steps" if a run of either arm has fewer than its study requires.
    """
    rows: list[Row] = []
    for place, study in enumerate(studies):
        if study.vocab_size not in [other.vocab_size for other in studies[:place]]:
            rows.append(_compression(study))
        if len(runs := read_table(study.tables, "learnability")):
            rows.append(_language_models(study, runs))
    arms = [arm for arm in OPPONENTS if any(arm in cells for _, cells in rows)]
    cells = [[title, *(of_arm.get(arm, "–") for arm in arms)] for title, of_arm in rows]
    return markdown_table(["advantage of GQ-VAE over", *(OPPONENTS[arm] for arm in arms)], cells)


def _compression(study: FinishedStudy) -> Row:
    table, decided = main_rows(read_table(study.tables, "compression")), _decided(study, ("bytes_per_token",))
    ratios = {arm: _ratios(table, arm, "bytes_per_token") for arm in OPPONENTS if arm not in MATCHED}
    cells = {arm: _effect([ratio - 1 for ratio in found], decided.get(arm, "")) for arm, found in ratios.items() if found}
    return f"V = {study.vocab_size:,}: bytes per token", cells


def _language_models(study: FinishedStudy, runs: pd.DataFrame) -> Row:
    """Title (size, text and steps of the models that the claims are about), and a cell for each opponent."""
    amounts = sorted(set(runs["train_bytes"]))
    # If there is only one amount, a claim about all amounts is a claim about the most text.
    decided = _decided(study, ("test_bpb", "learnability") if len(amounts) == 1 else ("test_bpb",))
    own = runs[(runs["size"] == runs["size"].iloc[0]) & (runs["train_bytes"] == amounts[-1])]  # the main size comes first
    cells = {}
    for arm in OPPONENTS:
        if ratios := _ratios(own, arm, "test_bpb"):
            enough = own[own["arm"].isin([SUBJECT, arm])]["steps"].min() >= study.decisive_steps
            cells[arm] = _effect([1 - ratio for ratio in ratios], decided.get(arm, "") if enough else "too few steps")
    compared = own[own["arm"].isin([SUBJECT, *cells])]["steps"]
    parameters = format_count(float(own["parameters_non_embedding"].iloc[0]))
    read = format_bytes(int(amounts[-1])) + (f" read {study.epochs:g} times" if study.epochs != 1 else "")
    steps = written_range(compared.min(), compared.max())
    return f"V = {study.vocab_size:,}: bits per byte, {parameters} parameters, {read}, {steps} steps", cells


def _decided(study: FinishedStudy, measures: tuple[str, ...]) -> dict[str, str]:
    """Signs that the study's claims about some measures decide, by opponent."""
    claims = study.table("claims", ("measure", "first", "second", "sign"))
    chosen = claims[(claims["first"] == SUBJECT) & claims["measure"].isin(measures) & (claims["sign"] != "undecided")]
    return dict(zip(chosen["second"], "**" + chosen["sign"] + "**", strict=True))


def _ratios(table: pd.DataFrame, arm: str, measure: str) -> list[float]:
    """GQ-VAE ÷ another arm, seed by seed; a tokenizer without seeds is the same at each. Empty if an arm is missing."""
    ours, theirs = (table[table["arm"] == name].set_index("seed")[measure] for name in (SUBJECT, arm))
    if theirs.index.isna().all():
        return [float(value / theirs.iloc[0]) for value in ours] if len(theirs) else []
    return (ours / theirs).astype(float).tolist()


def _effect(advantages: list[float], said: str) -> str:
    interval = t_interval(advantages)
    return f"{percent_between(interval.mean, interval.low, interval.high)} {said}".rstrip()
