from __future__ import annotations

import torch

from gqvae.models.quantizer import Quantizer


def test_nearest_code_is_the_one_of_least_distance() -> None:
    torch.manual_seed(0)
    quantizer, vectors = Quantizer(50, 8), torch.randn(200, 8)
    expected = torch.cdist(vectors, quantizer.codebook.detach()).argmin(1)
    assert torch.equal(quantizer.nearest(vectors), expected)


def test_losses_pull_the_right_side_only() -> None:
    quantizer = Quantizer(4, 3)
    vectors = torch.randn(5, 3, requires_grad=True)
    output = quantizer(vectors)
    output.commitment_loss.sum().backward()
    assert vectors.grad is not None and quantizer.codebook.grad is None
    vectors.grad = None
    quantizer(vectors).codebook_loss.sum().backward()
    assert vectors.grad is None and quantizer.codebook.grad is not None


def test_gradient_passes_straight_through() -> None:
    vectors = torch.randn(5, 3, requires_grad=True)
    weights = torch.randn(5, 3)
    (Quantizer(4, 3)(vectors).quantized * weights).sum().backward()
    torch.testing.assert_close(vectors.grad, weights)


def test_usage_moves_towards_the_weighted_share() -> None:
    quantizer = Quantizer(3, 2, usage_decay=0.5)
    quantizer.count_usage(torch.tensor([0, 0, 2]), torch.tensor([1.0, 1.0, 2.0]))
    torch.testing.assert_close(quantizer.usage, torch.tensor([0.25, 0.0, 0.25]))


def test_revival_replaces_codes() -> None:
    quantizer = Quantizer(4, 2)
    quantizer.revive(torch.tensor([1, 3]), torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
    assert quantizer.codebook[[1, 3]].tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert quantizer.usage.tolist() == [0.0, 0.25, 0.0, 0.25]
    quantizer.revive(torch.tensor([1]), torch.tensor([[5.0, 6.0]]), usage=0.0)
    assert quantizer.usage.tolist() == [0.0, 0.0, 0.0, 0.25]


def test_codes_move_towards_what_they_were_chosen_for() -> None:
    quantizer = Quantizer(3, 1)
    quantizer.codebook.data.copy_(torch.tensor([[0.0], [1.0], [5.0]]))
    quantizer.move(torch.tensor([0, 0, 1]), torch.tensor([[2.0], [4.0], [9.0]]), torch.tensor([1.0, 1.0, 0.0]), decay=0.5)
    assert quantizer.codebook.flatten().tolist() == [2.25, 1.0, 5.0]  # 3 · (1 − 0.5²); weight 0 and no emission move nothing
