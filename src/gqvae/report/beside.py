"""The paper's claims and those about the control, a column for each objective in each study."""

from __future__ import annotations

from collections.abc import Sequence

from gqvae.config import DEFAULT_CLAIMS
from gqvae.report.effects import CLAIM, SUBJECTS, cells, of_subject
from gqvae.report.markdown import filled_table
from gqvae.study.across import FinishedStudy


def beside(studies: Sequence[FinishedStudy]) -> str:
    """Effects with their intervals, and the verdicts and signs that survive Holm's correction over their study's tests."""
    names = [name for name in DEFAULT_CLAIMS if "-" not in name]
    columns: dict[str, list[str]] = {}
    for suffix, subject in SUBJECTS.items():
        for study in studies:
            claims = of_subject(study.table("claims", CLAIM), suffix)
            if claims.index.isin(names).any():
                columns[f"{subject}, V = {study.vocab_size:,} (`{study.name}`)"] = cells(claims, names, verdicts=True)
    rows = zip(*columns.values(), strict=True)
    table = [[f"{name}: {DEFAULT_CLAIMS[name].text}", *row] for name, row in zip(names, rows, strict=True)]
    return filled_table(["claim", *columns], table)
