from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch

import toy_run
from gqvae.errors import UserError
from gqvae.training.resume import Interrupted, RunState
from gqvae.training.runner import fit
from toy_run import ToyRun, train

STEPS = 30


class SignalledRun(ToyRun):
    """Sends itself a signal after a step."""

    def __init__(self, number: int, step: int) -> None:
        super().__init__()
        self.number, self.at = number, step

    def after_step(self, step: int) -> None:
        super().after_step(step)
        if step == self.at:
            os.kill(os.getpid(), self.number)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    with RunState(tmp_path_factory.mktemp("whole") / "s", "toy") as state:
        return train(ToyRun(), state, STEPS, checkpoint_seconds=1e9).result()


def resumed(folder: Path) -> dict[str, Any]:
    with RunState(folder, "toy") as state:
        return train(ToyRun(), state, STEPS).result()


def test_run_does_what_a_plain_loop_does(uninterrupted: dict[str, Any]) -> None:
    run = ToyRun()
    chosen = run.configure_optimizers()
    torch.manual_seed(5)
    for step in range(STEPS):
        chosen["optimizer"].zero_grad()
        run.training_loss(step).backward()
        torch.nn.utils.clip_grad_norm_(run.parameters(), 1.0)
        chosen["optimizer"].step()
        chosen["lr_scheduler"]["scheduler"].step()
        run.step += 1
        run.after_step(run.step)
    assert run.result() == uninterrupted


@pytest.mark.parametrize(("number", "exit_code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_signal_saves_stops_and_the_run_goes_on_bit_equal(
    tmp_path: Path, uninterrupted: dict[str, Any], number: int, exit_code: int
) -> None:
    handler = signal.getsignal(number)
    with RunState(tmp_path, "toy") as state, pytest.raises(Interrupted) as interruption:
        train(SignalledRun(number, 11), state, STEPS, checkpoint_seconds=1e9)
    assert interruption.value.exit_code == exit_code
    assert signal.getsignal(number) is handler
    with RunState(tmp_path, "toy") as state:
        saved = state.load()
    assert saved is not None and saved["global_step"] == 11
    assert resumed(tmp_path) == uninterrupted


def test_signal_at_the_last_step_is_not_lost(tmp_path: Path, uninterrupted: dict[str, Any]) -> None:
    with RunState(tmp_path, "toy") as state, pytest.raises(Interrupted):
        train(SignalledRun(signal.SIGTERM, STEPS), state, STEPS)
    assert resumed(tmp_path) == uninterrupted


def test_complete_state_is_restored_without_training(tmp_path: Path, uninterrupted: dict[str, Any]) -> None:
    resumed(tmp_path)
    with RunState(tmp_path, "toy") as state:
        run = ToyRun(poison=0)  # any further step would fail
        assert train(run, state, STEPS).result() == uninterrupted


def test_killed_processes_go_on_bit_equal(tmp_path: Path, uninterrupted: dict[str, Any]) -> None:
    """SIGKILL and SIGTERM on real processes in mid-run, side by side; after SIGKILL the newest state is torn as well."""
    runs = {}
    for number in (signal.SIGKILL, signal.SIGTERM):
        folder = tmp_path / number.name
        command = [sys.executable, str(Path(toy_run.__file__)), str(folder), str(STEPS), "0.3"]
        runs[number] = (folder, subprocess.Popen(command, stderr=subprocess.PIPE))
    for number, (folder, process) in runs.items():
        deadline = time.monotonic() + 60
        while not (folder / "previous.ckpt").exists():
            assert process.poll() is None and time.monotonic() < deadline, process.stderr.read() if process.stderr else ""
            time.sleep(0.02)
        process.send_signal(number)
        process.communicate(timeout=30)
        assert process.returncode == (143 if number == signal.SIGTERM else -signal.SIGKILL)
        with RunState(folder, "toy") as state:
            saved = state.load()
        assert saved is not None and 0 < saved["global_step"] < STEPS
    killed = runs[signal.SIGKILL][0]
    # The kill may fall after the old state was set aside and before the new one is there.
    newest = next(path for path in (killed / "last.ckpt", killed / "previous.ckpt") if path.exists())
    newest.write_bytes(newest.read_bytes()[:1000])
    for folder, _ in runs.values():
        assert resumed(folder) == uninterrupted


def test_changed_fingerprint_starts_again(
    tmp_path: Path, uninterrupted: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    with RunState(tmp_path, "other settings") as state:
        train(ToyRun(), state, 7)
    with caplog.at_level(logging.WARNING, "gqvae"):
        assert resumed(tmp_path) == uninterrupted
    assert "starting from the beginning" in caplog.text


@pytest.mark.parametrize("every", [0.0, 1e9])
def test_diverged_run_names_its_step_and_never_saves_it(tmp_path: Path, every: float) -> None:
    with RunState(tmp_path, "toy") as state, pytest.raises(UserError, match=r"toy: the loss is not finite at step 9:"):
        train(ToyRun(poison=9), state, STEPS, checkpoint_seconds=every)
    with RunState(tmp_path, "toy") as state:
        saved = state.load()
    assert saved is None if every else saved is not None and saved["global_step"] == 8


def test_infinite_gradient_of_a_finite_loss_is_not_saved(tmp_path: Path) -> None:
    class Broken(ToyRun):
        def training_loss(self, step: int) -> torch.Tensor:
            loss = super().training_loss(step)
            return loss + (loss - loss).sqrt() if step == 4 else loss  # the derivative of √x at 0 is infinite

    with RunState(tmp_path, "toy") as state, pytest.raises(UserError, match="the weights are not finite after step 5"):
        train(Broken(), state, STEPS)


def test_nothing_but_our_own_lines_is_written(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], recwarn: pytest.WarningsRecorder
) -> None:
    with RunState(tmp_path, "toy") as state:
        fit(ToyRun(), max_steps=3, state=state, seed=0, precision="auto", threads=1, label="toy", checkpoint_seconds=9)
    written = capfd.readouterr()
    assert "lightning" not in (written.out + written.err).lower() and "GPU" not in written.err
    assert [str(warning.message) for warning in recwarn if "lightning" in warning.filename] == []
