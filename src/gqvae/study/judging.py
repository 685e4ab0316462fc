"""`gqvae judge`: judge the claims of finished studies again by the current rules, from their tables and without new runs.

A study is judged on the claims of its recorded configuration and on the default claims whose arms it has, unless its own replaced
them all.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from gqvae.errors import UserError
from gqvae.study import layout
from gqvae.study.across import FinishedStudy
from gqvae.study.claims import TABLES, claims_table
from gqvae.study.tables import read_table, write_table

logger = logging.getLogger("gqvae")


def judge(folders: Sequence[Path]) -> None:
    """Rewrite `claims.csv` of every study (a folder with `provenance.json` and `tables/`), or of none if one cannot be judged.

    Raises:
        UserError: a study has no claim that its arms decide, or lacks its provenance, a table, or a value in them.
    """
    judged = {folder: judged_claims(folder) for folder in folders}
    for folder, claims in judged.items():
        write_table(claims, folder / "tables", "claims")
        logger.info("%s: %d claims", layout.table_path(folder, "claims"), len(claims))


def judged_claims(folder: Path) -> pd.DataFrame:
    """The table of claims of a finished study."""
    finished = FinishedStudy.read(folder)
    study = finished.settings()
    if not layout.decidable_claims(study):
        raise UserError(f"{folder} has no claim that its arms decide: name studies that have one.")
    try:
        return claims_table(study, {name: read_table(folder / "tables", name) for name in TABLES}, finished.corpus)
    except UserError as error:
        raise UserError(f"The claims of {folder} cannot be judged: {error}") from None
