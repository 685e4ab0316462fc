"""Workers killed at any instant: what they leave is whole or absent, and the same command again ends as if nothing had happened."""

from __future__ import annotations

import itertools
import random
import shutil
import signal
import time
from pathlib import Path

import pytest
from tiny_study import TRAININGS, Study
from workers import Ledger, Workers, contents


@pytest.mark.parametrize("name", TRAININGS)
def test_killed_amid_steps(workers: Workers, study: Study, ledger: Ledger, name: str, tmp_path: Path) -> None:
    """One run, killed again and again amid later and later steps, then left alone."""
    steps = sorted(random.Random(name).sample(range(1, TRAININGS[name]), 12))
    verb = study.stages[name].arguments(tmp_path / "out", tmp_path / "state")
    for step in steps:
        ended = workers.run(*verb, fault=["signal_amid_step", signal.SIGKILL, step])
        assert ended.status == -signal.SIGKILL, ended.stderr
        ledger.judge(f"kill -9 amid a step, {name}", contents(tmp_path / "out"), study.expected[name], 1, complete=False)
    ended = workers.run(*verb)
    assert ended.status == 0 and f"resuming after step {steps[-1] - 1}" in ended.stderr, ended.stderr
    ledger.judge(f"kill -9 amid a step, {name}", contents(tmp_path / "out"), study.expected[name])
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("name", TRAININGS)
def test_killed_while_the_state_is_written(workers: Workers, study: Study, ledger: Ledger, name: str, tmp_path: Path) -> None:
    verb = study.stages[name].arguments(tmp_path / "out", tmp_path / "state")
    for save in (1, 2, 5):
        assert workers.run(*verb, fault=["kill_amid_save", save]).status == -signal.SIGKILL
    ended = workers.run(*verb)
    assert ended.status == 0 and "resuming after step 5" in ended.stderr, ended.stderr  # 0, then 1, then 4 more were whole
    ledger.judge(f"kill -9 amid a checkpoint, {name}", contents(tmp_path / "out"), study.expected[name], 3)


@pytest.mark.parametrize("name", ["corpus", "pretokens", "bpe", "tokens/v300", "vocabulary", "measures"])
def test_killed_whenever_a_file_is_published(workers: Workers, study: Study, ledger: Ledger, name: str, tmp_path: Path) -> None:
    """Before and after each move of a finished file into place; every file that is there afterwards is right."""
    for after in (0, 1):
        out = tmp_path / str(after)
        verb = study.stages[name].arguments(out, tmp_path / "state")
        for move in itertools.count(1):
            ended = workers.run(*verb, fault=["signal_at_move", signal.SIGKILL, move, after])
            if ended.status == 0:
                break
            assert ended.status == -signal.SIGKILL, ended.stderr
            ledger.judge(f"kill -9 at a file's move, {name}", contents(out), study.expected[name], 1, complete=False)
        assert move > 1
        ledger.judge(f"kill -9 at a file's move, {name}", contents(out), study.expected[name])


@pytest.mark.parametrize("name", TRAININGS)
def test_killed_while_outputs_are_published(workers: Workers, study: Study, ledger: Ledger, name: str, tmp_path: Path) -> None:
    """The last moves: all steps are done, some outputs are there, the state is."""
    verb = study.stages[name].arguments(tmp_path / "out", tmp_path / "state")
    assert workers.run(*verb, fault=["signal_amid_step", signal.SIGTERM, TRAININGS[name]]).status == 128 + signal.SIGTERM
    for move in itertools.count(1):
        ended = workers.run(*verb, fault=["signal_at_move", signal.SIGKILL, move, 1])
        if ended.status == 0:
            break
        ledger.judge(f"kill -9 at a file's move, {name}", contents(tmp_path / "out"), study.expected[name], 1, complete=False)
    ledger.judge(f"kill -9 at a file's move, {name}", contents(tmp_path / "out"), study.expected[name])


@pytest.mark.parametrize("name", ["corpus", "tokens/v300", "network", "language model"])
def test_killed_at_random_instants(workers: Workers, study: Study, ledger: Ledger, name: str, tmp_path: Path) -> None:
    chance = random.Random(name)
    start = time.monotonic()
    assert workers.run(*study.stages[name].arguments(tmp_path / "undisturbed", tmp_path / "its state")).status == 0
    whole = time.monotonic() - start
    verb = study.stages[name].arguments(tmp_path / "out", tmp_path / "state")
    killed = 0
    for _ in range(6):
        worker = workers.start(*verb)
        time.sleep(chance.uniform(0.0, 0.8 * whole))
        signalled = not worker.ended()
        if signalled:
            worker.kill(signal.SIGKILL)
        killed += worker.wait().status == -signal.SIGKILL
        ledger.judge("kill -9 at a random instant", contents(tmp_path / "out"), study.expected[name], complete=False)
    assert killed and workers.run(*verb).status == 0
    ledger.judge("kill -9 at a random instant", contents(tmp_path / "out"), study.expected[name], killed)


@pytest.mark.parametrize("name", TRAININGS)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_stop(workers: Workers, study: Study, ledger: Ledger, name: str, number: signal.Signals, tmp_path: Path) -> None:
    verb = study.stages[name].arguments(tmp_path / "out", tmp_path / "state")
    for step in (3, 9):
        ended = workers.run(*verb, fault=["signal_amid_step", number, step])
        assert ended.status == 128 + number and f"stopped by a signal after step {step}" in ended.stderr, ended.stderr
        assert (tmp_path / "state" / "last.ckpt").exists() and not contents(tmp_path / "out")
    ended = workers.run(*verb)
    assert ended.status == 0 and "resuming after step 9" in ended.stderr
    ledger.judge(f"{number.name}, {name}", contents(tmp_path / "out"), study.expected[name], 2)


@pytest.mark.parametrize("verb", ["train-lm", "try-learning-rate"])
def test_runs_that_share_a_process(workers: Workers, study: Study, ledger: Ledger, verb: str, tmp_path: Path) -> None:
    """Killed in the second run, and all outputs deleted, as Snakemake does: the first is not trained again, the second resumes."""
    amounts, name = (1000, 6000), "{}/result.json" if verb == "try-learning-rate" else "{}"
    _, settings, block, *rest = study.stages["language model"].arguments(Path("OUT"), Path("STATE"))[:-4]
    rest = [part for part in rest if part not in ("--train-bytes", "6000")]

    def command(here: Path, *chosen: int) -> list[object]:
        folders = [name.format(amount) for amount in chosen]
        said: list[object] = [verb, settings, *[block] * len(chosen), *rest, "--train-bytes", *chosen]
        said += [
            "--out",
            *(here / "out" / folder for folder in folders),
            "--state",
            *(here / "state" / str(one) for one in chosen),
        ]
        return [*said, "--kept", *(here / "kept" / str(one) for one in chosen)]

    for amount in amounts:
        assert workers.run(*command(tmp_path / "alone", amount)).status == 0
    expected, out = contents(tmp_path / "alone" / "out"), tmp_path / "out"
    together = command(tmp_path, *amounts)
    for number, step in ((signal.SIGKILL, 13), (signal.SIGTERM, 15)):
        assert workers.run(*together, fault=["signal_amid_step", number, step]).status in (-number, 128 + number)
        ledger.judge("kill -9 and SIGTERM in a process of several runs", contents(out), expected, 1, complete=False)
        shutil.rmtree(out)
    ended = workers.run(*together)
    assert ended.status == 0 and "b1000" in ended.stderr and "b6000" in ended.stderr, ended.stderr
    assert ended.stderr.count("its earlier result is used") == 1 and "resuming after step 15" in ended.stderr
    ledger.judge("kill -9 and SIGTERM in a process of several runs", contents(out), expected)
    shutil.rmtree(out)
    ended = workers.run(*together)
    assert ended.status == 0 and ended.stderr.count("its earlier result is used") == 2
    ledger.judge("kill -9 and SIGTERM in a process of several runs", contents(out), expected)
    assert not (tmp_path / "state" / "1000").exists() and not (tmp_path / "state" / "6000").exists()


def test_each_run_needs_all_of_its_options(workers: Workers, study: Study, tmp_path: Path) -> None:
    verb = study.stages["language model"].arguments(tmp_path / "out", tmp_path / "state")
    ended = workers.run(*verb, tmp_path / "another state")
    assert ended.status == 2 and "as many values" in ended.stderr and not (tmp_path / "out").exists()
