"""What `results/published/` shows can be made again from what lies beside it, and the README says what is published."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import yaml

from gqvae.config import Study, parse
from gqvae.evaluation.tables import write_csv
from gqvae.figures.plot import FIGURES

ROOT = Path(__file__).parents[1]
PUBLISHED = ROOT / "results" / "published"
DRAWN = sorted(path for path in PUBLISHED.glob("*/figures/*.csv"))


@pytest.mark.parametrize("drawn", DRAWN, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_every_published_figure_comes_from_the_tables_beside_it(drawn: Path, tmp_path: Path) -> None:
    write_csv(FIGURES[drawn.stem].points(drawn.parents[1] / "tables"), tmp_path / drawn.name)
    assert (tmp_path / drawn.name).read_bytes() == drawn.read_bytes()
    assert all(drawn.with_suffix(suffix).stat().st_size > 1000 for suffix in (".png", ".pdf"))


def _percent(value: float, sign: str = "+") -> str:
    return f"{100 * value:{sign}.1f} %".replace("-", "−")


def _claims(study: str) -> pd.DataFrame:
    return pd.read_csv(PUBLISHED / study / "claims.csv", dtype={"claim": str}).set_index("claim", drop=False)


def _claim_rows() -> Iterator[str]:
    for row in _claims("tinystories-sample").itertuples():
        over = [
            "–" if pd.isna(low) else f"[{_percent(low)}, {_percent(high)}]"
            for low, high in ((row.low, row.high), (row.document_low, row.document_high))
        ]
        margin = _percent(-row.margin) if row.margin else "0"
        yield (
            f"| {row.claim}: {row.text} (`{row.first}` against `{row.second}`) | {_percent(row.effect)} | {over[0]} | {over[1]}"
            f" | {margin} | **{row.verdict}** |"
        )


def _gpu_rows() -> Iterator[str]:
    for row in _claims("gpu-minutes").itertuples():
        over = f"[{_percent(row.low)}, {_percent(row.high)}]"
        yield f"| {row.claim}: `{row.first}` against `{row.second}` | {_percent(row.effect)} | {over} | **{row.verdict}** |"


def _compression_rows() -> Iterator[str]:
    table = pd.read_csv(PUBLISHED / "tokenizer-quality" / "tables" / "compression.csv", keep_default_na=False)
    table = table[table["split"] == "test"]
    for size, group in table.groupby("vocab_size_requested"):
        bpe = group[group["arm"] == "bpe"]["bytes_per_token"].astype(float).mean()
        found = {key: rows["bytes_per_token"].astype(float) for key, rows in group.groupby(["arm", "encoder"]) if key[0] != "bpe"}
        ratios = [
            f"{values.mean() / bpe:.3f} [{values.min() / bpe:.3f}–{values.max() / bpe:.3f}]"
            for values in (found["gqvae", "distilled"], found["gqvae", "neural"], found["fixed_8", "distilled"])
        ]
        yield f"| {size:,} | {bpe:.3f} | {found['gqvae', 'distilled'].mean():.3f} | {' | '.join(ratios)} |"


def _statements() -> Iterator[str]:
    """Every other number among the results, in the words around it, computed from what is published."""
    sample = json.loads((PUBLISHED / "tinystories-sample" / "provenance.json").read_text(encoding="utf-8"))
    study = parse(Study, sample["config"], "provenance.json")
    paper = parse(Study, yaml.safe_load((ROOT / "configs" / "paper.yaml").read_text(encoding="utf-8")), "paper.yaml")
    results = pd.read_csv(PUBLISHED / "tinystories-sample" / "tables" / "results.csv")
    assert (study.network.width, len(study.seeds), sample["machine"]["device"]) == (paper.network.width // 8, 3, "cpu")
    yield f"language models of {results['parameters_non_embedding'].iloc[0] / 1e6:.2f} million parameters"
    train, valid = (sample["corpus"]["splits"][split]["bytes"] for split in ("train", "valid"))
    yield f"on {(train + valid) / 1e6:.0f} MB of\ntext"
    yield f"V = {study.vocabulary.size:,}, language models trained on up to {max(study.language_model.train_bytes) / 1e6:.0f} MB of\ntext"
    losses = [-_claims(name).loc["C2", "effect"] for name in ("wikitext2", "wikitext2-longer", "shakespeare", "python-stdlib")]
    yield f"compresses {100 * min(losses):.1f} to {_percent(max(losses), '')} worse than BPE"
    verdicts = _claims("tinystories-sample")["verdict"]
    assert list(verdicts.loc["C1":"C3b"].unique()) == ["supported"]
    yield "(C1 to C3)"
    assert list(verdicts.loc["C4a":"C4b"].unique()) == ["not supported"]
    yield "(C4: the intervals include\nzero)"
    assert list(verdicts.loc["C5a":"C5b"].unique()) == ["contradicted"]
    yield "(C5 is contradicted by both measures)"
    assert [_claims("tinystories-sample").loc["C2", "effect"] > 0, _claims("tinystories-sample").loc["C5a", "effect"] > 0] == [
        True,
        False,
    ]
    gpu = json.loads((PUBLISHED / "gpu-minutes" / "provenance.json").read_text(encoding="utf-8"))
    study = parse(Study, gpu["config"], "provenance.json")
    assert study.network.model_copy(update={"codebook_size": paper.network.codebook_size}) == paper.network
    networks = [json.loads(path.read_text(encoding="utf-8")) for path in (PUBLISHED / "gpu-minutes" / "networks").glob("*.json")]
    assert (len(networks), {network["device"] for network in networks}) == (6, {"NVIDIA H200"})
    yield f"D = {study.network.width:,}, {study.training.steps} steps"
    yield "on one H200"
    table = pd.read_csv(PUBLISHED / "gpu-minutes" / "tables" / "compression.csv", keep_default_na=False)
    table = table[
        (table["split"] == "test") & (table["vocab_size_requested"].astype(str) == "1024") & (table["encoder"] != "distilled")
    ]
    mean = table.groupby("arm")["bytes_per_token"].mean()
    assert study.vocabulary.grid == (1024,)
    ahead = [_percent(mean["gqvae"] / mean[other] - 1, "") for other in ("fixed_8", "bpe")]
    yield f"At V = 1,024 the same networks\ncompress {ahead[0]} better than fixed length and {ahead[1]} better than BPE"
    yield f"V = {study.vocabulary.size:,}, the same small\nlanguage models"
    yield "| claim | effect | 95 % over seeds |"
    yield "| claim, at the paper's width | effect | 95 % over seeds |"
    yield "fixed length (8 bytes)"
    yield "256 bytes and the end of a document"


def test_every_number_among_the_results_of_the_readme_is_published() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    results = text[text.index("![Claims") : text.index("## Run it")]
    for expected in (*_claim_rows(), *_gpu_rows(), *_compression_rows(), *_statements()):
        assert expected in results, expected
        results = results.replace(expected, "", 1)
    results = re.sub(r"\]\([^)]*\)|`[^`]*`|```.*?```", "", results, flags=re.DOTALL)  # addresses and code
    assert re.findall(r".*\d.*", results) == []
