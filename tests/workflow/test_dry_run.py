"""Every configuration plans the study it names, and a bad one ends in a sentence."""

from __future__ import annotations

import functools
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
import yaml
from workflow_runs import ROOT, job_counts, run_snakemake

import external_files
from gqvae.config import CountedArm, LanguageModel, Study, load_settings
from gqvae.figures.registry import plots_of
from gqvae.study import layout, runs
from gqvae.study.expected import ablation_files, collected_files

WRITERS = {
    ".json": external_files.byte_level,
    ".model": lambda path: external_files.sentencepiece_model(path, "unigram", lossless=True),
}
CONFIGS = sorted((ROOT / "configs").rglob("*.yaml"))


def study_of(path: Path) -> Study:
    return load_settings(Study, str(path))


@pytest.fixture(scope="module")
def plans(planned: Path) -> Callable[..., str]:
    """What a dry run of a config says, for the whole study or another target, each asked for once."""

    @functools.cache
    def plan(name: str, target: str = "all") -> str:
        study = study_of(ROOT / "configs" / name)
        for file in (getattr(study.corpus, "path", None), getattr(study.corpus, "test_path", None)):
            if file is not None:
                (planned / file).parent.mkdir(exist_ok=True)
                (planned / file).write_bytes(b"a user's text")
        for arm in layout.external_arms(study).values():
            (planned / arm.path).parent.mkdir(parents=True, exist_ok=True)
            WRITERS[Path(arm.path).suffix](planned / arm.path)
        for family in layout.borrowed_families(study):
            lending, theirs, variant = layout.lender(study, family)
            if lending != study.study:  # as if that study were finished
                folder = layout.tokenizer_path(planned / "results" / lending, theirs, variant)
                folder.mkdir(parents=True, exist_ok=True)
                (folder / "gqvae.json").touch()
        done = run_snakemake(planned, "--dry-run", "--configfile", f"configs/{name}", "--", target)
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    return plan


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_config_plans_its_whole_study(path: Path, plans: Callable[..., str]) -> None:
    study = study_of(path)
    counts = job_counts(plans(path.relative_to(ROOT / "configs").as_posix()))
    learned, matched = len(layout.learned_families(study)), len(layout.matched_families(study))
    kinds = [arm.kind for arm in study.arms.values()]
    modelled = {(run.arm, run.seed) for run in runs.language_model_runs(study)}
    expected = {
        "download_corpus": int(study.corpus.download is not None),
        "prepare_corpus": 1,
        "count_pretokens": 1,
        "make_bytes": kinds.count("bytes"),
        "import_tokenizer": kinds.count("external"),
        "count_shuffled_pretokens": len([arm for arm in study.arms.values() if getattr(arm, "shuffled_share", 0)]),
        "train_counted": len([arm for arm in study.arms.values() if isinstance(arm, CountedArm) and arm.match is None]),
        "train_network": learned,
        "make_tokenizers": len([arm for arm in layout.tokenizer_arms(study) if study.arms[arm].network]) * len(study.seeds),
        "match_compression": matched,
        "borrow_tokenizer": len(layout.borrowed_families(study)),
        "measure_compression": len(layout.families(study)),
        "encode_corpus": len(layout.downstream_tokenizers(study)),
        "measure_distribution": len(layout.downstream_tokenizers(study)),
        "check_amounts": int(bool(modelled)),
        "train_lm": len(modelled),
        "measure_lm": len(modelled),
        "measure_speed": int(bool(modelled)),
        "collect_results": 1,
        "segment_sentence": 1,
        "explore": 1,
        **{f"plot_{figure}": 1 for figure in plots_of(study)},
        "try_learning_rate": len(layout.tuned_arms(study)) * len(runs.tuning_seeds(study)),
        "choose_learning_rate": len(layout.tuned_arms(study)),
        "summarize": 1,
        "present_summary": 1,
        "write_provenance": 1,
        "all": 1,
    }
    assert counts == {rule: count for rule, count in expected.items() if count}


def test_the_picture_of_the_rules_is_current(planned: Path) -> None:
    """After a rule was added or removed: `make rulegraph`."""
    graph = run_snakemake(planned, "--rulegraph", "--configfile", "configs/smoke.yaml")
    assert graph.returncode == 0, graph.stderr
    script = [sys.executable, str(ROOT / "scripts" / "rulegraph.py")]
    shown = subprocess.run(script, input=graph.stdout, capture_output=True, encoding="utf-8", check=True).stdout
    picture = (ROOT / "docs" / "rulegraph.svg").read_text(encoding="utf-8").replace("&#45;&gt;", "->")
    rules = set(re.findall(r'^"([^"]+)";$', shown, re.MULTILINE))
    assert "train_lm" in rules and "plot_…" in rules and "all" not in rules
    assert rules == set(re.findall(r"<text [^>]*>([^<]+)</text>", picture))
    needed, drawn = re.findall(r'"([^"]+)" -> "([^"]+)"', shown), re.findall(r"<title>([^<]+)->([^<]+)</title>", picture)
    assert set(drawn) <= set(needed) and reachable(drawn) == reachable(needed)  # without edges that others imply


def reachable(edges: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """All pairs of rules of which the second needs the first, directly or through others."""
    found = set(edges)
    while more := {(first, then) for first, middle in found for other, then in found if middle == other} - found:
        found |= more
    return found


def test_the_plan_makes_everything_that_collecting_asks_for(plans: Callable[..., str]) -> None:
    study = study_of(ROOT / "configs" / "smoke.yaml")
    assert collected_files(study)
    for path in collected_files(study):
        assert f"results/smoke/{path.as_posix()}" in plans("smoke.yaml")


@pytest.mark.parametrize("name", ["ablations.yaml", "bistability.yaml", "smoke.yaml"])
def test_ablations_need_the_learned_arms_and_their_compression_alone(name: str, plans: Callable[..., str]) -> None:
    study = study_of(ROOT / "configs" / name)
    text = plans(name, "ablations")
    counts = job_counts(text)
    assert (counts["train_network"], counts["ablations"]) == (len(layout.learned_families(study)), 1)
    assert counts["measure_compression"] == len(layout.compared_families(study)) > 1
    assert not counts.keys() & {"train_lm", "encode_corpus", "collect_results", "match_compression"}
    for path in ablation_files(study):
        assert f"results/{study.study}/{path.as_posix()}" in text
    for table in ("ablations", "ablation_means"):
        assert f"results/{study.study}/tables/{table}.csv" in text
    assert "ablations" not in job_counts(plans(name))


def test_an_arm_without_quantization_is_trained_and_nothing_else(plans: Callable[..., str]) -> None:
    said = [line for line in plans("ablations.yaml").splitlines() if line.startswith("Job ") and "gqvae_continuous" in line]
    assert len(said) == 3 and all("train encoder, quantizer" in line for line in said)


def test_the_figure_of_bistability_is_made_from_two_tables(plans: Callable[..., str]) -> None:
    counts = job_counts(plans("bistability.yaml", "bistability"))
    assert (counts["ablations"], counts["measure_rates"], counts["bistability"]) == (1, 1, 1)
    assert counts["train_network"] == 7 * 3


def test_the_default_study_needs_no_arguments(planned: Path, plans: Callable[..., str]) -> None:
    plain = run_snakemake(planned, "--dry-run")
    assert plain.returncode == 0, plain.stderr
    assert job_counts(plain.stdout + plain.stderr) == job_counts(plans("default.yaml")) != {}
    assert "results/default/summary.md" in plain.stdout + plain.stderr


def test_the_plan_reads_like_a_method_section(plans: Callable[..., str]) -> None:
    said = re.findall(r"^Job \d+: (.+)$", plans("smoke.yaml"), flags=re.MULTILINE)
    assert any(line.startswith("Arm gqvae, seed 0: train encoder, quantizer, gates and decoder") for line in said)
    assert all(line.endswith(".") for line in said)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("study: x\nsedes: [0]\n", "sedes"),
        ("study: x\nvocabulary: {size: 100}\n", "vocabulary.size"),
        ("study: x\ncorpus: {source: text, path: nowhere.txt}\n", "nowhere.txt"),
        ("study: x\narms: {bpe: {kind: bpe}, mine: {kind: external, path: configs}}\n", "configs holds no tokenizer.json"),
        (
            "study: x\narms: {bpe: {kind: bpe}, mine: {kind: external, path: torn.json}}\n",
            "torn.json is not a tokenizer.json, or is",
        ),
    ],
)
def test_a_bad_config_ends_in_one_sentence(text: str, named: str, planned: Path) -> None:
    (planned / "torn.json").write_bytes(external_files.byte_level(planned / "whole.json").read_bytes()[:-9])
    (planned / "bad.yaml").write_text(text, encoding="utf-8")
    done = run_snakemake(planned, "--dry-run", "--configfile", "bad.yaml")
    assert done.returncode != 0
    said = [line for line in done.stderr.splitlines() if line and "profile" not in line]
    assert len(said) == 1
    assert said[0].startswith("gqvae: error: ")
    assert said[0].endswith(".")
    assert named in said[0]


SMOKE = ("--configfile", "configs/smoke.yaml")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--config", "trainig={steps: 9}"), "--config: unknown key 'trainig'; did you mean 'training'?"),
        (("--config", "training={steps: true}"), "--config: training.steps: true is no number"),
        ((*SMOKE, "over.yaml", "--config", "study=x"), "over.yaml: vocabulary.size must be more than 257"),
    ],
)
def test_the_place_that_is_wrong_is_named(arguments: tuple[str, ...], message: str, planned: Path) -> None:
    (planned / "over.yaml").write_text("vocabulary: {size: 100}\n", encoding="utf-8")
    done = run_snakemake(planned, "--dry-run", *arguments)
    (said,) = [line for line in done.stderr.splitlines() if line and "profile" not in line and not line.startswith("Config file")]
    assert done.returncode != 0 and said.startswith(f"gqvae: error: {message}")


def test_config_files_and_the_command_line_are_merged_as_extends_is(planned: Path) -> None:
    """Snakemake's own merge keeps the keys of another source, and nulls."""
    (planned / "over.yaml").write_text(
        "study: over\ncorpus: {source: text, path: own.txt}\narms: {bpe_weak: null}\n", encoding="utf-8"
    )
    (planned / "own.txt").write_text("a text", encoding="utf-8")
    arguments = (*SMOKE, "over.yaml", "--config", 'arms={"unigram": null}', "--printshellcmds")
    done = run_snakemake(planned, "--dry-run", *arguments)
    assert done.returncode == 0, done.stderr
    said = done.stdout + done.stderr
    (settings,) = re.findall(r"prepare-corpus --settings '(\{.*?\})'", said)
    assert json.loads(settings)["path"] == "own.txt" and "bytes" not in json.loads(settings)
    arms = set(re.findall(r"results/over/compression/(\w+)(?:-s\d)?\.csv", said))
    assert arms == set(study_of(ROOT / "configs" / "smoke.yaml").arms) - {"bpe_weak", "unigram"}


def test_an_external_tokenizer_for_language_models_is_tried_on_the_corpus_first(planned: Path) -> None:
    external_files.byte_level(planned / "whole.json")
    arms = {"mine": {"kind": "external", "path": "whole.json"}, "alone": {"kind": "external", "path": "whole.json"}}
    arms["alone"]["language_model"] = False
    (planned / "tried.yaml").write_text(yaml.safe_dump({"study": "tried", "arms": {"bpe": {"kind": "bpe"}, **arms}}))
    done = run_snakemake(planned, "--dry-run", "--printshellcmds", "--configfile", "tried.yaml")
    assert done.returncode == 0, done.stderr
    said = {
        line.rpartition("/external")[0][-5:]: line
        for line in (done.stdout + done.stderr).splitlines()
        if "import-tokenizer" in line
    }
    assert "--corpus results/tried/corpus " in said["/mine"] and "--corpus" not in said["alone"]


def test_an_expression_of_one_s_own_reaches_the_jobs_unchanged(planned: Path) -> None:
    """Its braces, quotes and backslashes mean something to Snakemake and the shell as well."""
    pattern = r""" ?\p{L}+|\p{N}{2}|{x}|'q"| $HOME"""
    study = {"extends": "configs/smoke.yaml", "study": "own", "pretokenizer": {"pattern": pattern}, "corpus": {"shards": 2}}
    (planned / "pattern.yaml").write_text(yaml.safe_dump(study), encoding="utf-8")
    done = run_snakemake(planned, "--dry-run", "--printshellcmds", "--configfile", "pattern.yaml")
    assert done.returncode == 0, done.stderr
    said = re.findall(r"gqvae --log \S+ count-(?:shuffled-)?pretokens .*", done.stdout + done.stderr)
    given = [words[words.index("--pretokenizer") + 1] for words in map(shlex.split, said)]
    assert set(given) == {f"pattern:{pattern}"} and len(given) == 3


AWAY = (
    "study: away\narms: {bpe: {kind: bpe}, learned: {kind: borrowed, study: home, arm: gqvae, encoder: neural}}\nseeds: [0, 1]\n"
)


def test_a_tokenizer_of_another_study_is_an_input_once_that_study_is_finished(planned: Path) -> None:
    (planned / "away.yaml").write_text(AWAY, encoding="utf-8")
    there = planned / "results" / "home" / "tokenizers"
    for seed in (0, 1):
        done = run_snakemake(planned, "--dry-run", "--configfile", "away.yaml")
        (said,) = [line for line in done.stderr.splitlines() if line and "profile" not in line]
        assert done.returncode != 0 and said.endswith(".")
        assert said.startswith(
            "gqvae: error: away.yaml: arms.learned: "
            f"results/home/tokenizers/gqvae-s{seed}/v1024/gqvae.json does not exist: run the study"
        )
        (there / f"gqvae-s{seed}" / "v1024").mkdir(parents=True)
        (there / f"gqvae-s{seed}" / "v1024" / "gqvae.json").touch()
    done = run_snakemake(planned, "--dry-run", "--printshellcmds", "--configfile", "away.yaml")
    assert done.returncode == 0, done.stderr
    text = done.stdout + done.stderr
    assert job_counts(text)["borrow_tokenizer"] == 2 and "train_network" not in job_counts(text)
    amounts = " ".join(map(str, LanguageModel().train_bytes))
    for seed in (0, 1):
        out = f"results/away/tokenizers/learned-s{seed}/v1024"
        assert f"--tokenizer results/home/tokenizers/gqvae-s{seed}/v1024 --encoder neural --out {out}" in text
        assert (
            f"--seed {seed} {seed} {seed} --train-bytes {amounts} --tokens results/away/tokens/learned-s{seed}/v1024 "
            in " ".join(text.split())
        )


def test_a_text_file_is_an_input_of_the_study(planned: Path) -> None:
    (planned / "stories.txt").write_text("one\n<|endoftext|>\ntwo\n", encoding="utf-8")
    (planned / "own.yaml").write_text("study: own\ncorpus: {source: text, path: stories.txt}\n", encoding="utf-8")
    done = run_snakemake(planned, "--filegraph", "--configfile", "own.yaml", "--", "results/own/corpus/corpus.json")
    assert done.returncode == 0, done.stderr
    assert ">stories.txt<" in done.stdout


def test_lint_is_clean(planned: Path) -> None:
    done = run_snakemake(planned, "--lint")
    assert done.returncode == 0, done.stderr
    assert "good condition" in done.stdout + done.stderr
