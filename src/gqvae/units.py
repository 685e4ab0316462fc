"""Amounts with units, as people read them."""

from __future__ import annotations


def format_bytes(value: float) -> str:
    """250000 → "250 kB", 1000000 → "1 MB"."""
    for size, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if value >= size:
            return f"{value / size:,.3g} {unit}"
    return f"{value:,.0f} B"


def format_count(value: float) -> str:
    """250000 → "250 k", 1000000 → "1 M", 3e13 → "30 T"."""
    for size, unit in ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:,.3g} {unit}"
    return f"{value:,.3g}"


def counted(value: float, unit: str) -> str:
    """1 "step" → "1 step", 1600 → "1,600 steps", 0.8123 → "0.81 steps"; bytes ("B") as `format_bytes`."""
    if unit == "B":
        return format_bytes(value)
    number = f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.2g}"
    return f"{number} {unit}" if number == "1" else f"{number} {unit}s"
