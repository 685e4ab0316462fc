"""The smallest whole study, run for real: what it makes, and what makes it run again."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from workflow_runs import ROOT, copy_of_repository, run_snakemake

from gqvae.config import Study, parse
from gqvae.figures.registry import plots_of
from gqvae.study import layout, runs
from gqvae.study.columns import TABLES
from gqvae.study.expected import collected_files
from gqvae.study.tables import read_table

# The first test waits for the study; on a busy machine that takes longer than pytest allows by default.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

SMOKE = ("--configfile", "configs/smoke.yaml")


@pytest.fixture(scope="module")
def study() -> Study:
    return parse(Study, yaml.safe_load((ROOT / "configs" / "smoke.yaml").read_text(encoding="utf-8")), "smoke.yaml")


@pytest.fixture(scope="module")
def computed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository in which the smoke study has been run."""
    folder = copy_of_repository(tmp_path_factory.mktemp("smoke"))
    done = run_snakemake(folder, "--cores", "2", *SMOKE, timeout=1700)
    assert done.returncode == 0, done.stderr[-8000:]
    return folder


def plan(folder: Path) -> str:
    """What a dry run says it would do."""
    done = run_snakemake(folder, "--dry-run", *SMOKE)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def rules_of(text: str) -> set[str]:
    """The rules of the jobs in a plan."""
    table = text.partition("Job stats:")[2].partition("total")[0]
    return set(re.findall(r"^(\w+) +\d+$", table, flags=re.MULTILINE)) - {"all"}


@contextlib.contextmanager
def edited(path: Path, old: bytes = b"", new: bytes = b"\n# an edit\n") -> Iterator[None]:
    """An edit of a file (at its end, unless `old` says where), undone afterwards."""
    original = path.read_bytes()
    assert old in original
    try:
        path.write_bytes(original.replace(old, new) if old else original + new)
        yield
    finally:
        path.write_bytes(original)


def test_everything_the_study_promises_is_there(computed: Path, study: Study) -> None:
    results = computed / "results" / "smoke"
    promised = [Path("figures") / f"{figure}.{form}" for figure in plots_of(study) for form in ("png", "pdf", "csv")]
    promised += [layout.table_path("", table) for table in TABLES]
    promised += [
        Path("figures/explorer.html"),
        Path("summary.md"),
        Path("summary.html"),
        Path("provenance.json"),
        *collected_files(study),
    ]
    for path in promised:
        assert (results / path).stat().st_size > 0, path
    assert not list(results.rglob("*.tmp"))
    # A finished training leaves nothing to resume; a job leaves a log and a benchmark.
    assert [path for path in (results / ".state").rglob("*") if path.suffix in (".ckpt", ".pt")] == []
    assert len(list((results / "benchmarks").rglob("*.tsv"))) == len(list((results / "logs").rglob("*.log"))) > 20


def test_every_arm_is_measured(computed: Path, study: Study) -> None:
    for run in runs.language_model_runs(study):
        result = json.loads((computed / run.path("results/smoke") / "result.json").read_text(encoding="utf-8"))
        # A model that learnt nothing spends 8 bits on a byte; none of this size gets below 1.
        assert 1 < result["test_bpb"] < 8, run.name
        found = (result["arm"], result["seed"], result["train_bytes"], result["size"])
        assert found == (run.arm, run.seed, run.train_bytes, run.size)
    summary = (computed / "results" / "smoke" / "summary.md").read_text(encoding="utf-8")
    assert all(arm in summary for arm in study.arms)


def test_a_borrowed_arm_is_its_lender_with_the_other_encoder(computed: Path) -> None:
    tables = computed / "results" / "smoke" / "tables"
    rows = read_table(tables, "compression").set_index(["arm", "encoder", "variant", "split"])["tokens"]
    for split in ("valid", "test"):
        assert rows["gqvae_distilled", "distilled", "v384", split] == rows["gqvae", "distilled", "v384", split]
    used = read_table(tables, "compression").query("used_downstream and arm == 'gqvae_distilled'")
    assert set(used["encoder"]) == {"distilled"} and set(read_table(tables, "compression")["arm"]) > {"gqvae_distilled"}
    encoded = [
        computed / "results" / "smoke" / "tokens" / name / "v384" / "tokens.json" for name in ("gqvae-s0", "gqvae_distilled-s0")
    ]
    records = [json.loads(path.read_text(encoding="utf-8"))["splits"]["test"] for path in encoded]
    assert records[0]["bytes"] == records[1]["bytes"] and records[0]["tokens"] >= records[1]["tokens"]


def test_the_page_on_language_models_can_be_followed(computed: Path) -> None:
    """Its commands, on a model of this study."""
    page = (ROOT / "docs" / "language-models.md").read_text(encoding="utf-8")
    commands, program = (re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)[0] for language in ("sh", "python"))
    commands = commands.replace("results/default/", "results/smoke/").replace("b600000-l2w64", "b60000-l1w32")
    environment = {**os.environ, "PYTHONPATH": str(computed / "src")}
    for command in [line.split("#")[0] for line in commands.splitlines()]:
        name, *arguments = shlex.split(command)
        assert name == "gqvae"
        done = subprocess.run(
            [sys.executable, "-m", "gqvae", *arguments], cwd=computed, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        assert " sample " not in command or (done.stdout.startswith("Once upon a time") and len(done.stdout) > 40)
    pytest.importorskip("transformers")
    done = subprocess.run([sys.executable, "-c", program], cwd=computed, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Once upon a time" in done.stdout


def test_every_arm_with_a_language_model_writes_and_has_a_cost(computed: Path, study: Study) -> None:
    results = computed / "results" / "smoke"
    arms = {run.arm for run in runs.main_runs(study)}
    samples, serving = (read_table(results / "tables", name) for name in ("samples", "serving"))
    assert set(samples["arm"]) == arms == set(serving["arm"]) and samples["prompt"].nunique() == 1
    first = (results / "corpus" / "test.txt").read_text(encoding="utf-8")
    assert first.startswith(samples["prompt"].iloc[0])
    assert serving.groupby("arm")["size"].nunique().eq(2).all()
    summary = (results / "summary.md").read_text(encoding="utf-8")
    assert all(text in summary for text in samples["text"])


def test_it_is_small(computed: Path) -> None:
    """What decides its time, counted: beside other work on two cores these jobs take 210 processor seconds, training a quarter of them."""
    jobs = [path.parent.name for path in (computed / "results" / "smoke" / "benchmarks").rglob("*.tsv")]
    trainings = [rule for rule in jobs if rule in ("train_network", "train_lm", "try_learning_rate")]
    assert 0 < len(jobs) <= 94 and 0 < len(trainings) <= 11, (len(jobs), len(trainings))


def test_a_second_run_has_nothing_to_do(computed: Path) -> None:
    done = run_snakemake(computed, "--cores", "2", *SMOKE)
    assert done.returncode == 0, done.stderr
    assert "Nothing to be done" in done.stdout + done.stderr


def test_touched_sources_rerun_nothing(computed: Path) -> None:
    for path in [*(computed / "src").rglob("*.py"), *(computed / "configs").iterdir(), *(computed / "workflow").rglob("*.smk")]:
        os.utime(path)
    assert rules_of(plan(computed)) == set()


TRAININGS = {"train_network", "train_lm", "try_learning_rate"}
LANGUAGE_MODELS = {"train_lm", "try_learning_rate", "measure_lm"}
TOKENIZERS = {"train_counted", "make_tokenizers", "encode_corpus", "measure_compression"}


@pytest.mark.parametrize(
    ("source", "old", "new", "rerun", "kept"),
    [
        ("verbs/language_models.py", b"bytes of training text", b"how many bytes of text", set(), {"every rule"}),
        ("language_models/transformer.py", b"Gated feed-forward", b"A gated feed-forward", set(), {"every rule"}),
        ("training/network.py", b"# On GPUs, always pad to", b"# A comment. On GPUs, always pad to", set(), {"every rule"}),
        ("config/networks.py", b"Optimiser steps.", b"Steps of the optimiser.", set(), {"every rule"}),
        ("figures/convergence.py", b"floating-point operations and", b"operations and", {"plot_convergence", "summarize"}, TRAININGS | {"collect_results", "plot_tuning"}),
        ("figures/convergence.py", b'title="Convergence"', b'title="Curves"', set(), TRAININGS | {"collect_results", "plot_tuning"}),
        ("measures/renyi_efficiency.py", b"more_is_better=True", b"more_is_better=False", {"measure_distribution"}, TRAININGS | TOKENIZERS | {"measure_lm"}),
        ("measures/losses.py", b"MOST_PLACES = 4", b"MOST_PLACES = 5", {"measure_lm"}, TRAININGS | TOKENIZERS | {"measure_distribution"}),
        ("measures/segmentations.py", b"RARE = 10", b"RARE = 20", {"segment_sentence", "plot_segmentations"}, TRAININGS | TOKENIZERS | {"collect_results", "measure_speed"}),
        ("study/columns.py", b'"text: verdict sign"', b'"text: verdict sign note"', {"collect_results"}, TRAININGS | TOKENIZERS | {"measure_lm", "measure_distribution"}),
        ("study/verdicts.py", b"SIGNIFICANCE = 0.05", b"SIGNIFICANCE = 0.01", {"collect_results"}, TRAININGS | TOKENIZERS | {"measure_lm"}),
        ("report/summary.py", b"## Language models", b"## The language models", {"summarize"}, TRAININGS | {"collect_results"}),
        ("training/windows.py", b"ORDER_SEED = 20_251_221", b"ORDER_SEED = 1", LANGUAGE_MODELS, {"train_network"} | TOKENIZERS),
        ("language_models/transformer.py", b"HEAD_SCALE = 0.1", b"HEAD_SCALE = 0.2", LANGUAGE_MODELS, {"train_network"} | TOKENIZERS),
        ("vocabularies/pruning.py", b"DROPPED_PER_ROUND = 0.1", b"DROPPED_PER_ROUND = 0.2", {"train_counted", "make_tokenizers"}, {"train_network", "make_bytes"}),
        ("figures/style.mplstyle", b"", b"\n# an edit\n", {"plot_convergence", "plot_compression"}, TRAININGS | {"collect_results", "summarize"}),
    ],
)  # fmt: skip
def test_an_edit_reruns_what_depends_on_it_and_nothing_else(
    computed: Path, source: str, old: bytes, new: bytes, rerun: set[str], kept: set[str]
) -> None:
    with edited(computed / "src" / "gqvae" / source, old, new):
        planned = rules_of(plan(computed))
    assert rerun <= planned
    assert not kept & planned and ("every rule" not in kept or planned == set())


NEW_MEASURE = """from gqvae.config import Measure

MEASURE = Measure(level="losses", more_is_better=False, text="twice the bits per byte")


def of(losses):
    return 2 * losses.bits / losses.raw_bytes
"""


def test_a_new_measure_is_measured_and_retrains_nothing(computed: Path) -> None:
    path = computed / "src" / "gqvae" / "measures" / "twice.py"
    path.write_text(NEW_MEASURE, encoding="utf-8")
    try:
        planned = rules_of(plan(computed))
    finally:
        path.unlink()
    assert {"measure_lm", "collect_results"} <= planned
    assert not (TRAININGS | TOKENIZERS | {"measure_distribution"}) & planned


def test_a_figure_with_another_name_is_drawn_and_retrains_nothing(computed: Path) -> None:
    path = computed / "src" / "gqvae" / "figures" / "tuning.py"
    renamed = path.rename(path.with_name("learning_rates.py"))
    try:
        planned = rules_of(plan(computed))
    finally:
        renamed.rename(path)
    assert "plot_learning_rates" in planned and not planned - {"plot_learning_rates", "summarize", "present_summary"}


def test_an_edit_of_the_network_leaves_plain_tokenizers_alone(computed: Path) -> None:
    with edited(computed / "src" / "gqvae" / "models" / "quantizer.py", b"DEAD_SHARE = ", b"DEAD_SHARE = 2 * "):
        text = plan(computed)
    assert rules_of(text) >= {"train_network", "make_tokenizers", "match_compression"}
    assert not rules_of(text) & {"train_counted", "make_bytes", "count_pretokens"}
    assert "Arm gqvae, seed 0: train the language model" in text
    for family in ("bytes", "bpe"):
        assert f"Arm {family}, seed 0: train the language model" not in text
        assert f"{family}: bytes per token" not in text


def test_a_setting_reruns_what_depends_on_it(computed: Path) -> None:
    path = computed / "configs" / "smoke.yaml"
    with edited(path, b"other_sizes: [", b"other_sizes: [{layers: 1, width: 8, heads: 1}, "):
        text = plan(computed)
    assert "l1w8 on 60000 bytes" in text
    assert "train encoder" not in text and "try the learning rates" not in text
    with edited(path, b"chunk_bytes: 3", b"chunk_bytes: 2"):
        text = plan(computed)
    assert "Arm fixed, seed 0: train encoder" in text
    assert "Arm gqvae, seed 0: train encoder" not in text


def test_a_new_size_is_trained_and_measured_and_no_other(computed: Path, tmp_path: Path) -> None:
    here = shutil.copytree(computed, tmp_path / "here", symlinks=True)
    models = here / "results" / "smoke" / "language_models"
    before = {path: path.read_bytes() for path in models.glob("bpe-s0-*/*")}
    assert len(before) == 3 * len(runs.TRAINED_FILES + runs.MEASURED_FILES) + len(runs.MAIN_FILES)
    with edited(here / "configs" / "smoke.yaml", b"other_sizes: [", b"other_sizes: [{layers: 1, width: 8, heads: 1}, "):
        target = f"results/smoke/language_models/bpe-s0-b60000-l1w8/{runs.MEASURED_FILES[0]}"
        done = run_snakemake(here, "--cores", "2", *SMOKE, "--", target)
    assert done.returncode == 0, done.stderr
    assert rules_of(done.stdout + done.stderr) == {"train_lm", "measure_lm"}
    assert {path: path.read_bytes() for path in before} == before  # times of training, too
    for rule in ("train_lm", "measure_lm"):
        said = (here / "results" / "smoke" / "logs" / rule / "bpe-s0.log").read_text(encoding="utf-8")
        assert said.count("its earlier result is used") == 3 and "l1w8" in said


def test_edits_that_were_undone_rerun_nothing(computed: Path) -> None:
    assert rules_of(plan(computed)) == set()


def test_a_changed_figure_is_drawn_again_and_nothing_else(computed: Path) -> None:
    before = {file: file.stat().st_mtime_ns for file in (computed / "results").rglob("*") if file.is_file()}
    with edited(computed / "src" / "gqvae" / "figures" / "training.py", b"GAP = 0.25", b"GAP = 0.26"):
        done = run_snakemake(computed, "--cores", "2", *SMOKE)
    assert done.returncode == 0, done.stderr
    changed = {file.name for file, moment in before.items() if file.stat().st_mtime_ns != moment}
    drawn = {"training.png", "training.pdf", "training.csv", "plot_training.log", "plot_training.tsv", "summary.html"}
    assert changed == drawn | {"present_summary.log", "present_summary.tsv"}


def test_the_report_holds_every_figure(computed: Path, study: Study) -> None:
    done = run_snakemake(computed, *SMOKE, "--report", "report.zip")
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(computed / "report.zip") as report:
        assert report.testzip() is None
        names = report.namelist()
        for figure in plots_of(study):
            assert sum(name.endswith(f"/{figure}.png") for name in names) == 1, names
        assert sum(name.endswith("/summary.html") for name in names) == 1 and not any(name.endswith(".md") for name in names)
        first = report.read("report/report.html").decode("utf-8").partition("var workflow_desc = ")[2].partition("</script>")[0]
        pages = b"".join(report.read(name) for name in names if name.endswith((".html", ".js")))
    assert b"Convergence" in pages
    assert 0 < first.index("Not supported:") < first.index("How the study works")  # a smoke study supports nothing
    assert "System Message" not in first
