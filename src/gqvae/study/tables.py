"""How the tidy tables of a study are read and written.

One row per observation, columns and rows in a fixed order, so that the same results give the same bytes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from gqvae.errors import UserError
from gqvae.files import write_csv
from gqvae.study import layout
from gqvae.study.columns import COLUMNS, OPTIONAL, Columns, Kind


def read_columns(path: Path, columns: Columns) -> pd.DataFrame:
    """Read the named columns of a CSV file; empty numbers are missing values.

    An optional column that the file lacks is a column of missing values.

    Raises:
        UserError: the file is absent, is not CSV, lacks a column, or has a value that is not of the column's type.
    """
    try:
        raw = pd.read_csv(path, dtype=str, keep_default_na=False)
    except FileNotFoundError:
        raise UserError(f"{path} does not exist: run the rule that makes it (`snakemake -n` names it).") from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is not a CSV table ({error}): delete it and run again.") from None
    absent = [column for column in columns if column not in raw.columns and column not in OPTIONAL]
    if absent:
        raise UserError(f"{path} lacks the column(s) {', '.join(absent)}: another version wrote it; delete it and run again.")
    frame = pd.DataFrame(index=raw.index)
    for column, kind in columns.items():
        try:
            frame[column] = _typed(raw[column], kind) if column in raw.columns else float("nan")
        except (ValueError, TypeError) as error:
            raise UserError(f"{path}: the column {column!r} is damaged ({error}): delete the file and run again.") from None
    return frame


def _typed(values: pd.Series[str], kind: Kind) -> pd.Series[Any]:
    if kind == "text":
        return values
    if kind == "bool":
        lowered = values.str.lower()
        if not lowered.isin(["true", "false"]).all():
            raise ValueError("neither True nor False")
        return lowered == "true"
    # Not pd.to_numeric, whose last digit can differ from the number that was written.
    numbers = values.mask(values == "", "nan").astype(float)
    return numbers.astype("Int64") if kind == "int" else numbers


def read_table(folder: Path, name: str) -> pd.DataFrame:
    """Read one of the tables of a study from its folder of tables."""
    return read_columns(layout.table_path(Path(folder).parent, name), COLUMNS[name])


def write_table(frame: pd.DataFrame, folder: Path, name: str) -> None:
    """Write one of the tables, with its columns in their order."""
    write_csv(frame.reindex(columns=list(COLUMNS[name])), layout.table_path(Path(folder).parent, name))
