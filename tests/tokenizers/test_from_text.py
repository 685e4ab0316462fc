"""What a call that trains from text leaves behind when it is stopped."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

from gqvae.config import CountedTraining
from gqvae.corpus.sources.text import Settings as TextCorpus
from gqvae.tokenizers import from_text
from gqvae.tokenizers.from_text import Output, train_counted


@pytest.mark.parametrize("stopped", [SystemExit(128 + signal.SIGTERM), KeyboardInterrupt(), MemoryError()])
def test_no_copy_of_the_text_stays_when_the_counting_is_stopped(
    stories: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stopped: BaseException
) -> None:
    out, seen = tmp_path / "out", list[str]()

    def stop(*_: object) -> None:
        seen.extend(path.name for path in out.rglob("*.txt"))
        raise stopped

    monkeypatch.setattr(from_text, "count_pretokens", stop)
    with pytest.raises(type(stopped)):
        train_counted(TextCorpus(path=str(stories)), CountedTraining(tokenizer="bpe", sizes=(300,)), out)
    assert sorted(seen) == ["test.txt", "train.txt", "valid.txt"] and not out.exists()


def test_what_resumes_the_training_of_a_network_stays(stories: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = tmp_path / "training" / "state" / "last.ckpt"
    state.parent.mkdir(parents=True)
    state.touch()
    monkeypatch.setattr(from_text, "count_pretokens", lambda *_: sys.exit(143))
    with pytest.raises(SystemExit):
        Output(tmp_path, [300], "training").counts(TextCorpus(path=str(stories)), "train", "valid")
    assert state.exists() and not (tmp_path / "training" / "corpus").exists()
