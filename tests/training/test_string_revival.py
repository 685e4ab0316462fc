from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from gqvae.config import NetworkTraining
from gqvae.models.quantizer import Quantizer
from gqvae.training.string_revival import Reservoir, StringRevival

SETTINGS = NetworkTraining(steps=100, unquantized_steps=4, revival_every=5, reservoir_vectors=8, reservoir_per_batch=2)


def losses(vectors: torch.Tensor, keys: list[int] | None, priorities: list[float]) -> SimpleNamespace:
    return SimpleNamespace(
        encoded=SimpleNamespace(vectors=vectors),
        keys=None if keys is None else torch.tensor(keys),
        priorities=torch.tensor(priorities),
    )


def test_reservoir_merges_equal_strings_and_prefers_the_heavy() -> None:
    reservoir = Reservoir(8, 2)
    vectors = torch.tensor([[0.0, 0.0], [2.0, 2.0], [5.0, 5.0], [9.0, 9.0]])
    reservoir.add(vectors, torch.tensor([7, 7, 8, 9]), torch.tensor([2.0, 2.0, 3.0, 0.0]), limit=4)
    drawn = reservoir.draw(5)
    assert drawn.tolist() == [[1.0, 1.0], [5.0, 5.0]]  # 2 + 2 beats 3; priority 0 is never drawn


def test_reservoir_overwrites_its_oldest_entries() -> None:
    reservoir = Reservoir(3, 1)
    for value in range(5):
        reservoir.add(torch.tensor([[float(value)]]), torch.tensor([value]), torch.ones(1), limit=1)
    assert sorted(reservoir.draw(9).flatten().tolist()) == [2.0, 3.0, 4.0]


def test_codes_start_from_distinct_strings_and_dead_ones_are_given_to_the_costliest() -> None:
    revival, quantizer = StringRevival(SETTINGS, 1), Quantizer(4, 1)
    revival.observe(3, losses(torch.tensor([[1.0], [3.0], [7.0]]), [5, 5, 6], [1.0, 1.0, 1.0]))
    assert revival.revive(3, quantizer).tolist() == []
    assert revival.revive(4, quantizer).tolist() == [0, 1]  # two strings, so two codes
    assert quantizer.codebook[:2].flatten().tolist() == [2.0, 7.0]
    assert revival.reservoir.draw(9).tolist() == []  # emptied
    quantizer.usage.copy_(torch.tensor([0.5, 0.01, 0.49, 0.0125]))  # dead: below 0.05 / 4 = 0.0125
    revival.observe(5, losses(torch.tensor([[10.0], [20.0], [30.0]]), [1, 2, 3], [1.0, 3.0, 2.0]))
    assert revival.revive(6, quantizer).tolist() == []
    assert revival.revive(10, quantizer).tolist() == [1]
    assert quantizer.codebook[1].item() == 20.0
    assert quantizer.usage[1].item() == 0.25


def test_nothing_is_revived_in_the_last_tenth() -> None:
    revival, quantizer = StringRevival(SETTINGS, 1), Quantizer(4, 1)
    revival.observe(90, losses(torch.tensor([[1.0]]), [1], [1.0]))
    assert revival.revive(95, quantizer).tolist() == []
    assert revival.revive(90, quantizer).tolist() == [0]


def test_an_objective_without_strings_is_refused() -> None:
    with pytest.raises(ValueError, match="neither keys nor priorities"):
        StringRevival(SETTINGS, 1).observe(1, losses(torch.zeros(1, 1), None, [1.0]))
