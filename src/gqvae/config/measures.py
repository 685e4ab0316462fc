"""What can be measured and claimed. A measure is a module of `gqvae.measures` that declares `MEASURE` and, by its level, computes `of`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gqvae.declarations import declarations

MEASURES = Path(__file__).resolve().parents[1] / "measures"

# Of a tokenizer: "compression" is bytes per token, "tokens" is taken from the encoded corpus.
# Of language models: "losses" is taken from the costs of the test split's tokens, "curve" from the training, "amounts" from all amounts of text.
Level = Literal["compression", "tokens", "losses", "curve", "amounts"]


@dataclass(frozen=True, kw_only=True)
class Measure:
    """What a measure declares about itself.

    Attributes:
        level: what it is taken from.
        more_is_better: else less is.
        text: what it is, with its unit.
    """

    level: Level
    more_is_better: bool
    text: str

    @property
    def of_tokenizer(self) -> bool:
        """Whether it needs no language model."""
        return self.level in ("compression", "tokens")


def measures(*levels: Level) -> dict[str, Measure]:
    """The measures of these levels (none given: all) by name, in the order of names."""
    found = declarations(MEASURES, "MEASURE", Measure)
    return {name: measure for name, measure in found.items() if not levels or measure.level in levels}
