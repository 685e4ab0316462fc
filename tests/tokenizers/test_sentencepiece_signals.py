"""A signal ends a training by sentencepiece at once, although Python cannot run its handlers meanwhile."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import numpy as np
import pytest

from gqvae.corpus.pretokens import PretokenCounts
from gqvae.tokenizers.unigram import Settings, train

PROGRAM = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # it may be ignored where the tests run
from gqvae.cli import main
from gqvae.tokenizers import sentencepieces
lines = sentencepieces._lines
def told(counts):
    yield from lines(counts)
    print("it has all lines", flush=True)
sentencepieces._lines = told
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_training_ends_at_once(number: signal.Signals, tmp_path: Path) -> None:
    text = tmp_path / "text"
    words = ["".join(Random(place).choices("abcdefghijklmnopqrstuvwxyz", k=100_000)) for place in range(40)]  # minutes of work
    text.write_text("\n<|endoftext|>\n".join(words))
    train = ["tokenizer", "train", "--method", "unigram", "--text", str(text), "--vocab-size", "4096"]
    command = [sys.executable, "-c", PROGRAM, *train, "--out", str(tmp_path / "x")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None and process.stdout.readline() == "it has all lines\n"
            time.sleep(1)
            process.send_signal(number)
            assert process.wait(timeout=30) == -number
        finally:
            process.kill()
    assert not (tmp_path / "x" / "gqvae.json").exists()


def test_handlers_are_as_before() -> None:
    def handler(*_: object) -> None:
        """The caller's."""

    before = {number: signal.signal(number, new) for number, new in ((signal.SIGTERM, handler), (signal.SIGINT, signal.SIG_IGN))}
    try:
        train(PretokenCounts([b" the", b" cat"], np.array([5, 3])), [258], Settings())
        assert signal.getsignal(signal.SIGTERM) is handler and signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        for number, old in before.items():
            signal.signal(number, old)
