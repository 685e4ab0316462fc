"""What `results/published/` shows can be made again from what lies beside it, and the README says what is published."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from gqvae.config import Study, parse
from gqvae.figures.plot import figure_module, plot_across
from gqvae.files import write_csv
from gqvae.report import pages
from gqvae.study import layout
from gqvae.study.across import side_by_side

ROOT = Path(__file__).parents[1]
PUBLISHED = ROOT / "results" / "published"
AUTHORS = "alpha_.*|as_released"  # arms with the authors' objective and learned gates
SIDE_BY_SIDE = side_by_side(PUBLISHED)
TELLING = sorted(  # of the version that says where networks were trained
    path.parent.name for path in PUBLISHED.glob("*/provenance.json") if "network_devices" in path.read_text(encoding="utf-8")
)
DRAWN = sorted(path for path in PUBLISHED.glob("*/figures/*.csv"))


@pytest.mark.parametrize("drawn", DRAWN, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_every_published_figure_comes_from_the_tables_beside_it(drawn: Path, tmp_path: Path) -> None:
    write_csv(figure_module(drawn.stem).points(drawn.parents[1] / "tables"), tmp_path / drawn.name)
    assert (tmp_path / drawn.name).read_bytes() == drawn.read_bytes()
    assert drawn.with_suffix(".png").stat().st_size > 1000


@pytest.mark.parametrize("folder", SIDE_BY_SIDE)
def test_what_several_studies_say_comes_from_what_is_published_of_them(folder: str, tmp_path: Path) -> None:
    plot_across([PUBLISHED / study for study in SIDE_BY_SIDE[folder]], tmp_path)
    published = PUBLISHED / folder
    assert {path.name for path in published.iterdir()} <= {path.name for path in tmp_path.iterdir()}
    for path in tmp_path.glob("*.csv"):
        assert path.read_bytes() == (published / path.name).read_bytes()


def test_a_picture_is_published_if_a_document_shows_it() -> None:
    shown = {
        (document.parent / target).resolve()
        for document in (ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *PUBLISHED.rglob("*.md"))
        for target in re.findall(r"\]\(([^)\s]+\.(?:png|pdf|svg))\)", document.read_text(encoding="utf-8"))
    }
    published = {path for path in PUBLISHED.rglob("*") if path.suffix in (".png", ".pdf", ".svg")}
    assert len(published) > 100 and published <= shown


@pytest.mark.parametrize("study", TELLING)
def test_the_networks_of_a_study_are_told_beside_it(study: str) -> None:
    facts, paths = _provenance(study), list((PUBLISHED / study).glob("networks/*.json"))
    names = layout.learned_families(parse(Study, facts["config"], "provenance.json"))
    assert sorted(path.stem for path in paths) == sorted(names)
    assert sorted({json.loads(path.read_text(encoding="utf-8"))["device"] for path in paths}) == facts["network_devices"]


def _provenance(study: str) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((PUBLISHED / study / "provenance.json").read_text(encoding="utf-8"))
    return record


def test_the_generated_tables_of_results_are_current(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    pages.check()


def test_among_the_findings_of_the_readme_numbers_stand_in_generated_tables_alone() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    findings = pages.without_blocks(text[text.index("## What was found") : text.index("## Run it")])
    prose = re.sub(r"\]\([^)]*\)|```.*?```|`[^`]*`", "", findings, flags=re.DOTALL)  # addresses and code
    prose = " ".join(prose.split())
    for stated in ("95 % intervals", "V = 1,024", "V = 4,096"):
        assert stated in prose
        prose = prose.replace(stated, "")
    assert re.findall(r".{0,40}\d.{0,40}", prose) == []


def test_the_findings_of_the_readme_are_those_of_the_published_claims() -> None:
    text = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    paper = _claim("stories-1024", "C4b-paper")
    small, large = ("control-1024", "control-1024-larger"), ("control-4096", "control-4096-larger", "control-4096-gpu")
    others = ("wikitext2", "shakespeare", "python-stdlib")
    for sentence, holds in {
        "At every vocabulary size V it compresses better than each of our networks": _control_is_ahead(),
        "It takes half a minute; a network takes ten minutes or more": _processor("pathpiece") < 45 and _processor("gqvae") > 600,
        "GQ-VAE remains behind when its text is also split into the fewest tokens (last table of this page)": _control_is_ahead(),
        "The networks of `stories-1024` are its own; the other rows share five networks, and the last uses four of them": [
            _claim(study, "N1")["seeds"] for study in ("stories-1024", *small, *large)
        ]
        == [5, 5, 5, 5, 5, 4],
        "At V = 1,024 the networks of `stories-1024` compress worse, and language models are worse on them at the same vocabulary size; both are decided": [
            _signs(claim, "stories-1024") for claim in ("N1", "N2")
        ]
        == [["worse"]] * 2,
        "At equal compression they are behind as well, but there the arms chose different learning rates": (
            _signs("N3b", "stories-1024") == ["worse"]
            and not _rates("stories-1024", "gqvae") & _rates("stories-1024", "pathpiece_matched")
        ),
        "The five larger ones compress better and say the same in all pairs": all(_control_is_better(study) for study in small)
        and _ahead("N1", *small) == _ahead("N3b", *small) == [0, 0],
        "At V = 4,096 no difference between language models is shown": _signs("N2", *large) == ["undecided"] * 3,
        "at equal compression they are worse on GQ-VAE on average, in every row": all(
            _claim(study, "N3b")["effect"] < 0 for study in small + large
        ),
        "At V = 1,024 language models are worse on GQ-VAE; this is decided for `stories-1024` and for the larger models": (
            _ahead("C3b", "stories-1024", *small) == [0, 0, 0]
            and _signs("C3b", "stories-1024", *small) == ["worse", "undecided", "worse"]
        ),
        "At equal compression those of `stories-1024` are ahead of BPE early in training (decided) and behind after the most text, in all pairs (undecided)": (
            _signs("C4a", "stories-1024") == ["better"]
            and _signs("C4b", "stories-1024") == ["undecided"]
            and bool((_bits("stories-1024", "gqvae", 1_500_000) > _bits("stories-1024", "bpe_matched", 1_500_000)).all())
        ),
        "At V = 4,096 the smallest are better on GQ-VAE in every pair, and those trained on the most text are worse in every pair": _ahead(
            "C3b", large[0], large[2]
        )
        == [_claim(large[0], "C3b")["seeds"], 0],
        "but one of them trained badly, so the spread is too wide to decide the means": _signs("N1", *small)
        == _signs("N2", *small)
        == ["undecided"] * 2,
        "GQ-VAE compresses better; this is decided at V = 4,096. The network is not needed for this gain: counted strings of any length also compress better than counted chunks of fixed length": _signs(
            "C1", *large[:2]
        )
        == ["better"] * 2
        and _shape_explains(),
        "No difference between language models is shown": _signs("C3a", *small, *large[:2]) == ["undecided"] * 4,
        "words of one length are cut alike or nearly so, by all ten of our networks and all five with the paper's objective": (
            _gates_ignore_the_text("control-1024", "gqvae", 5)
            and _gates_ignore_the_text("stories-1024", "gqvae", 5)
            and _gates_ignore_the_text("stories-1024", "gqvae_paper", 5)
        ),
        "at every weight of the gate loss that we tried": _gates_ignore_the_text("paper-search", AUTHORS, 9),
        "tokens compress far worse than BPE, and language models are worse on them than on BPE and on the control; both are decided": (
            _paper_compresses_far_worse("paper-search", AUTHORS)
            and _paper_compresses_far_worse("stories-1024", "gqvae_paper")
            and [_signs(f"{claim}-paper", "stories-1024") for claim in ("C2", "C3b", "N2")] == [["worse"]] * 3
        ),
        "At equal compression the vocabulary of BPE is about half as large, and no difference between language models is shown": (
            0.45 < paper["second_vocab_size"] / paper["first_vocab_size"] < 0.55
            and [_signs(f"{claim}-paper", "stories-1024") for claim in ("C4a", "C4b", "N3a", "N3b")] == [["undecided"]] * 4
        ),
        "The lead over fixed length is undecided": _signs("C1-paper", "stories-1024") == ["undecided"],
        "A bigram model predicts its tokens better than those of that smaller BPE and of a control of equal compression": (
            _signs("C5b-paper", "stories-1024") == ["better"]
            and bool((_bigram("gqvae_paper") < _bigram("pathpiece_matched_paper")).all())
        ),
        "The control compresses better than GQ-VAE in every pair, and at the same vocabulary size language models are better on it, too (three pairs each, undecided)": (
            _ahead("N1", *others) == _ahead("N2", *others) == [0, 0, 0]
            and _signs("N2", *others) == ["undecided"] * 3
            and [_claim(study, "N2")["seeds"] for study in others] == [3, 3, 3]
        ),
    }.items():
        assert sentence in text and holds, sentence


def _table(study: str, name: str) -> pd.DataFrame:
    return pd.read_csv(PUBLISHED / study / "tables" / f"{name}.csv")


def _rates(study: str, arm: str) -> set[float]:
    """The learning rates that language models on an arm have."""
    runs = _table(study, "learnability")
    return set(runs[runs["arm"] == arm]["learning_rate"])


def _bits(study: str, arm: str, train_bytes: int) -> pd.Series[float]:
    """Test bits per byte by seed."""
    runs = _table(study, "learnability")
    return runs[(runs["arm"] == arm) & (runs["train_bytes"] == train_bytes)].set_index("seed")["test_bpb"].sort_index()


def _bigram(arm: str) -> pd.Series[float]:
    """Test bits per byte of the bigram model by seed."""
    runs = _table("stories-1024", "distribution")
    return runs[runs["arm"] == arm].set_index("seed")["bigram_bpb"].sort_index()


def _gates_ignore_the_text(study: str, arms: str, count: int) -> bool:
    """The cuts of all networks of these arms have less than a tenth of the entropy of BPE's."""
    bpe, networks = _networks(study, arms)
    return len(networks) == count and bool((networks["cut_entropy"] < 0.1 * bpe["cut_entropy"]).all())


def _paper_compresses_far_worse(study: str, arms: str) -> bool:
    """Beyond one byte per token, every network gains less than 55 % of what BPE gains."""
    bpe, networks = _networks(study, arms)
    return bool((networks["bytes_per_token"] - 1 < 0.55 * (bpe["bytes_per_token"] - 1)).all())


def _networks(study: str, arms: str) -> tuple[Any, pd.DataFrame]:
    """BPE, and the tokenizers of arms that match an expression, split at their gates, on the test split."""
    table = pd.read_csv(PUBLISHED / study / "tables" / "compression.csv").query(
        "split == 'test' and encoder != 'distilled' and vocab_size_requested == 1024"
    )
    return table[table["arm"] == "bpe"].iloc[0], table[table["arm"].str.fullmatch(arms)]


def _claim(study: str, claim: str) -> Any:
    return pd.read_csv(PUBLISHED / study / "claims.csv").set_index("claim").loc[claim]


def _signs(claim: str, *studies: str) -> list[str]:
    return [str(_claim(study, claim)["sign"]) for study in studies]


def _ahead(claim: str, *studies: str) -> list[int]:
    """Pairs in which the first arm is better."""
    return [int(_claim(study, claim)["ahead"]) for study in studies]


def _processor(method: str) -> float:
    """Seconds that `gqvae tokenizer train` takes."""
    table = pd.read_csv(PUBLISHED / "trained-by-command" / "trained.csv").set_index("method")
    return float(table.loc[method, "processor_seconds"].iloc[0])


def _shape_explains() -> bool:
    """Variable over fixed length gains more where strings are counted than where networks find them, at every size."""
    counted = pd.read_csv(PUBLISHED / "candidates" / "tables" / "compression.csv").query("split == 'test'")
    counted = counted.pivot(index="vocab_size_requested", columns="arm", values="bytes_per_token")
    trained = pd.concat(
        pd.read_csv(PUBLISHED / study / "tables" / "compression.csv")
        for study in ("tinystories-sample", "tinystories-replication")
    ).query("split == 'test' and encoder == 'distilled'")
    means = trained.groupby(["vocab_size_requested", "arm"])["bytes_per_token"].mean().unstack()
    gains = counted["pathpiece"] / counted["dictionary_pruned"] - means["gqvae"] / means["fixed_8"]
    return bool((gains > 0).all()) and len(gains) == 4


def _control_is_ahead() -> bool:
    """Of every network's vocabulary and of BPE, at every size."""
    columns = ["arm", "split", "vocab_size_requested", "bytes_per_token"]
    tables = {
        study: pd.read_csv(PUBLISHED / study / "tables" / "compression.csv", usecols=columns).query("split == 'test'")
        for study in ("candidates", "tinystories-sample", "tinystories-replication")
    }
    everyone = pd.concat(tables.values())
    control = tables["candidates"].query("arm == 'pathpiece'").set_index("vocab_size_requested")["bytes_per_token"]
    others = everyone[everyone["arm"].isin(["gqvae", "gqvae_distilled", "bpe", "fixed_8"])]
    return bool((others["bytes_per_token"] < others["vocab_size_requested"].map(control)).all()) and len(control) == 4


def _control_is_better(study: str) -> bool:
    """In every pair, at every amount of text."""
    runs = pd.read_csv(PUBLISHED / study / "tables" / "learnability.csv")
    bpb = runs.pivot(index=["train_bytes", "seed"], columns="arm", values="test_bpb")
    return bool((bpb["pathpiece"] < bpb["gqvae"]).all()) and len(bpb) >= 5
