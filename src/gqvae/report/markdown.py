"""Tables and numbers as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; the first column is text, the others are numbers."""
    head, *lines = ("| " + " | ".join(cell(text) for text in row) + " |" for row in (header, *rows))
    return "\n".join([head, "|---" + "|---:" * (len(header) - 1) + "|", *lines])


def cell(text: str) -> str:
    """Text for a cell of a table, where a bar would end it even in code."""
    return text.replace("|", "\\|")


def filled_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table without the rows and columns that have a "–" in every cell behind their name."""
    kept = [header, *(row for row in rows if set(row[1:]) != {"–"})]
    columns = [column for column in zip(*kept, strict=True) if set(column[1:]) != {"–"}]
    lines = list(zip(*columns, strict=True))
    return markdown_table(lines[0], lines[1:])


def number(value: Any, digits: int = 3, sign: bool = False) -> str:
    """A number with a fixed number of decimals; "–" if it is missing."""
    return "–" if pd.isna(value) else f"{float(value):{'+' if sign else ''},.{digits}f}"


def share(value: Any, digits: int = 2, sign: bool = False) -> str:
    """A share in per cent; "–" if it is missing."""
    return "–" if pd.isna(value) else f"{100 * float(value):{'+' if sign else ''}.{digits}f} %"


def between(low: Any, high: Any, digits: int = 3, sign: bool = False) -> str:
    """An interval "[low, high]"; "–" if it is missing."""
    return "–" if pd.isna(low) else f"[{number(low, digits, sign)}, {number(high, digits, sign)}]"


def percent_between(value: float, low: Any, high: Any) -> str:
    """A signed share in per cent with its interval if it has one, "−1.2 % [−1.5, −0.9]"."""
    written = share(value, 1, sign=True)
    if not pd.isna(low):
        written += f" [{', '.join(f'{100 * end:+.1f}' for end in (low, high))}]"
    return written.replace("-", "−")


def estimate(value: Any, low: Any, high: Any, digits: int = 3) -> str:
    """A number with its interval if it has one, "1.5 [1.2, 1.8]"."""
    return number(value, digits) if pd.isna(low) else f"{number(value, digits)} {between(low, high, digits)}"
