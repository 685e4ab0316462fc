"""Speeds are medians of turns, ratios are taken within a turn, and every turn begins with nothing remembered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from gqvae.cli import main
from gqvae.corpus.pretokens import PretokenCounts, count_pretokens
from gqvae.measures import speed
from gqvae.tokenizers.base import Tokenizer
from gqvae.tokenizers.bpe import train_bpe
from gqvae.tokenizers.bytes import BytesTokenizer
from small_network import TEXT

DOCUMENTS = [TEXT.encode()] * 20


@pytest.fixture
def folders(counts: PretokenCounts, tmp_path: Path) -> dict[str, Path]:
    made = {"bpe/v280": train_bpe(counts, 280), "bytes/v257": BytesTokenizer()}
    for name, tokenizer in made.items():
        tokenizer.save(tmp_path / name)
    return {name: tmp_path / name for name in made}


def test_a_ratio_is_taken_within_a_turn(folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine is three times as slow in two of the turns; the bytes take half as long as BPE in each."""
    taken = iter([seconds for factor in (1, 3, 1, 3, 1) for seconds in (0.2 * factor, 0.1 * factor)])
    monkeypatch.setattr(speed, "_seconds", lambda tokenizer, documents: next(taken))
    bpe, plain = speed.speeds(folders, DOCUMENTS, folders["bpe/v280"])
    size = sum(map(len, DOCUMENTS))
    assert bpe == {
        "tokenizer": "bpe/v280",
        "bytes": size,
        "encode_mb_per_s": pytest.approx(size / 0.2e6),
        "encode_ratio_to_bpe": 1,
    }
    assert plain["encode_ratio_to_bpe"] == 2 and plain["encode_mb_per_s"] == pytest.approx(size / 0.1e6)


class Remembering(BytesTokenizer):
    """Bytes, with all distinct pre-tokens that it was ever asked for."""

    kind = "remembering for tests"
    asked: list[bytes] = []  # noqa: RUF012

    def segment(self, pretokens: Sequence[bytes]) -> Iterable[Sequence[int]]:
        self.asked.extend(pretokens)
        return super().segment(pretokens)

    def segment_packed(self, pretokens):
        return Tokenizer.segment_packed(self, pretokens)


def test_every_turn_sees_the_text_for_the_first_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Remembering().save(tmp_path / "x")
    Remembering.asked.clear()
    (row,) = speed.speeds({"x": tmp_path / "x"}, DOCUMENTS, None)
    distinct = count_pretokens(DOCUMENTS).pretokens
    assert all(Remembering.asked.count(pretoken) == speed.TURNS for pretoken in distinct)
    assert row["encode_ratio_to_bpe"] == "" and row["encode_mb_per_s"] > 0


def test_the_network_of_a_learned_tokenizer_runs_and_is_slower(
    tokenizers: dict[str, Tokenizer], folders: dict[str, Path], tmp_path: Path
) -> None:
    tokenizers["neural"].save(tmp_path / "gqvae-s0" / "v280")
    new = " ".join(f"w{number}x{number * 7}" for number in range(3000)).encode()  # nothing of it is stored
    rows = speed.speeds(folders | {"gqvae-s0/v280": tmp_path / "gqvae-s0" / "v280"}, [new], folders["bpe/v280"])
    assert rows[-1]["tokenizer"] == "gqvae-s0/v280" and 0 < rows[-1]["encode_ratio_to_bpe"] < 0.7


def test_it_is_a_command(folders: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = '{"source": "synthetic", "bytes": 30000, "valid_fraction": 0.1, "test_fraction": 0.1}'
    assert main(["prepare-corpus", "--settings", settings, "--out", str(tmp_path / "corpus")]) == 0
    names = list(map(str, folders.values()))
    asked = ["measure-speed", "--corpus", str(tmp_path / "corpus"), "--out", str(tmp_path / "speed.csv"), "--tokenizers"]
    assert main([*asked, *names, "--baseline", names[0]]) == 0
    header, first, second = (tmp_path / "speed.csv").read_text(encoding="utf-8").splitlines()
    assert header == ",".join(speed.COLUMNS) and first.startswith("bpe/v280,") and first.endswith(",1.0")
    assert second.split(",")[1] == str((tmp_path / "corpus" / "test.txt").stat().st_size)
    assert main([*asked, names[1], "--baseline", names[0]]) == 2
    assert "is not among --tokenizers: add it" in capsys.readouterr().err
