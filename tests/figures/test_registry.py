"""Which figures a study has, and what a figure's declaration may hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from fabricated_study import fabricated_settings
from gqvae.declarations import declarations
from gqvae.figures.registry import Plot, plots, plots_of


def test_figures_are_those_that_have_something_to_show() -> None:
    default = {name for name, plot in plots().items() if not plot.on_demand}
    assert set(plots_of(fabricated_settings())) == default
    assert default - set(plots_of(fabricated_settings(arms={"bpe": {"kind": "bpe"}}))) == {"training", "claims", "advantage"}
    silent = fabricated_settings(arms={"bpe": {"kind": "bpe", "language_model": False}})
    assert list(plots_of(silent)) == ["compression", "cuts", "rank_frequency", "segmentations"]


@pytest.mark.parametrize("value", ["Plot(title=name)", "Plot('a title')", "print()", "Plot(titel='a title')"])
def test_a_declaration_that_cannot_be_read_is_an_error_that_names_the_file(tmp_path: Path, value: str) -> None:
    (tmp_path / "pie.py").write_text(f"PLOT = {value}\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"pie\.py: the declaration of a Plot cannot be read"):
        declarations(tmp_path, "PLOT", Plot)
