"""`gqvae across`: the figures of several finished studies, each with a CSV file of exactly its points."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gqvae.figures import across, away, by_text, frontier
from gqvae.figures.style import CorpusFacts, save, styled
from gqvae.study.across import finished_studies


def plot_across(folders: Sequence[Path], out: Path) -> None:
    """Write each figure that has points as PNG, PDF and CSV: `across` (claims), `by_text` (losses by training text), `frontier`
    (losses by compression) and `away` (tokenizers on other text).

    Raises:
        UserError: a study is not finished or named twice, or a table is missing or damaged.
    """
    studies = finished_studies(folders)
    facts = CorpusFacts(f"{len(studies)} studies", any(study.synthetic for study in studies))
    for name, module in (("across", across), ("by_text", by_text), ("frontier", frontier), ("away", away)):
        data = module.points(studies)
        if data.empty:
            for stale in Path(out).glob(f"{name}.*"):
                stale.unlink()
            continue
        with styled():
            save(module.draw(data, facts), data, Path(out), name)
