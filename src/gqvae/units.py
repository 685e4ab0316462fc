"""Amounts with units, as people read them."""

from __future__ import annotations

from collections.abc import Sequence

SHOWN = 3  # digits


def format_bytes(value: float) -> str:
    """250000 → "250 kB", 1000000 → "1 MB"."""
    size, unit = _unit(value, ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")))
    return f"{value / size:,.{SHOWN}g} {unit}" if unit else f"{value:,.0f} B"


def format_count(value: float) -> str:
    """250000 → "250 k", 1000000 → "1 M", 3e13 → "30 T"."""
    size, unit = _unit(value, ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")))
    return f"{value / size:,.{SHOWN}g} {unit}".rstrip()


def _unit(value: float, units: Sequence[tuple[float, str]]) -> tuple[float, str]:
    """The largest unit that the rounded value reaches; 1 and no name if it reaches none."""
    rounded = float(f"{value:.{SHOWN}g}")
    return next((unit for unit in units if rounded >= unit[0]), (1.0, ""))


def counted(value: float, unit: str) -> str:
    """1 "step" → "1 step", 1600 → "1,600 steps", 0.8123 → "0.81 steps"; bytes ("B") as `format_bytes`."""
    if unit == "B":
        return format_bytes(value)
    number = f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.2g}"
    return f"{number} {unit}" if number == "1" else f"{number} {unit}s"
