from __future__ import annotations

import numpy as np
import torch

from gqvae.models.gates import closing_positions, fixed_gates, hard_gates, look_back, soft_masks


def masks_by_definition(gates: np.ndarray, length: int) -> np.ndarray:
    """m[t, i] = Π_{s=1..i} (1 − g_{t−s}), 0 before the start; written without any array tricks."""
    batch, size = gates.shape
    masks = np.zeros((batch, size, length))
    for b in range(batch):
        for t in range(size):
            for i in range(length):
                if t - i >= 0:
                    masks[b, t, i] = np.prod([1 - gates[b, t - s] for s in range(1, i + 1)])
    return masks


def test_masks_equal_the_definition() -> None:
    gates = np.random.default_rng(0).random((3, 7))
    for length in (1, 2, 5, 10):
        computed = soft_masks(torch.from_numpy(gates), length).numpy()
        np.testing.assert_allclose(computed, masks_by_definition(gates, length), atol=1e-12)


def test_masks_of_a_pretoken_worked_on_paper() -> None:
    # " cat", gates .1 .8 .3 1. The token that ends at the last position (t = 3) covers "t" for sure, "a" if no token ended at it:
    # 1−.3 = .7, "c" too: .7·(1−.8) = .14, " " too: .14·(1−.1) = .126; nothing lies before.
    gates = torch.tensor([[0.1, 0.8, 0.3, 1.0]])
    torch.testing.assert_close(soft_masks(gates, 5)[0, 3], torch.tensor([1.0, 0.7, 0.14, 0.126, 0.0]))
    torch.testing.assert_close(soft_masks(gates, 5)[0, 0], torch.tensor([1.0, 0.0, 0.0, 0.0, 0.0]))


def test_hard_masks_give_the_lengths_of_the_tokens() -> None:
    gates = hard_gates(torch.tensor([[0.2, 0.9, 0.1, 0.4, 0.9]]), torch.tensor([4]))
    assert gates.tolist() == [[0, 1, 0, 1, 0]]  # the last real position always ends a token, padding never
    assert soft_masks(gates, 10).sum(2).tolist()[0][:4] == [1, 2, 1, 2]


def test_fixed_gates_end_every_chunk_and_the_pretoken() -> None:
    gates = fixed_gates(torch.tensor([5, 3]), 6, 2, torch.float32)
    assert gates.tolist() == [[0, 1, 0, 1, 1, 0], [0, 1, 1, 0, 0, 0]]


def test_the_last_token_is_closed_by_the_first_open_gate_from_its_end_on() -> None:
    gates = torch.tensor([[0.9, 0.9, 0.1, 0.1, 0.1], [0.9, 0.2, 0.1, 0.7, 0.9], [0.9, 0.2, 0.1, 0.1, 0.1]])
    assert closing_positions(gates, torch.tensor([2, 2, 2])).tolist() == [1, 3, 1]


def test_look_back_starts_with_the_position_itself() -> None:
    assert look_back(torch.tensor([[1, 2, 3]]), 3, before=9).tolist() == [[[1, 9, 9], [2, 1, 9], [3, 2, 1]]]
