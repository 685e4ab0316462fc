"""What docs/adding-a-tokenizer.md says is all there is to do."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
import yaml
from workflow_runs import ROOT, copy_of_repository, run_snakemake

TABLE = "results/smoke/compression/words.csv"
SMOKE = ("--cores", "2", "--configfile", "configs/smoke.yaml")


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository with one more file and one more entry, both from the page."""
    folder = copy_of_repository(tmp_path_factory.mktemp("extended"))
    page = (ROOT / "docs" / "adding-a-tokenizer.md").read_text(encoding="utf-8")
    (module,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (entry,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    (folder / "src" / "gqvae" / "tokenizers" / "words.py").write_text(module, encoding="utf-8")
    config = folder / "configs" / "smoke.yaml"
    study = yaml.safe_load(config.read_text(encoding="utf-8"))
    study["arms"] |= yaml.safe_load(entry)
    config.write_text(yaml.safe_dump(study), encoding="utf-8")
    return folder


@pytest.mark.slow
def test_one_file_and_one_entry_make_an_arm(extended: Path) -> None:
    done = run_snakemake(extended, TABLE, *SMOKE)
    assert done.returncode == 0, done.stderr[-4000:]
    found = pd.read_csv(extended / TABLE)
    assert set(found["variant"]) == {"v320", "v384"} and (found["bytes_per_token"] > 1.2).all()
    assert (found.loc[found["variant"] == "v384", "bytes_per_token"].min()) > found["bytes_per_token"].min()
    language_model = "results/smoke/language_models/words-s0-b30000-l1w32/result.json"
    assert "train the language model" in run_snakemake(extended, language_model, "--dry-run", *SMOKE).stdout


@pytest.mark.slow
def test_an_edit_of_the_file_reruns_its_branch_alone(extended: Path) -> None:
    module = extended / "src" / "gqvae" / "tokenizers" / "words.py"
    module.write_text(module.read_text(encoding="utf-8") + "# an edit\n", encoding="utf-8")
    done = run_snakemake(extended, TABLE, "results/smoke/tokenizers/unigram/v384/gqvae.json", "--dry-run", *SMOKE)
    text = done.stdout + done.stderr
    assert "Arm words: tokenizers from the counts" in text and "words: bytes per token" in text
    assert "prepare_corpus" not in text.partition("Job stats:")[2].partition("total")[0]
