"""The table of effects: how far GQ-VAE is ahead of other tokenizers, in compression and in bits per byte of language models.

A cell is a claim of the study: its effect, its interval and, where Holm's correction over the study's claims leaves one, its
sign. Where a vocabulary stayed smaller than its opponent's, the sizes that both reached are added. Cells about further sizes of
the language models are computed like those about the main size, but are not tested.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from gqvae.config import PAPER_OBJECTIVES, BorrowedArm, Study
from gqvae.figures.amounts import written_range
from gqvae.report.markdown import filled_table, percent_between
from gqvae.study.across import FinishedStudy
from gqvae.study.amounts import amounts_read
from gqvae.study.claims import TABLES, TOO_FEW_STEPS, claims_table
from gqvae.study.sizes import same_size
from gqvae.study.tables import read_table
from gqvae.units import format_bytes, format_count

SUBJECTS = {f"-{end}": name for end, name in PAPER_OBJECTIVES.items()} | {
    "": "our objective"
}  # by the ends of the names of claims
COMPRESSION = {  # by claim: what a row compares
    "C1": "bytes per token, against fixed length",
    "C2": "bytes per token, against BPE",
    "N1": "bytes per token, against the control",
}
LANGUAGE_MODELS = {
    "C3a": "bits per byte, against fixed length",
    "C3b": "bits per byte, against BPE",
    "N2": "bits per byte, against the control",
    "C4b": "bits per byte at equal compression, against BPE",
    "N3b": "bits per byte at equal compression, against the control",
}
CLAIM = ("claim", "first", "second", "first_vocab_size", "second_vocab_size", "effect", "low", "high", "verdict", "sign")
SAME_SIZE = ("C1", "C2", "C3a", "C3b", "N1", "N2")  # claims about vocabularies of one size


def effects(studies: Sequence[FinishedStudy]) -> str:
    """A row for each comparison, a column for each objective in each study, and one for each further size of its language models.

    Studies that share networks say only once how well these compress. Language models on vocabularies of one size are compared
    after the most text, at equal compression over all amounts of text that have enough steps (for further sizes: after the most text).
    """
    columns: dict[str, list[str]] = {}
    for suffix, subject in SUBJECTS.items():
        told: set[tuple[tuple[str, str], int]] = set()  # networks and vocabulary sizes whose compression has a column
        for study in studies:
            claims = of_subject(study.table("claims", CLAIM), suffix)
            compared = claims[claims.index.isin(COMPRESSION)]
            networks = {(_trained_by(study, arm), study.vocab_size) for arm in compared["first"]}
            compression = cells(claims if not networks <= told else claims.iloc[:0], COMPRESSION)
            told |= networks
            about = f"{subject}, V = {study.vocab_size:,} (`{study.name}`)"
            if not claims.index.isin(LANGUAGE_MODELS).any():
                columns[about] = [*compression, *cells(claims, LANGUAGE_MODELS), "–"]
                continue
            runs = read_table(study.tables, "learnability")
            main = runs["size"].iloc[0]
            columns[about] = [*compression, *cells(claims, LANGUAGE_MODELS), _models(study, runs[runs["size"] == main], claims)]
            sizes = read_table(study.tables, "model_sizes")
            for size, other in sizes[sizes["size"] != main].groupby("size", sort=False):
                untested = of_subject(_judged(study, other), suffix).assign(verdict="", sign="undecided")
                measured = cells(untested, [*COMPRESSION, *LANGUAGE_MODELS])
                columns[f"{about}, `{size}`"] = [*measured, _models(study, other, untested)]
    names = [*COMPRESSION.values(), *LANGUAGE_MODELS.values(), "language models"]
    return filled_table(["advantage of GQ-VAE", *columns], list(zip(names, *columns.values(), strict=True)))


def _trained_by(study: FinishedStudy, arm: str) -> tuple[str, str]:
    """The study and arm that trained the networks of an arm."""
    lender = study.settings().arms[arm]
    return (lender.study or study.name, lender.arm) if isinstance(lender, BorrowedArm) else (study.name, arm)


def of_subject(claims: pd.DataFrame, suffix: str) -> pd.DataFrame:
    """The claims about one objective, by their names without the suffix."""
    subject = claims["claim"].str.extract(rf"^(\w+)({'|'.join(filter(None, SUBJECTS))})?$").fillna("")
    return claims.set_index(subject[0])[(subject[1] == suffix).to_numpy()]


def cells(claims: pd.DataFrame, names: Iterable[str], verdicts: bool = False) -> list[str]:
    """A cell for each claim, "–" where there is none; the claims are indexed by name. Verdicts are told if asked for."""
    return [_cell(claims.loc[name], name in SAME_SIZE, verdicts) if name in claims.index else "–" for name in names]


def _cell(row: Any, one_size: bool, verdicts: bool) -> str:
    told = (TOO_FEW_STEPS, "supported", "contradicted") if verdicts else (TOO_FEW_STEPS,)
    parts = [row["verdict"]] if row["verdict"] in told else []
    if row["sign"] != "undecided" and row["verdict"] != TOO_FEW_STEPS:
        parts.append(f"**{row['sign']}**")
    said = ", ".join(parts)
    sizes = float(row["first_vocab_size"]), float(row["second_vocab_size"])
    reached = "" if not one_size or same_size(*sizes) else f" (V = {sizes[0]:,.0f} : {sizes[1]:,.0f})"
    return f"{percent_between(row['effect'], row['low'], row['high'])} {said}".rstrip() + reached


def _models(study: FinishedStudy, runs: pd.DataFrame, claims: pd.DataFrame) -> str:
    """The language models of a column: parameters, text, steps and learning rates of those with the most text."""
    compared = claims[claims.index.isin(LANGUAGE_MODELS)]
    own = runs[(runs["train_bytes"] == runs["train_bytes"].max()) & runs["arm"].isin({*compared["first"], *compared["second"]})]
    read = format_bytes(int(amounts_read(own).iloc[0])) + (f" read {study.epochs:g} times" if study.epochs != 1 else "")
    parameters = format_count(float(own["parameters_non_embedding"].iloc[0]))
    steps = written_range(own["steps"].min(), own["steps"].max())
    rates = sorted(set(own["learning_rate"]))
    learning = f"rate{'s' * (len(rates) > 1)} {', '.join(f'{rate:g}' for rate in rates)}"
    return f"{parameters} parameters, {read}, {steps} steps, {learning}"


def _judged(study: FinishedStudy, runs: pd.DataFrame) -> pd.DataFrame:
    """The claims about language models as if these runs with the most text were the study's only ones."""
    config = study.settings()
    models = config.language_model.model_copy(update={"train_bytes": (int(runs["train_bytes"].max()),)})
    claims = {name: claim for name, claim in config.claims.items() if name.split("-")[0] in LANGUAGE_MODELS}
    asked: Study = config.model_copy(update={"language_model": models, "claims": claims})
    tables = {name: read_table(study.tables, name) for name in TABLES} | {"learnability": runs}
    return claims_table(asked, tables, study.corpus)
