from __future__ import annotations

from pathlib import Path

import pandas as pd

from gqvae.report.tables import block

PUBLISHED = Path(__file__).parents[2] / "results" / "published"
STUDY = "control-1024"


def test_a_row_tells_compression_claims_and_steps_of_the_longest_runs() -> None:
    header, _, line = block("texts", [STUDY], PUBLISHED).splitlines()
    found = dict(zip(header.strip("| ").split(" | "), line.strip("| ").split(" | "), strict=True))
    table = pd.read_csv(PUBLISHED / STUDY / "tables" / "compression.csv", keep_default_na=False).query("split == 'test'")
    table = table[table["used_downstream"].astype(str) == "True"]
    ours = table[table["arm"] == "gqvae"]
    assert float(found["GQ-VAE"]) == round(ours["bytes_per_token"].mean(), 3)
    assert found["exact tokens"] == f"{100 * ours['exact_token_accuracy'].astype(float).mean():.0f} %"
    assert float(found["the control"]) == round(table[table["arm"] == "pathpiece"]["bytes_per_token"].item(), 3)
    claim = pd.read_csv(PUBLISHED / STUDY / "claims.csv").set_index("claim").loc["N1"]
    assert found["N1: the control"].startswith(f"{100 * claim['effect']:.1f} %".replace("-", "−"))
    runs = pd.read_csv(PUBLISHED / STUDY / "tables" / "learnability.csv").query("train_bytes == 4_000_000")["steps"]
    assert found["text, steps"] == f"4 MB, {runs.min():,}–{runs.max():,}"


def test_what_a_study_lacks_is_a_dash_what_all_lack_is_left_out_and_too_few_steps_are_said() -> None:
    header, _, line, _ = (
        line.strip("| ").split(" | ") for line in block("texts", ["gpu-minutes", STUDY], PUBLISHED).splitlines()
    )
    runs = pd.read_csv(PUBLISHED / "gpu-minutes" / "tables" / "learnability.csv")
    assert line[header.index("the control")] == line[header.index("N1: the control")] == "–"
    assert line[-1].endswith(": too few") == (runs[runs["train_bytes"] == runs["train_bytes"].max()]["steps"].min() < 300)
    assert "control" not in block("texts", ["gpu-minutes"], PUBLISHED)
