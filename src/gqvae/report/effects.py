"""The table of effects: by how much GQ-VAE is ahead of other tokens, in compression and in what language models reach."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import pandas as pd

from gqvae.errors import UserError
from gqvae.evaluation.across import FinishedStudy
from gqvae.evaluation.intervals import t_interval
from gqvae.evaluation.markdown import markdown_table, percent_between
from gqvae.evaluation.results import main_rows
from gqvae.evaluation.tables import read_table
from gqvae.figures.steps import written_range
from gqvae.figures.style import format_bytes, format_count

SUBJECT = "gqvae"
OPPONENTS = {
    "fixed_8": "fixed-length tokens (8 bytes)",
    "bpe": "BPE, same V",
    "pathpiece": "the control, same V",
    "bpe_matched": "BPE, equal compression",
    "pathpiece_matched": "the control, equal compression",
}
MATCHED = ("bpe_matched", "pathpiece_matched")  # that these compress equally is their making, no finding

Column: TypeAlias = tuple[str, dict[str, str]]  # its title, and a cell for each opponent


def effects(studies: Sequence[FinishedStudy]) -> str:
    """A row for each opponent; a column for compression, and one for each study's language models and amount of training text.

    A sign stands where a claim of the study decides it, after Holm's correction over the claims of that study, and "too few steps" where
    a run of either arm has fewer than the study asks for.

    Args:
        studies: of one vocabulary size, on the same tokenizers; compression is that of the first.

    Raises:
        UserError: vocabulary sizes differ.
    """
    sizes = sorted({study.vocab_size for study in studies})
    if len(sizes) > 1:
        raise UserError(f"{', '.join(study.name for study in studies)} differ in vocabulary size: give those of one size.")
    columns = [_compression(studies[0]), *(column for study in studies for column in _language_models(study))]
    rows = [
        [words, *(cells.get(arm, "–") for _, cells in columns)]
        for arm, words in OPPONENTS.items()
        if any(arm in cells for _, cells in columns)
    ]
    return markdown_table([f"V = {sizes[0]:,}: GQ-VAE against", *(title for title, _ in columns)], rows)


def _compression(study: FinishedStudy) -> Column:
    table, signs = main_rows(read_table(study.tables, "compression")), _signs(study, "bytes_per_token")
    ratios = {arm: _ratios(table, arm, "bytes_per_token") for arm in OPPONENTS if arm not in MATCHED}
    return "bytes per token", {
        arm: _effect([ratio - 1 for ratio in found], signs.get(arm, "")) for arm, found in ratios.items() if found
    }


def _language_models(study: FinishedStudy) -> Iterator[Column]:
    """For each size and amount of text: size, text and steps of the models, and what stands against each opponent."""
    runs = read_table(study.tables, "learnability")
    claimed = (runs["size"].iloc[0], runs["train_bytes"].max())  # the study's claims are about its main size, which comes first
    for (size, amount), own in runs.groupby(["size", "train_bytes"], sort=False):
        signs = _signs(study, "test_bpb") if (size, amount) == claimed else {}
        cells = {}
        for arm in OPPONENTS:
            if ratios := _ratios(own, arm, "test_bpb"):
                fewest = own[own["arm"].isin([SUBJECT, arm])]["steps"].min()
                said = signs.get(arm, "") if fewest >= study.decisive_steps else "too few steps"
                cells[arm] = _effect([1 - ratio for ratio in ratios], said)
        compared = own[own["arm"].isin([SUBJECT, *cells])]
        parameters = format_count(float(own["parameters_non_embedding"].iloc[0]))
        steps = written_range(compared["steps"].min(), compared["steps"].max())
        read = format_bytes(int(own["train_bytes"].iloc[0])) + (f" read {study.epochs:g} times" if study.epochs != 1 else "")
        yield f"bits per byte: {parameters} parameters, {read}, {steps} steps", cells


def _signs(study: FinishedStudy, measure: str) -> dict[str, str]:
    """What the study's claims say of a measure, by opponent."""
    claims = study.table("claims", ("measure", "first", "second", "sign"))
    chosen = claims[(claims["first"] == SUBJECT) & (claims["measure"] == measure)]
    return dict(zip(chosen["second"], chosen["sign"], strict=True))


def _ratios(table: pd.DataFrame, arm: str, measure: str) -> list[float]:
    """GQ-VAE ÷ another arm, seed by seed; a tokenizer without seeds is the same at each. Empty where an arm is not there."""
    ours, theirs = (table[table["arm"] == name].set_index("seed")[measure] for name in (SUBJECT, arm))
    if theirs.index.isna().all():
        return [float(value / theirs.iloc[0]) for value in ours] if len(theirs) else []
    return (ours / theirs).astype(float).tolist()


def _effect(advantages: list[float], said: str) -> str:
    interval = t_interval(advantages)
    return f"{percent_between(interval.mean, interval.low, interval.high)} {said}".rstrip()
