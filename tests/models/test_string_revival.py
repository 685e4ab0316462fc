from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from gqvae.config import NetworkTraining
from gqvae.models.quantizer import Quantizer
from gqvae.models.string_revival import Reservoir, StringRevival

SETTINGS = NetworkTraining(
    steps=100, unquantized_steps=4, revival_every=5, reservoir_vectors=8, reservoir_per_batch=4, usage_decay=0.5
)


def losses(vectors: list[float], keys: list[int] | None, priorities: list[float], uses: list[tuple[int, float]] = ()) -> Any:  # type: ignore[assignment]
    """A batch of one-dimensional encodings; `uses` are (code, exact emissions)."""
    quantization = SimpleNamespace(indices=torch.tensor([code for code, _ in uses], dtype=torch.long)) if uses else None
    return SimpleNamespace(
        encoded=SimpleNamespace(vectors=torch.tensor(vectors)[:, None], quantization=quantization),
        keys=None if keys is None else torch.tensor(keys),
        priorities=torch.tensor(priorities),
        emitted=torch.tensor([weight for _, weight in uses]),
        exact=torch.ones(len(uses)),
    )


def strings(reservoir: Reservoir) -> list[tuple[int, float, float]]:
    return [(int(key), vector.item(), total.item()) for key, vector, total in zip(*reservoir.strings(), strict=True)]


def test_reservoir_merges_equal_strings_and_prefers_the_heavy() -> None:
    reservoir = Reservoir(8, 1)
    reservoir.add(torch.tensor([[0.0], [2], [5], [9]]), torch.tensor([7, 7, 8, 9]), torch.tensor([2.0, 2.0, 3.0, 0.0]), limit=4)
    assert strings(reservoir) == [(7, 1.0, 4.0), (8, 5.0, 3.0)]  # 2 + 2 beats 3; priority 0 is never drawn
    reservoir.priorities.zero_()
    assert strings(reservoir) == []


def test_reservoir_overwrites_its_oldest_entries() -> None:
    reservoir = Reservoir(3, 1)
    for value in range(5):
        reservoir.add(torch.tensor([[float(value)]]), torch.tensor([value]), torch.ones(1), limit=1)
    assert sorted(key for key, _, _ in strings(reservoir)) == [2, 3, 4]


def started() -> tuple[StringRevival, Quantizer]:
    """Four codes, of which two were assigned to the strings 5 and 6 at step 4."""
    revival, quantizer = StringRevival(SETTINGS, 4, 1), Quantizer(4, 1)
    revival.observe(4, losses([1.0, 3.0, 7.0], [5, 5, 6], [1.0, 1.0, 1.0]))
    assert sorted(revival.revive(4, quantizer).tolist()) == [0, 1]
    return revival, quantizer


def test_codes_start_at_the_mean_encodings_of_distinct_strings() -> None:
    revival, quantizer = started()
    assert quantizer.codebook[:2].flatten().tolist() == [2.0, 7.0]
    assert revival.owners.tolist() == [5, 6, -1, -1]
    assert revival.exact_use.tolist() == [2.0, 1.0, 0.0, 0.0]
    assert strings(revival.reservoir) == []


def test_wrong_strings_are_given_the_codes_that_serve_least() -> None:
    revival, quantizer = started()
    revival.observe(5, losses([10.0, 20.0, 30.0, 40.0], [1, 2, 3, 4], [4.0, 9.0, 5.0, 0.6], [(0, 8.0), (1, 1.0)]))
    assert revival.exact_use.tolist() == [5.0, 1.0, 0.0, 0.0]  # moved by half
    assert revival.revive(9, quantizer).tolist() == []  # not due
    # Least serving: codes 2, 3, 1, 0. Claims 9, 5, 4 want the first three; 0.6 is not worth the code that serves 5.
    assert sorted(revival.revive(10, quantizer).tolist()) == [1, 2, 3]
    assert revival.owners.tolist() == [5, 1, 2, 3]
    assert quantizer.codebook[1:].flatten().tolist() == [10.0, 20.0, 30.0]


def test_no_string_is_given_two_codes_and_its_own_follows_it() -> None:
    revival, quantizer = started()
    revival.observe(5, losses([11.0, 12.0], [5, 6], [1.0, 4.0]))
    # String 6 is wrong more often than its code serves it, string 5 is not: one code moves, none is added.
    assert revival.revive(10, quantizer).tolist() == [1]
    assert quantizer.codebook[:2].flatten().tolist() == [2.0, 12.0]
    assert revival.owners.tolist() == [5, 6, -1, -1]


def test_nothing_is_revived_in_the_last_tenth_or_if_revival_is_off() -> None:
    for settings, step, moved in (
        (SETTINGS, 90, 1),
        (SETTINGS, 95, 0),
        (SETTINGS.model_copy(update={"revival_every": 0}), 90, 0),
    ):
        revival, quantizer = StringRevival(settings, 4, 1), Quantizer(4, 1)
        revival.observe(step, losses([1.0], [1], [1.0]))
        assert len(revival.revive(step, quantizer)) == moved


def test_an_objective_without_strings_is_refused() -> None:
    with pytest.raises(ValueError, match="neither keys nor priorities"):
        StringRevival(SETTINGS, 1, 1).observe(1, losses([0.0], None, [1.0]))
