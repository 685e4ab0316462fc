from __future__ import annotations

from pathlib import Path

import pandas as pd

from fabricated_study import fabricate, fabricated_settings
from gqvae.report.tables import block
from gqvae.study.collect import collect
from gqvae.study.provenance import write_provenance


def test_every_network_and_bpe_have_a_row(tmp_path: Path) -> None:
    study = fabricated_settings(many=True)
    results = fabricate(study, tmp_path / "fabricated")
    collect(study, results, results / "tables")
    write_provenance(study, results, results / "provenance.json")
    header, _, *lines = (line.strip("| ").split(" | ") for line in block("gates", ["fabricated"], tmp_path).splitlines())
    rows = pd.DataFrame(lines, columns=header).set_index("network")
    assert set(rows.index) == {
        f"`{arm}`, seed {seed}" for arm in ("fixed", "fixed_2", "gqvae", "gqvae_paper") for seed in study.seeds
    } | {"`bpe`"}
    table = pd.read_csv(results / "tables" / "compression.csv", keep_default_na=False)
    table = table.query("split == 'test' and variant == 'v1024'").set_index(["arm", "seed", "encoder"])
    found, neural = rows.loc["`gqvae`, seed 1"], table.loc[("gqvae", "1", "neural")]
    assert found["cut entropy, bits"] == f"{float(neural['cut_entropy']):.3f}"
    assert found["bytes per token, at gates"] == f"{float(neural['bytes_per_token']):.3f}"
    assert found["fewest tokens"] == f"{float(table.loc[('gqvae', '1', 'distilled')]['bytes_per_token']):.3f}"
    last = pd.read_csv(results / "tables" / "training.csv").query("arm == 'gqvae' and seed == 1").iloc[-1]
    assert (
        found["tokens per pre-token"] == f"{last['hard_rate']:.2f}"
        and found["codes in use"] == f"{100 * last['codes_used']:.0f} %"
    )
    assert rows.loc["`bpe`", "bytes per token, at gates"] == f"{float(table.loc[('bpe', '', '')]['bytes_per_token']):.3f}"


def test_cuts_are_means_and_ranges_over_tokenizers() -> None:
    published = Path(__file__).parents[2] / "results" / "published"
    header, _, *lines = (line.strip("| ").split(" | ") for line in block("cuts", ["control-1024"], published).splitlines())
    rows = pd.DataFrame(lines, columns=header).set_index("arm")
    table = pd.read_csv(published / "control-1024" / "tables" / "compression.csv", keep_default_na=False)
    table = table[(table["split"] == "test") & (table["used_downstream"].astype(str) == "True")]
    ours = table[table["arm"] == "gqvae"]["cut_entropy"].astype(float)
    assert rows.loc["`gqvae`"].iloc[0] == f"{ours.mean():.3f} [{ours.min():.3f}, {ours.max():.3f}]"
    (bpe,) = table[table["arm"] == "bpe"]["cut_entropy"].astype(float)
    assert list(rows.loc["`bpe`"])[::3] == [f"{bpe:.3f}", "1"]
