"""Whether vocabularies are of one size: a network may have found fewer strings than were requested."""

from __future__ import annotations

import math
from typing import Any

TOLERANCE = 0.01  # relative; a few strings too few make no difference that these studies could show


def same_size(first: float, second: float) -> bool:
    """Whether two sizes that were reached count as one; a size that an earlier version did not record counts as any."""
    return math.isnan(first) or math.isnan(second) or abs(first / second - 1) <= TOLERANCE


def size_in_words(claim: Any, place: str) -> str:
    """For the first or second arm of a claim, the size of its vocabulary in brackets, if the sizes of the two differ at all."""
    sizes = {arm: getattr(claim, f"{arm}_vocab_size", math.nan) for arm in ("first", "second")}
    differ = not any(map(math.isnan, sizes.values())) and round(sizes["first"]) != round(sizes["second"])
    return f" (V = {sizes[place]:,.0f})" if differ else ""
