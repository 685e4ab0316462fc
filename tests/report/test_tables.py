from __future__ import annotations

import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
from scipy import stats

from fabricated_study import fabricate, fabricated_settings
from gqvae.report.markdown import percent_between
from gqvae.report.tables import block
from gqvae.study.collect import collect
from gqvae.study.provenance import write_provenance

ROOT = Path(__file__).parents[2]
PUBLISHED = ROOT / "results" / "published"
STUDY = "stories-4096"  # five seeds, two amounts of text
OURS = f"our objective, V = 4,096 (`{STUDY}`)"


@pytest.fixture(scope="module")
def effects() -> pd.DataFrame:
    """The table of effects as one."""
    return read("effects", [STUDY, "gpu-minutes"])


def read(name: str, studies: list[str], published: Path = PUBLISHED) -> pd.DataFrame:
    header, _, *lines = (line.strip("| ").split(" | ") for line in block(name, studies, published).splitlines())
    return pd.DataFrame(lines, columns=header).set_index(header[0])


def stated(first: pd.Series, second: pd.Series | float, more_is_better: bool, claim: str = "") -> str:  # type: ignore[type-arg]
    """The effect by pandas and scipy's own interval, and the sign of its claim."""
    ratio = first / second
    values = ratio - 1 if more_is_better else 1 - ratio
    low, high = stats.t.interval(0.95, len(values) - 1, loc=values.mean(), scale=stats.sem(values))
    sign = claims(STUDY).loc[claim, "sign"] if claim else "undecided"
    decided = "" if sign == "undecided" else f" **{sign}**"
    return f"{100 * values.mean():+.1f} % [{100 * low:+.1f}, {100 * high:+.1f}]".replace("-", "−") + decided


def claims(study: str) -> pd.DataFrame:
    """The claims of a study, by name."""
    return pd.read_csv(PUBLISHED / study / "claims.csv").set_index("claim")


def bits(study: str, table: str, size: str) -> pd.DataFrame:
    """Test bits per byte after the most text, by seed and arm."""
    runs = pd.read_csv(PUBLISHED / study / "tables" / f"{table}.csv").query("size == @size")
    runs = runs[runs["train_bytes"] == runs["train_bytes"].max()]
    return runs.pivot(index="seed", columns="arm", values="test_bpb")


def test_compression_is_that_of_the_table(effects: pd.DataFrame) -> None:
    table = pd.read_csv(PUBLISHED / STUDY / "tables" / "compression.csv", keep_default_na=False)
    table = table[(table["used_downstream"].astype(str) == "True") & (table["split"] == "test")]
    ours, fixed = (table[table["arm"] == arm].set_index("seed")["bytes_per_token"] for arm in ("gqvae", "fixed_8"))
    (bpe,) = table[table["arm"] == "bpe"]["bytes_per_token"]
    found = effects[OURS]
    assert found["bytes per token, against fixed length"] == stated(ours, fixed, True, "C1")
    assert found["bytes per token, against BPE"] == stated(ours, bpe, True, "C2")


def test_language_models_are_paired_by_seed_and_signed_by_claims(effects: pd.DataFrame) -> None:
    bpb, found = bits(STUDY, "learnability", "l2w96"), effects[OURS]
    assert found["bits per byte, against BPE"] == stated(bpb["gqvae"], bpb["bpe"], False, "C3b")
    assert found["bits per byte, against fixed length"] == stated(bpb["gqvae"], bpb["fixed_8"], False, "C3a")
    row = claims(STUDY).loc["C4b"]
    sign = "" if row["sign"] == "undecided" else f" **{row['sign']}**"
    assert (
        found["bits per byte at equal compression, against BPE"] == percent_between(row["effect"], row["low"], row["high"]) + sign
    )
    few = effects["our objective, V = 4,096 (`gpu-minutes`)"].filter(like="bits per byte")
    assert [cell.endswith(" too few steps") for cell in few if cell != "–"] == [True] * 3


def test_further_sizes_have_effects_but_no_signs(effects: pd.DataFrame) -> None:
    bpb = bits("gpu-minutes", "model_sizes", "l1w32")
    found = effects["our objective, V = 4,096 (`gpu-minutes`), `l1w32`"]
    assert found["language models"].startswith("12.6 k parameters")
    assert found["bits per byte, against BPE"].startswith(stated(bpb["gqvae"], bpb["bpe"], False))
    assert not any("**" in cell for cell in found)


def test_both_objectives_have_columns(tmp_path: Path) -> None:
    study = fabricated_settings(many=True)
    results = fabricate(study, tmp_path / "fabricated")
    collect(study, results, results / "tables")
    write_provenance(study, results, results / "provenance.json")
    found = read("effects", ["fabricated"], tmp_path).loc["bytes per token, against BPE"]
    assert [title.split(",")[0] for title in found[found != "–"].index] == ["the paper's objective", "our objective"]


def test_compression_is_said_once_for_the_same_networks_and_vocabulary_size() -> None:
    studies = ["stories-1024", "control-1024", "control-1024-larger", "control-4096"]
    found = read("effects", studies).loc["bytes per token, against the control"]
    assert list(found[found != "–"].index) == [
        "the paper's objective, V = 1,024 (`stories-1024`)",
        "our objective, V = 1,024 (`stories-1024`)",
        "our objective, V = 1,024 (`control-1024`)",
        "our objective, V = 4,096 (`control-4096`)",
    ]
    assert len(found) == 5


def test_steps_are_the_fewest_and_the_most() -> None:
    table = pd.read_csv(PUBLISHED / STUDY / "tables" / "learnability.csv").query("train_bytes == 600_000")
    rates = ", ".join(f"{rate:g}" for rate in sorted(set(table["learning_rate"])))
    line = f"| `{STUDY}`, 600 kB | {table['steps'].min():,}–{table['steps'].max():,} | {rates} |"
    assert line in block("steps", [STUDY], PUBLISHED)


def test_claims_stand_side_by_side_with_their_verdicts() -> None:
    lines = block("claims", [STUDY, "gpu-minutes", "control-1024"], PUBLISHED).splitlines()
    assert lines[0] == f"| claim | `{STUDY}` | `gpu-minutes` | `control-1024` |"
    found = {line.split(":")[0].strip("| "): line.split(" | ") for line in lines[2:]}
    assert set(found) >= set(claims(STUDY).index)
    for name, row in claims(STUDY).iterrows():
        cell = found[str(name)][1]
        assert f"**{row['verdict']}**; {row['sign']}, ahead in {row['ahead']} of {row['seeds']}" in cell
        assert cell.startswith(percent_between(row["effect"], row["low"], row["high"]))
    assert found["S1"][3].strip("| ") == "–"  # an arm that the last study lacks


def test_an_opponent_that_differs_between_studies_is_named() -> None:
    lines = block("claims", ["stories-4096", "tinystories-replication"], PUBLISHED).splitlines()
    (line,) = (line for line in lines if line.startswith("| O1:"))
    assert "(`gqvae` against `dictionary_pruned` or `dictionary`)" in line


def test_power_is_that_of_the_paired_differences() -> None:
    header, _, *lines = (line.strip("| ").split(" | ") for line in block("power", [STUDY], PUBLISHED).splitlines())
    cells = pd.DataFrame(lines, columns=header).set_index("claim")
    bpb = bits(STUDY, "learnability", "l2w96")
    row = cells.loc[f"C3b (`gqvae` against `bpe`), `{STUDY}`"]
    spread = (bpb["gqvae"] / bpb["bpe"]).std()
    assert row["spread over pairs"] == f"{100 * spread:.1f} %"
    assert row["spread of BPE over seeds"] == f"{100 * bpb['bpe'].std() / bpb['bpe'].mean():.1f} %"
    for effect in (0.01, 0.005):
        pairs = int(row[f"pairs that find {100 * effect:g} %"])
        power = [_power(count, effect / spread) for count in (pairs - 1, pairs)]
        assert power[0] < 0.8 <= power[1]


def _power(pairs: int, effect: float) -> float:
    """Of a two-sided paired t-test at 5 %, by scipy's own distribution."""
    bound, shift = stats.t.ppf(0.975, pairs - 1), effect * pairs**0.5
    return float(stats.nct.sf(bound, pairs - 1, shift) + stats.nct.cdf(-bound, pairs - 1, shift))


def test_ratios_to_bpe_are_at_equal_size() -> None:
    lines = block("candidates", [STUDY], PUBLISHED).splitlines()
    cells = {line.split(" | ")[0].strip("| "): line.strip("| ").split(" | ")[1:] for line in lines}
    sizes = [int(re.sub(r"\D", "", cell)) for cell in cells["÷ BPE"]]
    assert sizes == [512, 1024, 2048, 4096]
    table = pd.read_csv(PUBLISHED / STUDY / "tables" / "compression.csv", keep_default_na=False)
    table = table[(table["split"] == "test") & (table["variant"] != "matched")]
    bpe, control = (
        table[table["arm"] == arm].set_index("vocab_size_requested")["bytes_per_token"] for arm in ("bpe", "pathpiece")
    )
    row = next(values for name, values in cells.items() if "(`pathpiece`)" in name)
    assert row == [f"{control[size] / bpe[size]:.3f}" for size in sizes]
    (networks,) = (values for name, values in cells.items() if name.startswith("GQ-VAE, fewest tokens, 5 networks"))
    assert all(float(ours.split()[0]) < float(theirs) for ours, theirs in zip(networks, row, strict=True))  # the finding itself


def test_vocabularies_that_stayed_small_have_no_ratio(tmp_path: Path) -> None:
    shutil.copytree(PUBLISHED / STUDY, tmp_path / STUDY)
    path = tmp_path / STUDY / "tables" / "compression.csv"
    table = pd.read_csv(path)
    table.loc[(table["arm"] == "gqvae") & (table["vocab_size_requested"] == 1024), "vocab_size"] = 531
    table.to_csv(path, index=False)
    own = [line.split(" | ") for line in block("candidates", [STUDY], tmp_path).splitlines() if line.startswith("| GQ-VAE, ")]
    assert len(own) == 2
    assert all(cells[2] == "–" and all("[" in cells[place] for place in (1, 3, 4)) for cells in own)


def test_serving_is_the_loss_with_the_operations_of_a_byte() -> None:
    header, _, *lines = (
        line.strip("| ").split(" | ") for line in block("serving", [STUDY, "control-4096-gpu"], PUBLISHED).splitlines()
    )
    cells = pd.DataFrame(lines, columns=header).set_index("arm")
    runs = pd.read_csv(PUBLISHED / "control-4096-gpu" / "tables" / "learnability.csv").query("arm == 'gqvae'")
    runs = runs[runs["train_bytes"] == runs["train_bytes"].max()]
    cost = (runs["flops"] / runs["tokens"] / 3 * runs["test_tokens"] / runs["test_bytes"]).mean()
    shown = cells.loc["`gqvae`", "V = 4,096; 4.75 M parameters, 12 MB"]
    assert shown == f"{runs['test_bpb'].mean():.3f} ({cost / 1e6:,.3g} M)"
    assert cells.loc["`fixed_8`", "V = 4,096; 4.75 M parameters, 12 MB"] == "–"


def test_arms_are_told_by_size_compression_round_trip_and_loss() -> None:
    header, _, *lines = (line.strip("| ").split(" | ") for line in block("arms", [STUDY], PUBLISHED).splitlines())
    cells = pd.DataFrame(lines, columns=header).set_index("arm")
    tables = PUBLISHED / STUDY / "tables"
    runs = pd.read_csv(tables / "learnability.csv").query("train_bytes == 1_500_000").sort_values("seed")
    assert set(cells.index) == {f"`{arm}`" for arm in runs["arm"]}
    rates = pd.read_csv(tables / "compression.csv").query("split == 'test' and used_downstream").set_index("arm")
    for arm in ("bpe", "gqvae"):
        own, row = runs[runs["arm"] == arm], cells.loc[f"`{arm}`"]
        assert row["bits per byte, by seed"] == " / ".join(f"{value:.3f}" for value in own["test_bpb"])
        used = rates.loc[[arm]].query("vocab_size_requested == 4096")
        assert row["bytes per token"] == f"{used['bytes_per_token'].mean():.3f}" and row["V"].endswith("4,096")
