"""A study whose text is counted and encoded in shards has the files of one without, and another number of shards is no reason to train."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from workflow_runs import copy_of_repository, job_counts, run_snakemake

from gqvae.config import Study, parse
from gqvae.study import layout, runs

STUDY = {
    "seeds": [0],
    "corpus": {"source": "synthetic", "bytes": 400_000},
    "vocabulary": {"size": 300},
    "arms": {"bytes": {"kind": "bytes", "language_model": False}, "bpe": {"kind": "bpe"}},
    "language_model": {
        "layers": 1, "width": 8, "heads": 1, "context": 32, "batch_windows": 4, "train_bytes": [1000], "evaluations": 3, "valid_bytes": 2000,
    },
}  # fmt: skip
OF_THE_MOMENT = ("logs/", "benchmarks/")


def plan(folder: Path, shards: int, *more: str, config: str = "study.yaml") -> dict[str, int]:
    """Rules and numbers of jobs that a dry run announces."""
    done = run_snakemake(folder, "--dry-run", "--configfile", config, "--config", f'corpus={{"shards": {shards}}}', *more)
    assert done.returncode == 0, done.stderr
    return job_counts(done.stdout + done.stderr)


def test_every_shard_is_a_job(planned: Path) -> None:
    smoke = "configs/smoke.yaml"
    whole, shared = plan(planned, 1, config=smoke), plan(planned, 3, config=smoke)
    assert whole.pop("count_pretokens") == 1 and shared.pop("merge_counts") == 1
    assert whole["encode_corpus"] == shared.pop("merge_tokens")
    assert (shared.pop("count_shard"), shared.pop("encode_shard")) == (3, 3 * whole.pop("encode_corpus"))
    assert shared == whole


def test_lint_is_clean_with_shards(planned: Path) -> None:
    done = run_snakemake(planned, "--lint", "--config", 'corpus={"shards": 3}')
    assert done.returncode == 0 and "good condition" in done.stdout + done.stderr, done.stderr


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_files_are_those_of_one_job_and_another_number_trains_nothing(tmp_path: Path) -> None:
    folder = copy_of_repository(tmp_path / "here")
    (folder / "study.yaml").write_text(yaml.safe_dump({"study": "x", **STUDY}), encoding="utf-8")
    study, results = parse(Study, {"study": "x", **STUDY}, "study"), folder / "results" / "x"
    tokens = [layout.tokens_path("results/x", *pair) / "tokens.json" for pair in layout.downstream_tokenizers(study)]
    (run,) = runs.language_model_runs(study)
    targets = ("--", *map(str, tokens), str(run.path("results/x") / "training.json"))

    def compute(shards: int) -> str:
        done = run_snakemake(
            folder, "--cores", "2", "--configfile", "study.yaml", "--config", f'corpus={{"shards": {shards}}}', *targets
        )
        assert done.returncode == 0, done.stderr[-4000:]
        return done.stdout + done.stderr

    def outcome() -> dict[str, bytes]:
        files = {path.relative_to(results).as_posix(): path for path in results.rglob("*") if path.is_file()}
        return {name: path.read_bytes() for name, path in files.items() if not name.startswith(OF_THE_MOMENT)}

    compute(1)
    whole = outcome()
    assert plan(folder, 3, "--rerun-triggers", "mtime", *targets) == {}
    said = compute(3)
    jobs = job_counts(said)
    assert (jobs["count_shard"], jobs["encode_shard"], jobs["merge_tokens"]) == (3, 6, 2) and "prepare_corpus" not in jobs
    assert outcome() == whole  # with the times of training
    assert "its earlier result is used" in (results / "logs" / "train_lm" / "bpe-s0.log").read_text(encoding="utf-8")
    assert plan(folder, 3, *targets) == {}
