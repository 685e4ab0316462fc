"""`gqvae across`: the figures of several finished studies; the CSV beside each holds exactly the points."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gqvae.figures import across, away, by_text, frontier
from gqvae.figures.style import CorpusFacts, save, styled
from gqvae.study.across import finished_studies


def plot_across(folders: Sequence[Path], out: Path) -> None:
    """Write figures of several finished studies, each as PNG, PDF and CSV: `across` (claims) and, if there are any, `by_text` (language
    models by training text), `frontier` (language models by compression) and `away` (tokenizers away from home).

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
