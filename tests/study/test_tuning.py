from __future__ import annotations

import logging
from pathlib import Path

import pytest

from gqvae.errors import UserError
from gqvae.files import read_json, write_json
from gqvae.study.tuning import choose_learning_rate


def runs(folder: Path, losses: dict[float, float | None]) -> list[Path]:
    paths = []
    for place, (rate, loss) in enumerate(losses.items()):
        paths.append(folder / f"{place}.json")
        write_json(paths[-1], {"arm": "bpe", "learning_rate": rate, "valid_bpb": loss, "test_bpb": 9.0 - rate})
    return paths


def test_the_lowest_validation_loss_is_chosen(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        choose_learning_rate(runs(tmp_path, {0.01: 2.2, 0.001: 2.5, 0.003: 2.1}), tmp_path / "chosen.json")
    assert read_json(tmp_path / "chosen.json") == {"arm": "bpe", "learning_rate": 0.003}
    assert not caplog.records


def test_the_edge_of_the_grid_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        choose_learning_rate(runs(tmp_path, {0.001: 2.5, 0.003: 2.3, 0.01: 2.2}), tmp_path / "chosen.json")
    assert "0.01, is at the edge of the grid" in caplog.text


def test_the_mean_over_seeds_decides(tmp_path: Path) -> None:
    first, second = (
        runs(tmp_path / name, losses) for name, losses in (("a", {0.003: 2.0, 0.01: 2.2}), ("b", {0.003: 2.9, 0.01: 2.3}))
    )
    choose_learning_rate([*first, *second], tmp_path / "chosen.json")
    assert read_json(tmp_path / "chosen.json")["learning_rate"] == 0.01
    choose_learning_rate([*first, *runs(tmp_path / "c", {0.003: 2.3, 0.01: None})], tmp_path / "chosen.json")
    assert read_json(tmp_path / "chosen.json")["learning_rate"] == 0.003  # one run of the other diverged


def test_runs_that_diverged_are_never_chosen(tmp_path: Path) -> None:
    choose_learning_rate(runs(tmp_path, {0.001: 2.5, 0.003: None}), tmp_path / "chosen.json")
    assert read_json(tmp_path / "chosen.json")["learning_rate"] == 0.001
    with pytest.raises(UserError, match="diverged"):
        choose_learning_rate(runs(tmp_path, {0.001: None}), tmp_path / "chosen.json")


def test_a_wider_grid_with_the_same_choice_writes_the_same_bytes(tmp_path: Path) -> None:
    paths = runs(tmp_path, {0.003: 2.1, 0.01: 2.2, 0.03: 2.4})
    choose_learning_rate(paths[:2], tmp_path / "narrow.json")
    choose_learning_rate(paths, tmp_path / "wide.json")
    assert (tmp_path / "narrow.json").read_bytes() == (tmp_path / "wide.json").read_bytes()


def test_other_files_are_refused(tmp_path: Path) -> None:
    write_json(tmp_path / "other.json", {"arm": "bpe"})
    with pytest.raises(UserError, match=r"other\.json is not the result of a language model"):
        choose_learning_rate([tmp_path / "other.json"], tmp_path / "chosen.json")
