"""Progress of long work in log lines: human units, and never long silence."""

from __future__ import annotations

import logging

import pytest

from gqvae import progress
from gqvae.config import RESERVED_IDS
from gqvae.corpus.pretokens import count_pretokens
from gqvae.distillation.rates import RateDial
from gqvae.models.network import GQVAE
from gqvae.progress import Progress
from gqvae.training.network import prune_codebook
from gqvae.units import counted
from gqvae.vocabularies.pruning import prune
from small_network import RUN, TEXT


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (1, "step", "1 step"), (1600, "step", "1,600 steps"), (0.8123, "step", "0.81 steps"), (12.34, "id", "12 ids"),
        (38_651.5, "string", "38,652 strings"), (10_864_324, "B", "10.9 MB"), (0.6, "B", "1 B"), (0, "step", "0 steps"),
    ],
)  # fmt: skip
def test_units(value: float, unit: str, text: str) -> None:
    assert counted(value, unit) == text


def test_a_line_says_how_far_how_fast_and_how_long(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    steps, size = Progress("training", 1600, "step", done=10), Progress("reading", unit="B")
    now[0] += 2
    steps.update(6, "loss 1")
    size.update(21_728_648)
    assert steps.line() == "training: 16 of 1,600 steps (1 %), 3 steps/s, 528 s left, loss 1"
    assert size.line() == "reading: 21.7 MB, 10.9 MB/s"


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """The log, to which every update of a progress writes a line."""
    monkeypatch.setattr(progress, "LINE_EVERY_SECONDS", 0.0)
    monkeypatch.setattr(logging.getLogger("gqvae"), "propagate", True)
    caplog.set_level(logging.INFO, "gqvae")
    return caplog


def test_long_stages_report_while_they_work(log: pytest.LogCaptureFixture) -> None:
    def said(label: str) -> int:
        found = sum(line.startswith(f"{label}: ") for line in log.messages)
        log.clear()
        return found

    counts = count_pretokens([TEXT.encode()])
    strings = [b" the", b"fox", b"th", b"he", b" t", b"ox"]
    prune(strings, counts.pairs(), [RESERVED_IDS + 2])
    assert said("pruning the vocabulary") > 3  # a line for every pass over the text
    with Progress("counting", unit="B") as shown:
        count_pretokens([b"the fox "] * 200_000, progress=shown)
    assert said("counting") > 3
    network = GQVAE(RUN.network, sorted(set(b"".join(counts.pretokens)))).eval()
    pieces = {b"x" * length: 1 for length in range(1, 9)}
    prune_codebook(network, pieces)
    assert said("counting the uses of codes") > len(pieces)
    dial = RateDial(network, network.code_strings(), counts)
    dial.best([])
    assert said("cutting text at the gates") > 9  # a batch for each length and rate
    dial.best([])
    assert said("cutting text at the gates") == 1  # it is known
