"""What docs/text.md shows is a valid configuration and does what the page says."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from gqvae.config import Study, parse

PAGE = Path(__file__).parents[2] / "docs" / "text.md"


def blocks() -> list[dict]:
    return [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)]


def test_every_block_is_a_study() -> None:
    studies = [parse(Study, block, str(PAGE)) for block in blocks()]
    assert [study.corpus.source for study in studies[:2]] == ["text", "hub"]
