"""The choice of the training objective."""

from __future__ import annotations

from gqvae.config import PaperObjective, RateControlledObjective
from gqvae.models.paper_objective import Paper
from gqvae.models.rate_controlled import RateControlled


def build_objective(settings: PaperObjective | RateControlledObjective) -> Paper | RateControlled:
    """The objective that the settings name."""
    return Paper(settings) if isinstance(settings, PaperObjective) else RateControlled(settings)
