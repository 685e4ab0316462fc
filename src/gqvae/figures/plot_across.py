"""`gqvae across`: the figures of several finished studies; the CSV beside each holds exactly the points."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gqvae.evaluation.across import finished_studies
from gqvae.figures import across, away
from gqvae.figures.style import CorpusFacts, draw_nothing, save, styled


def plot_across(folders: Sequence[Path], out: Path) -> None:
    """Write `across` (claims) and `away` (borrowed tokenizers) of several finished studies to `out`, each as PNG, PDF and CSV.

    Raises:
        UserError: a study is not finished or named twice, or a table is missing or damaged.
    """
    studies = finished_studies(folders)
    facts = CorpusFacts(f"{len(studies)} studies", any(study.synthetic for study in studies))
    for name, module in (("across", across), ("away", away)):
        data = module.points(studies)
        with styled():
            save(draw_nothing(facts) if data.empty else module.draw(data, facts), data, Path(out), name)
