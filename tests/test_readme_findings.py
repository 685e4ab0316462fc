"""The README says what is published: each of its findings is tied to the claims and tables that show it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd

from gqvae.report import pages

ROOT = Path(__file__).parents[1]
PUBLISHED = ROOT / "results" / "published"
AUTHORS = "alpha_.*|as_released"  # arms with the authors' objective and learned gates


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
    stories, larger = ("stories-1024", "stories-4096"), ("control-1024", "control-1024-larger")
    forced, one = ("paper-forced-1024", "paper-forced-4096"), "paper-forced-4096-rate-6"
    one_rate, others = (
        ("stories-1024-rate-3", "stories-1024-rate-6", "stories-4096-rate-6"),
        ("wikitext2", "shakespeare", "python-stdlib"),
    )
    for sentence, holds in {
        "At every vocabulary size V it compresses better than each of our networks": _control_is_ahead(),
        "It takes half a minute of processor time, a network of the default size twenty minutes": _processor("pathpiece") < 45
        and 1140 < _processor("gqvae") < 1320,
        "GQ-VAE remains behind when its text is also split into the fewest tokens (last table of this page)": _control_is_ahead(),
        "**The control** compresses better in both `stories` studies (decided)": _signs("N1", *stories) == ["worse"] * 2,
        "After the most text, language models of the same vocabulary size are better on it in all pairs (decided at V = 1,024)": (
            _ahead("N2", *stories) == [0, 0] and _signs("N2", *stories) == ["worse", "undecided"]
        ),
        "At V = 4,096 no difference between language models is shown if text is split at the gates": _signs(
            "N2", "control-4096", "control-4096-larger", "control-4096-gpu"
        )
        == ["undecided"] * 3,
        "At equal compression the table overstates its lead at V = 1,024: with [one learning rate](docs/results.md#one-learning-rate-for-all-arms) for all arms it is smaller, decided with the higher of two rates and undecided with the lower. At V = 4,096 no difference is shown": (
            _signs("N3b", *one_rate) == ["undecided", "worse", "undecided"]
            and all(_rates(study, "gqvae") == _rates(study, "pathpiece_matched") for study in one_rate)
            and all(_claim("stories-1024", "N3b")["effect"] < _claim(study, "N3b")["effect"] < 0 for study in one_rate[:2])
            and _signs("N3b", "stories-4096") == ["undecided"]
        ),
        "At V = 1,024 the control is ahead in all pairs, and language models learn more on it at equal compression. But one network trained badly, so the spread is too wide to decide the means": (
            all(_control_is_better(study) for study in larger)
            and _ahead("N1", *larger) == _ahead("N3b", *larger) == [0, 0]
            and _signs("N1", *larger) == _signs("N2", *larger) == ["undecided"] * 2
        ),
        "At V = 1,024 language models are worse on GQ-VAE of the same size; this is decided for `stories-1024` and for the larger models. At V = 4,096 the studies point both ways and none decides the sign": (
            _signs("C3b", "stories-1024", *larger) == ["worse", "undecided", "worse"]
            and _signs("C3b", "stories-4096", "control-4096", "control-4096-gpu") == ["undecided"] * 3
            and _ahead("C3b", "control-4096", "control-4096-gpu") == [5, 0]
        ),
        "At V = 4,096 language models are better on GQ-VAE in every pair of `stories-4096` (undecided). But the control is level with GQ-VAE there": (
            _ahead("C4b", "stories-4096") == [5]
            and _signs("C4b", "stories-4096") == ["undecided"]
            and abs(_claim("stories-4096", "N3b")["effect"]) < 0.002
        ),
        "In `stories-1024` their mean loss during training is lower than on BPE (decided). On the control it is as low, at equal rates. With one learning rate for all arms they learn less there than on BPE (decided with either rate)": (
            _signs("C4a", "stories-1024") == ["better"]
            and all(abs(_claim(study, "N3a")["effect"]) < 0.002 for study in one_rate[:2])
            and _signs("C4b", *one_rate[:2]) == ["worse"] * 2
        ),
        "Split at its gates, GQ-VAE compresses better in every pair of `stories-4096` (undecided) and of `control-4096` (decided). The network is not needed for this gain: counted strings of any length also compress better than counted chunks of fixed length": _ahead(
            "C1", "stories-4096", "control-4096"
        )
        == [5, 5]
        and _signs("C1", "stories-4096", "control-4096") == ["undecided", "better"]
        and _shape_explains(),
        "Language models are better on fixed length than on GQ-VAE in every pair of `stories-4096` (undecided)": (
            _ahead("C3a", "stories-4096") == [0] and _signs("C3a", "stories-4096") == ["undecided"]
        ),
        "Words of one length are cut alike or nearly so, by all fifteen of our networks on stories and all twenty-five with the paper's objective": (
            _gates_ignore_the_text("control-1024", "gqvae", 5)
            and all(_gates_ignore_the_text(study, arm, 5) for study in stories for arm in ("gqvae", "gqvae_paper"))
            and _gates_ignore_the_text("paper-gates", "gqvae_paper_3.*", 10)
            and _gates_ignore_the_text("paper-forced-4096", "gqvae_forced", 5, size=4096)
        ),
        "at every weight of the gate loss that we tried": _gates_ignore_the_text("paper-search", AUTHORS, 9),
        "**BPE and the control** are ahead in compression, and language models of the same requested size are better on them. All of this is decided at both sizes, with free and with forced gates": (
            [_signs(f"{claim}-paper", *stories) for claim in ("C2", "N1", "C3b", "N2")] == [["worse"] * 2] * 4
            and [_signs(f"{claim}-forced", *forced) for claim in ("C2", "N1", "C3b", "N2")] == [["worse"] * 2] * 4
        ),
        "Free gates compress far worse than BPE": _paper_compresses_far_worse("paper-search", AUTHORS)
        and all(
            _paper_compresses_far_worse(study, "gqvae_paper", size) for study, size in zip(stories, (1024, 4096), strict=True)
        ),
        "Split into the fewest tokens, they are slightly better on GQ-VAE than on the control of the same size, in all pairs": all(
            _leads("control-4096" + size, "gqvae_distilled", "pathpiece") == 5 for size in ("", "-larger")
        ),
        "GQ-VAE comes within five per cent of its compression at both sizes, as the paper says (supported)": [
            str(_claim(study, "C2")["verdict"]) for study in stories
        ]
        == ["supported"] * 2,
        "After the most text they are behind on GQ-VAE in nine of ten pairs": sum(
            _leads(study, "bpe_matched_paper", "gqvae_paper") for study in stories
        )
        == 9,
        "The codes fill a part of the vocabulary only": all(
            _sizes(study, arm).max() < size
            for arm, studies in (("gqvae_paper", stories), ("gqvae_forced", forced))
            for study, size in zip(studies, (1024, 4096), strict=True)
        ),
        "**BPE of equal compression**, the paper's main comparison, has a vocabulary about half as large in the mean": all(
            0.4 < _claim(study, name)["second_vocab_size"] / _claim(study, name)["first_vocab_size"] < 0.55
            for name, studies in (("C4b-paper", stories), ("C4b-forced", forced))
            for study in studies
        ),
        "*Free:* no difference between language models is shown": all(
            [_signs(f"{claim}-paper", study) for claim in ("C4a", "C4b", "N3a", "N3b")] == [["undecided"]] * 4
            for study in stories
        ),
        "*Forced:* language models learn less on GQ-VAE than on it and than on the control of equal compression, in every pair at both sizes (all decided, also with one learning rate for all arms)": (
            [_signs(f"{claim}-forced", *forced, one) for claim in ("C4b", "N3b")] == [["worse"] * 3] * 2
            and [_ahead(f"{claim}-forced", *forced, one) for claim in ("C4b", "N3b")] == [[0, 0, 0]] * 2
            and _rates(forced[0], "gqvae_forced")
            == _rates(forced[0], "bpe_matched_forced")
            == _rates(forced[0], "pathpiece_matched_forced")
            and _rates(one, "gqvae_forced") == _rates(one, "bpe_matched_forced") == _rates(one, "pathpiece_matched_forced")
        ),
        "At V = 1,024 a third of the spans do not decode exactly, at V = 4,096 less than a sixth; the loss is as large": (
            0.3 < _networks(forced[0], "gqvae_forced")[1]["fallback_rate"].mean() < 0.37
            and _networks(forced[1], "gqvae_forced", 4096)[1]["fallback_rate"].max() < 1 / 6
            and abs(_claim(forced[0], "C4b-forced")["effect"] - _claim(forced[1], "C4b-forced")["effect"]) < 0.002
        ),
        "*Free* gates [compress worse than fixed ones](docs/paper-objective.md#gates-against-fixed-lengths) in every pair at both sizes. At V = 1,024 this is decided with the authors' weight of the gate loss, and with the best one in one of two studies": (
            _ahead("C1-paper", *stories, "paper-gates") + _ahead("C1-paper-3", "paper-gates") == [0] * 4
            and _signs("C1-paper-3", "paper-gates") == ["worse"]
            and _signs("C1-paper", *stories, "paper-gates") == ["undecided", "undecided", "worse"]
        ),
        "*Forced* gates compress better than fixed ones in every pair at V = 4,096 (decided), as the paper says; at V = 1,024 no difference is shown, nor between language models at either size": (
            _signs("C1-forced", *forced) == ["undecided", "better"]
            and _ahead("C1-forced", forced[1]) == [5]
            and _signs("C3a-forced", *forced) == ["undecided"] * 2
        ),
        "one network of the ten cuts after four of five bytes": [
            int((_networks(study, "gqvae_paper")[1]["bytes_per_token"] < 4 / 3).sum()) for study in stories
        ]
        == [0, 1],
        "BPE and the control compress better than GQ-VAE in every pair (three for each text), and the mean gaps are larger than on stories. Only one gap is decided: the control's, on plays": (
            [_ahead(claim, *others) for claim in ("C2", "N1")] == [[0, 0, 0]] * 2
            and all(
                _claim(study, claim)["effect"] < _claim("stories-1024", claim)["effect"]
                for study in others
                for claim in ("C2", "N1")
            )
            and _signs("C2", *others) + _signs("N1", *others) == ["undecided"] * 4 + ["worse", "undecided"]
            and [_claim(study, "N1")["seeds"] for study in others] == [3, 3, 3]
        ),
        "Language models of the same vocabulary size are better on both in every pair; this is decided on plays and code": (
            [_ahead(claim, *others) for claim in ("C3b", "N2")] == [[0, 0, 0]] * 2
            and _signs("C3b", *others) == _signs("N2", *others) == ["undecided", "worse", "worse"]
        ),
        "At equal compression they learn less from plays on GQ-VAE than on BPE (decided)": _signs("C4b", "shakespeare")
        == ["worse"],
    }.items():
        assert sentence in text and holds, sentence


def _table(study: str, name: str) -> pd.DataFrame:
    return pd.read_csv(PUBLISHED / study / "tables" / f"{name}.csv")


def _rates(study: str, arm: str) -> set[float]:
    """The learning rates that language models on an arm have."""
    runs = _table(study, "learnability")
    return set(runs[runs["arm"] == arm]["learning_rate"])


def _sizes(study: str, arm: str) -> pd.Series[int]:
    """The vocabulary sizes that the tokenizers of its language models have."""
    runs = _table(study, "learnability")
    return runs[runs["arm"] == arm]["vocab_size"]


def _gates_ignore_the_text(study: str, arms: str, count: int, size: int = 1024) -> bool:
    """The cuts of all networks of these arms have less than a tenth of the entropy of BPE's."""
    bpe, networks = _networks(study, arms, size)
    return len(networks) == count and bool((networks["cut_entropy"] < 0.1 * bpe["cut_entropy"]).all())


def _paper_compresses_far_worse(study: str, arms: str, size: int = 1024) -> bool:
    """Beyond one byte per token, every network gains less than 55 % of what BPE gains."""
    bpe, networks = _networks(study, arms, size)
    return bool((networks["bytes_per_token"] - 1 < 0.55 * (bpe["bytes_per_token"] - 1)).all())


def _networks(study: str, arms: str, size: int = 1024) -> tuple[Any, pd.DataFrame]:
    """BPE, and the tokenizers of arms that match an expression, split at their gates, on the test split."""
    table = _table(study, "compression").query("split == 'test' and encoder != 'distilled' and vocab_size_requested == @size")
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
    means = _rates_by_size("stories-4096")
    counted, trained = means["pathpiece"] / means["dictionary_pruned"], means["gqvae distilled"] / means["fixed_8 distilled"]
    gains = (counted - trained).dropna()
    return bool((gains > 0).all()) and len(gains) == 4


def _control_is_ahead() -> bool:
    """Of BPE and of every network, at every size at which its study has the control."""
    for study in ("stories-1024", "stories-4096", "control-1024", "control-4096"):
        table = _table(study, "compression").query("split == 'test'")
        control = table.query("arm == 'pathpiece'").set_index("vocab_size_requested")["bytes_per_token"]
        others = table[table["arm"].isin(["gqvae", "gqvae_distilled", "gqvae_paper", "bpe", "fixed_8"])]
        others = others[others["vocab_size_requested"].isin(control.index)]
        if others.empty or not bool((others["bytes_per_token"] < others["vocab_size_requested"].map(control)).all()):
            return False
    return True


def _rates_by_size(study: str) -> pd.DataFrame:
    """Mean bytes per token of the test split, by vocabulary size and arm with its encoder, if that has a choice."""
    table = _table(study, "compression").query("split == 'test' and variant != 'matched'").fillna({"encoder": ""})
    names = (table["arm"] + " " + table["encoder"]).str.strip()
    means: pd.DataFrame = table.groupby(["vocab_size_requested", names])["bytes_per_token"].mean().unstack()
    return means


def _leads(study: str, first: str, second: str) -> int:
    """Pairs in which language models are better on the first arm after the most text."""
    runs = _table(study, "learnability")
    most = runs[runs["train_bytes"] == runs["train_bytes"].max()].pivot(index="seed", columns="arm", values="test_bpb")
    return int((most[first] < most[second]).sum())


def _control_is_better(study: str) -> bool:
    """In every pair, at every amount of text."""
    runs = pd.read_csv(PUBLISHED / study / "tables" / "learnability.csv")
    bpb = runs.pivot(index=["train_bytes", "seed"], columns="arm", values="test_bpb")
    return bool((bpb["pathpiece"] < bpb["gqvae"]).all()) and len(bpb) >= 5
