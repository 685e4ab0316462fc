"""The measures of claims: modules of `gqvae.measures` that declare `MEASURE` and, depending on its level, define `of`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gqvae.declarations import declarations

MEASURES = Path(__file__).resolve().parents[1] / "measures"

# Tokenizers: "compression" is bytes per token, "tokens" is computed from the encoded corpus.
# Language models: "losses" is computed from test-token losses, "curve" from the training, "amounts" from all amounts of text.
Level = Literal["compression", "tokens", "losses", "curve", "amounts"]


@dataclass(frozen=True, kw_only=True)
class Measure:
    """What a measure declares about itself."""

    level: Level  # what it is computed from
    more_is_better: bool  # whether larger is better
    text: str  # what it is, with its unit

    @property
    def of_tokenizer(self) -> bool:
        """Whether it needs no language model."""
        return self.level in ("compression", "tokens")


def measures(*levels: Level) -> dict[str, Measure]:
    """The measures of these levels (default: all) by name, sorted."""
    found = declarations(MEASURES, "MEASURE", Measure)
    return {name: measure for name, measure in found.items() if not levels or measure.level in levels}
