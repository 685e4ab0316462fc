from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional

from gqvae.config import LanguageModel
from gqvae.language_models.base import IGNORED, build_model
from gqvae.language_models.transformer import DecoderOnlyTransformer, hidden_width, rotary_table, rotate


def model(vocab_size: int = 50) -> DecoderOnlyTransformer:
    torch.manual_seed(0)
    return DecoderOnlyTransformer(vocab_size, layers=2, width=16, heads=2, context=12).eval()


def test_rotary_scores_depend_on_distance_alone() -> None:
    generator = torch.Generator().manual_seed(0)
    query, key = torch.randn(2, 8, generator=generator)
    table = rotary_table(64, 8)
    queries, keys = rotate(query.expand(64, 8), table), rotate(key.expand(64, 8), table)
    scores = queries @ keys.T  # (64, 64)
    for distance in (0, 1, 7, 30):
        diagonal = torch.diagonal(scores, -distance)
        assert torch.allclose(diagonal, diagonal[:1].expand_as(diagonal), atol=1e-4)
    assert not torch.allclose(scores[1, 0], scores[7, 0], atol=1e-2)
    assert torch.allclose(queries.norm(dim=1), query.norm())


def test_rotary_matches_complex_multiplication() -> None:
    x = torch.randn(5, 8, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    angles = torch.arange(5, dtype=torch.float64)[:, None] * 10_000 ** (-torch.arange(0, 8, 2, dtype=torch.float64) / 8)
    turned = torch.complex(x[:, :4], x[:, 4:]) * torch.polar(torch.ones_like(angles), angles)
    assert torch.allclose(rotate(x, rotary_table(5, 8)), torch.cat((turned.real, turned.imag), 1), atol=1e-6)


def test_future_tokens_do_not_change_past_logits() -> None:
    network = model()
    ids = torch.arange(12).view(1, 12) % 50
    before = network(ids)
    for place in (1, 6, 11):
        changed = ids.clone()
        changed[0, place] = 49
        after = network(changed)
        assert torch.equal(after[:, :place], before[:, :place])
        assert not torch.allclose(after[:, place:], before[:, place:], atol=1e-4)


def test_order_of_the_past_matters() -> None:
    network = model()
    one, other = network(torch.tensor([[1, 2, 3, 4]])), network(torch.tensor([[2, 1, 3, 4]]))
    assert not torch.allclose(one[:, -1], other[:, -1], atol=1e-4)


def test_logits_from_a_position_on_are_a_part_of_all() -> None:
    network = model()
    ids = torch.arange(24).view(2, 12)
    assert torch.allclose(network(ids, 5), network(ids)[:, 5:], atol=1e-6)


def test_forward_matches_a_plain_computation() -> None:
    """One layer written out: norms, scores, masked softmax, gated feed-forward."""
    torch.manual_seed(2)
    network = DecoderOnlyTransformer(20, layers=1, width=8, heads=2, context=6).double()
    ids = torch.tensor([[3, 1, 4, 1, 5, 9]])
    layer = network.layers[0]

    def norm(x: torch.Tensor) -> torch.Tensor:
        return x / (x.square().mean(-1, keepdim=True) + torch.finfo(x.dtype).eps).sqrt()

    x = network.embedding.weight[ids[0]]  # (6, 8)
    projected = norm(x) @ layer.attention.project.weight.T
    query, key, value = (part.view(6, 2, 4).transpose(0, 1) for part in projected.split(8, 1))  # (2, 6, 4)
    table = rotary_table(6, 4)
    scores = rotate(query, table) @ rotate(key, table).transpose(1, 2) / 2
    scores = scores.masked_fill(torch.ones(6, 6).triu(1).bool(), -math.inf)
    x = x + (scores.softmax(-1) @ value).transpose(0, 1).reshape(6, 8) @ layer.attention.output.weight.T
    gate, up = (norm(x) @ layer.feed_forward.project.weight.T).split(hidden_width(8), 1)
    x = x + (gate * gate.sigmoid() * up) @ layer.feed_forward.output.weight.T
    assert torch.allclose(network(ids)[0], norm(x) @ network.head.weight.T, atol=1e-7)


def test_ignored_targets_do_not_count() -> None:
    network = model()
    ids = torch.arange(12).view(1, 12)
    targets = (ids + 1).clone()
    targets[0, 4:] = IGNORED
    expected = functional.cross_entropy(network(ids)[0, :4], targets[0, :4])
    assert torch.allclose(network.loss(ids, targets), expected)


def test_first_predictions_are_nearly_uniform() -> None:
    ids = torch.arange(12).view(1, 12)
    assert model().loss(ids, ids + 1).item() == pytest.approx(math.log(50), abs=0.1)


def test_counts_and_flops() -> None:
    network = model()
    counts = network.parameter_counts()
    assert counts.total == sum(parameter.numel() for parameter in network.parameters())
    assert counts.embedding == 2 * 50 * 16
    hidden = hidden_width(16)
    assert hidden == 48
    assert counts.non_embedding == 2 * (4 * 16 * 16 + 3 * 16 * hidden + 2 * 16) + 16
    assert model(500).parameter_counts().non_embedding == counts.non_embedding
    expected = 6 * (counts.non_embedding + 50 * 16) + 6 * 2 * 16 * 13
    assert network.flops_per_token(12) == expected


def test_flops_agree_with_those_that_torch_counts() -> None:
    from torch.utils.flop_counter import FlopCounterMode

    network = model()
    ids = torch.zeros(1, 12, dtype=torch.long)
    with FlopCounterMode(display=False) as counter:
        network.loss(ids, ids).backward()
    # torch counts the whole square of scores, and recomputes them backward; leave attention out of both.
    matrices = sum(
        value for name, value in counter.get_flop_counts()["Global"].items() if str(name) in ("aten.mm", "aten.addmm", "aten.bmm")
    )
    norms = 5 * 16
    ours = 12 * (network.flops_per_token(12) - 6 * 2 * 16 * 13 - 6 * norms)
    assert matrices == ours


def test_same_seed_same_weights() -> None:
    one, other = model().state_dict(), model().state_dict()
    assert all(torch.equal(one[key], other[key]) for key in one)
    assert "rotary" not in one


def test_models_of_one_seed_start_alike_whatever_the_vocabulary() -> None:
    settings = LanguageModel(layers=2, width=32, heads=2)
    small, large, other = (build_model(settings, size, seed) for size, seed in ((300, 3), (1024, 3), (300, 4)))
    weights, of_large = small.state_dict(), large.state_dict()
    assert weights.keys() == of_large.keys()
    for name, weight in weights.items():
        assert torch.equal(weight, of_large[name][: len(weight)]), name
        assert name.endswith("norm.weight") or not torch.equal(weight, other.state_dict()[name]), name
