"""Damaged states, rivals, clocks, locales, and texts that change: refused or without effect."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from pathlib import Path

import pytest
from tiny_study import TRAININGS, Study, stages_of
from workers import Ledger, Workers, contents


@pytest.fixture(scope="module", params=TRAININGS)
def stopped(
    request: pytest.FixtureRequest, workers: Workers, study: Study, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path]:
    """A training that was stopped after step 9, two generations of its state on disk."""
    folder = tmp_path_factory.mktemp("stopped")
    verb = study.stages[request.param].arguments(folder / "out", folder / "state")
    assert workers.run(*verb, fault=["signal_amid_step", signal.SIGTERM, 9]).status == 143
    assert {path.name for path in (folder / "state").iterdir()} == {"last.ckpt", "previous.ckpt"}
    return request.param, folder / "state"


@pytest.mark.parametrize("both", [False, True])
def test_damaged_states(
    workers: Workers, study: Study, ledger: Ledger, stopped: tuple[str, Path], both: bool, tmp_path: Path
) -> None:
    """Cut or changed at random places: the generation before is taken, or the run begins anew; never a wrong weight."""
    name, state = stopped
    chance = random.Random(f"{name} {both}")
    for number in range(4):
        here = tmp_path / str(number)
        shutil.copytree(state, here / "state")
        for generation in ("last", "previous") if both else ("last",):
            path = here / "state" / f"{generation}.ckpt"
            data = bytearray(path.read_bytes())
            place = chance.randrange(len(data))
            if number % 2:
                data[place] ^= 1 << chance.randrange(8)
            path.write_bytes(data if number % 2 else data[:place])
        ended = workers.run(*study.stages[name].arguments(here / "out", here / "state"))
        assert ended.status == 0 and "damaged" in ended.stderr, ended.stderr
        assert ("resuming after step 8" in ended.stderr) == (not both)
        ledger.judge("damaged checkpoint", contents(here / "out"), study.expected[name], 1)


def test_state_of_another_seed(workers: Workers, study: Study, ledger: Ledger, stopped: tuple[str, Path], tmp_path: Path) -> None:
    name, state = stopped
    shutil.copytree(state, tmp_path / "state")
    verb = study.stages[name].arguments(tmp_path / "out", tmp_path / "state")
    ended = workers.run(*verb, "--seed", 1)
    assert ended.status == 0 and "with other settings, data or code: starting from the beginning" in ended.stderr, ended.stderr
    other = study.stages[name].arguments(tmp_path / "expected", tmp_path / "other")
    assert workers.run(*other, "--seed", 1).status == 0
    assert contents(tmp_path / "expected") != study.expected[name]
    ledger.judge("state of another run", contents(tmp_path / "out"), contents(tmp_path / "expected"), 1)


def test_moved_clock(workers: Workers, study: Study, ledger: Ledger, stopped: tuple[str, Path], tmp_path: Path) -> None:
    """Two days to and fro while it trains, and a state from the future."""
    name, state = stopped
    shutil.copytree(state, tmp_path / "state")
    for path in (tmp_path / "state").iterdir():
        os.utime(path, (4e9, 4e9))
    verb = study.stages[name].arguments(tmp_path / "out", tmp_path / "state")
    ended = workers.run(*verb, fault=["clock_jumps", 172_800])
    assert ended.status == 0 and "resuming after step 9" in ended.stderr, ended.stderr
    ledger.judge("moved clock", contents(tmp_path / "out"), study.expected[name], 2)


@pytest.mark.parametrize("name", TRAININGS)
def test_two_owners_of_one_run(workers: Workers, study: Study, ledger: Ledger, name: str, tmp_path: Path) -> None:
    verb = study.stages[name].arguments(tmp_path / "out", tmp_path / "state")
    first = workers.start(*verb, fault=["signal_amid_step", signal.SIGSTOP, 5])
    while not first.is_in("T"):
        time.sleep(0.01)
    for _ in range(2):
        second = workers.run(*verb)
        assert second.status == 2 and "is in use by another process" in second.stderr, second.stderr
    first.kill(signal.SIGCONT)
    assert first.wait().status == 0
    ledger.judge("two runs race", contents(tmp_path / "out"), study.expected[name], 2)


@pytest.mark.parametrize("name", ["corpus", "pretokens", "bpe", "tokens/v300", "vocabulary", "measures"])
def test_two_writers_of_the_same_files(workers: Workers, study: Study, ledger: Ledger, name: str, tmp_path: Path) -> None:
    """Stages without a state have no owner: both write the same, each in one move, even if each is held between its files."""
    verb = study.stages[name].arguments(tmp_path / "out", tmp_path / "state")
    rivals = [workers.start(*verb, fault=["signal_at_move", signal.SIGSTOP, 1, after]) for after in (0, 1)]
    for rival in rivals:  # one has its first file written but not in place, the other has one in place and the rest to write
        while not rival.is_in("T"):
            assert not rival.ended(), rival.wait().stderr
            time.sleep(0.01)
    ended = [workers.run(*verb)]  # a third begins and ends between them
    ledger.judge("two runs race", contents(tmp_path / "out"), study.expected[name], 2)
    for rival in rivals:
        rival.kill(signal.SIGCONT)
    ended += [rival.wait() for rival in rivals]
    assert [one.status for one in ended] == [0, 0, 0], ended
    ledger.judge("two runs race", contents(tmp_path / "out"), study.expected[name])


def test_other_surroundings(study: Study, ledger: Ledger, tmp_path: Path) -> None:
    """Another hash seed and number of threads, the C locale, a path with spaces and letters beyond ASCII: every stage from the start, the same bytes."""
    here = tmp_path / "ein Ordner für Ergebnisse – 結果"
    here.mkdir()
    workers = Workers(tmp_path, PYTHONHASHSEED="271828", LC_ALL="C", LANG="C", TZ="Asia/Tokyo", OMP_NUM_THREADS="3")
    try:
        for name, stage in stages_of(here).items():
            ended = workers.run(*stage.arguments(here / name, here / "state" / name))
            assert ended.status == 0, ended.stderr
            ledger.judge("hash seed, threads, locale, path", contents(here / name), study.expected[name], 1)
    finally:
        workers.close()


@pytest.mark.parametrize("change", ["grows", "is replaced", "is cut"])
def test_text_that_changes_while_it_is_read(workers: Workers, ledger: Ledger, change: str, tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("".join(f"Story {number} of a fox.\n---\n" for number in range(400_000)), encoding="utf-8")
    settings = f'{{"source": "text", "path": "{text}", "separator": "---"}}'
    worker = workers.start("prepare-corpus", "--settings", settings, "--out", tmp_path / "out")
    while not any(path.stat().st_size for path in tmp_path.glob("out/.*.tmp")) and not worker.ended():
        time.sleep(0.005)  # until it has begun to read
    worker.kill(signal.SIGSTOP)
    if change == "grows":
        with text.open("a", encoding="utf-8") as stream:
            stream.write("Another story.\n---\n")
    elif change == "is cut":
        os.truncate(text, 8_000_000)
    else:
        (tmp_path / "new.txt").write_text("A story of a dog.\n---\n", encoding="utf-8")
        (tmp_path / "new.txt").replace(text)
    worker.kill(signal.SIGCONT)
    ended = worker.wait()
    assert ended.status == 2 and f"{text} changed while it was read" in ended.stderr, ended.stderr
    ledger.judge("text changes while it is read", contents(tmp_path / "out"), {}, 1)
