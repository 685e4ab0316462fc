"""What modules declare is read without importing them."""

from __future__ import annotations

from pathlib import Path

import pytest

from gqvae.config.block import Block, module_of, parse, setting
from gqvae.declarations import defined_names
from gqvae.errors import UserError


def test_names_at_the_top_level_are_found(tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text(
        "import nowhere\nfrom nowhere import x as y, z\nA = 1\nclass B: c = 1\ndef d():\n    e = 1\n", encoding="utf-8"
    )
    assert defined_names(path) == {"y", "z", "A", "B", "d"}


def test_a_module_that_lacks_what_is_needed_is_no_choice() -> None:
    class Settings(Block):
        """One key."""

        network: module_of("networks", "Settings", "train_network", "make_tokenizers") = setting("gqvae", "A network.")  # type: ignore[valid-type]
        wrong: module_of("networks", "train_network", "absent") = setting("none", "A network.")  # type: ignore[valid-type]

    assert parse(Settings, {"network": "gqvae"}, "x").network == "gqvae"
    with pytest.raises(UserError, match=r"x: wrong: .*networks/gqvae\.py has no absent: add it\."):
        parse(Settings, {"wrong": "gqvae"}, "x")
