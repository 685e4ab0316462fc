from __future__ import annotations

import logging
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from gqvae.errors import UserError
from gqvae.training.resume import RunState, fingerprint


def saved(folder: Path, *values: int, name: str = "run") -> None:
    with RunState(folder, name) as state:
        for value in values:
            state.save({"step": value, "weights": torch.full((1000,), float(value))})


def loaded(folder: Path, name: str = "run") -> int | None:
    with RunState(folder, name) as state:
        found = state.load()
    if found is None:
        return None
    assert found["weights"].tolist() == [found["step"]] * 1000
    return int(found["step"])


def test_newest_state_is_loaded_and_the_one_before_is_kept(tmp_path: Path) -> None:
    assert loaded(tmp_path / "s") is None
    saved(tmp_path / "s", 1, 2, 3)
    assert loaded(tmp_path / "s") == 3
    (tmp_path / "s" / "last.ckpt").unlink()  # as after a kill between the two moves
    assert loaded(tmp_path / "s") == 2


@pytest.mark.parametrize("keep", [0, 1, 20, 0.5, -1, -40])
def test_truncated_state_falls_back_to_previous(tmp_path: Path, caplog: pytest.LogCaptureFixture, keep: float) -> None:
    saved(tmp_path, 1, 2)
    last = tmp_path / "last.ckpt"
    whole = last.read_bytes()
    last.write_bytes(whole[: int(keep * len(whole)) if keep == 0.5 else int(keep)])
    with caplog.at_level(logging.WARNING, "gqvae"):
        assert loaded(tmp_path) == 1
    assert f"{last} is damaged" in caplog.text


@pytest.mark.parametrize("place", [0, 300, 3000, -50, -1])
def test_any_changed_byte_is_noticed(tmp_path: Path, place: int) -> None:
    saved(tmp_path, 1, 2)
    for name, expected in (("last.ckpt", 1), ("previous.ckpt", None)):
        contents = bytearray((tmp_path / name).read_bytes())
        contents[place] ^= 1
        (tmp_path / name).write_bytes(contents)
        assert loaded(tmp_path) == expected


def test_state_of_another_run_is_not_continued(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    saved(tmp_path, 1)
    with caplog.at_level(logging.WARNING, "gqvae"):
        assert loaded(tmp_path, "other") is None
    assert "starting from the beginning" in caplog.text
    assert loaded(tmp_path) == 1


def test_second_owner_is_refused_until_the_first_is_gone(tmp_path: Path) -> None:
    with RunState(tmp_path / "s", "a"), pytest.raises(UserError, match=f"{tmp_path / 's'} is in use by another process"):
        RunState(tmp_path / "s", "a")
    with RunState(tmp_path / "s", "a"):
        pass


def test_killed_owner_leaves_neither_a_lock_nor_a_torn_file(tmp_path: Path) -> None:
    program = (
        "import sys, os, signal; from pathlib import Path; from gqvae.training import resume\n"
        f"state = resume.RunState(Path({str(tmp_path / 's')!r}), 'run')\n"
        "state.save({'step': 1, 'weights': __import__('torch').full((1000,), 1.0)})\n"
        # Die in the middle of the second write.
        "write = resume._HashingWriter.write\n"
        "resume._HashingWriter.write = lambda self, data: os.kill(os.getpid(), signal.SIGKILL) if len(data) > 1000 else write(self, data)\n"
        "state.save({'step': 2, 'weights': __import__('torch').full((1000,), 2.0)})\n"
    )
    process = subprocess.run([sys.executable, "-c", program], check=False)
    assert process.returncode == -signal.SIGKILL
    assert list((tmp_path / "s").glob(".*.tmp"))
    assert loaded(tmp_path / "s") == 1
    assert not list((tmp_path / "s").glob(".*.tmp"))


def test_no_space_is_one_sentence_and_keeps_the_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = (
        "import resource, signal; from pathlib import Path; import torch\n"
        "from gqvae.errors import UserError; from gqvae.training.resume import RunState\n"
        f"state = RunState(Path({str(tmp_path)!r}), 'run')\n"
        "state.save({'step': 1, 'weights': torch.full((1000,), 1.0)})\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "try: state.save({'step': 2, 'weights': torch.zeros(1_000_000)})\n"
        "except UserError as error: assert 'No space left' in str(error), error\n"
        "else: raise SystemExit('nothing was raised')\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
    assert loaded(tmp_path) == 1


def test_clear_removes_the_folder(tmp_path: Path) -> None:
    with RunState(tmp_path / "s", "run") as state:
        state.save({"step": 1})
        state.clear()
    assert not (tmp_path / "s").exists()


def test_fingerprint_tells_its_parts_apart() -> None:
    assert len({fingerprint("a", "b", "c"), fingerprint("ab", "", "c"), fingerprint("a", "c", "b")}) == 3
    assert fingerprint("a", "b", "c") == fingerprint("a", "b", "c")
