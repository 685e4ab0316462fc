"""Blocks of the documents, and their commands as a person would run them."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from gqvae.cli import main

ROOT = Path(__file__).resolve().parents[1]
# What no test runs: these set up a machine, reach the network, or take minutes and have tests of their own (tests/workflow).
ELSEWHERE = ("conda", "curl", "hf", "make", "pip", "snakemake")


def blocks(page: str, *languages: str) -> list[tuple[str, str]]:
    """Language and text of the blocks in these languages, in order; `page` is relative to the repository."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(rf"^```({'|'.join(languages)})\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def run_commands(block: str) -> list[str]:
    """Run the lines of a shell block, which are commands of this program or of `ELSEWHERE`; the lines that were run."""
    run = []
    for line in block.splitlines():
        program, *arguments = shlex.split(line, comments=True) or [""]
        if program in ("", *ELSEWHERE):
            continue
        assert program == "gqvae", line
        assert main(arguments) == 0, line
        run.append(line)
    return run
