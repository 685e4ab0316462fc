from __future__ import annotations

from pathlib import Path

import pandas as pd

from gqvae.report.markdown import percent_between
from gqvae.report.tables import block

PUBLISHED = Path(__file__).parents[2] / "results" / "published"


def test_every_claim_of_every_study_has_its_cell() -> None:
    subjects = {
        "paper-forced-1024": "the paper's objective and the last gate forced, V = 1,024",
        "control-4096": "our objective, V = 4,096",
        "gpu-minutes": "our objective, V = 4,096",
    }
    studies = list(subjects)
    header, _, *lines = (line.strip("| ").split(" | ") for line in block("beside", studies, PUBLISHED).splitlines())
    assert header[1:] == [f"{subject} (`{study}`)" for study, subject in subjects.items()]
    said = {line[0].split(":")[0]: line[1:] for line in lines}
    for place, study in enumerate(studies):
        claims = (
            pd.read_csv(PUBLISHED / study / "claims.csv").set_index("claim").rename(lambda name: name.removesuffix("-forced"))
        )
        assert {name for name, cells in said.items() if cells[place] != "–"} == set(claims.index)
        for name, row in claims.iterrows():
            cell = said[str(name)][place].split(" (V = ")[0]
            assert cell.startswith(percent_between(row["effect"], row["low"], row["high"]))
            assert cell.endswith(f"**{row['sign']}**") == (row["sign"] != "undecided")
            assert (f" {row['verdict']}" in cell) == (row["verdict"] != "not supported")
