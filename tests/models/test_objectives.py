from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch.nn import functional

from gqvae.config import Network, PaperObjective, RateControlledObjective
from gqvae.models.gates import soft_masks
from gqvae.models.network import GQVAE, Decoded
from gqvae.models.objective_base import exact_spans, span_keys, span_lengths
from gqvae.models.objectives import build_objective

SMALL = Network(
    width=16,
    head_width=8,
    encoder_layers=1,
    gater_layers=1,
    decoder_layers=1,
    codebook_size=8,
    max_token_bytes=4,
    max_pretoken_bytes=6,
)


def small_network(chunk_bytes: int | None = None) -> GQVAE:
    torch.manual_seed(0)
    return GQVAE(SMALL, [97, 98, 99, 100], chunk_bytes)


def batch(network: GQVAE) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    data = np.frombuffer(b"abcd\0\0" + b"dcbabc" + b"a\0\0\0\0\0", dtype=np.uint8).reshape(3, 6).copy()
    return *network.symbols(data, np.array([4, 6, 1])), torch.tensor([3.0, 1.0, 2.0])


@pytest.mark.parametrize("settings", [PaperObjective(), RateControlledObjective()])
@pytest.mark.parametrize("quantize", [True, False])
def test_every_part_of_the_network_learns(settings: PaperObjective | RateControlledObjective, quantize: bool) -> None:
    network = small_network()
    build_objective(settings)(network, *batch(network), quantize=quantize).total.backward()
    for name, parameter in network.named_parameters():
        if name == "quantizer.codebook" and not quantize:
            assert parameter.grad is None
        else:
            assert parameter.grad is not None and torch.isfinite(parameter.grad).all(), name


def test_weights_count_like_repeated_pretokens() -> None:
    network = small_network()
    symbols, lengths, weights = batch(network)
    repeats = weights.long()
    for settings in (PaperObjective(), RateControlledObjective()):
        merged = build_objective(settings).eval()(network, symbols, lengths, weights, quantize=True)
        plain = build_objective(settings).eval()(
            network, symbols.repeat_interleave(repeats, 0), lengths.repeat_interleave(repeats), torch.ones(6), quantize=True
        )
        torch.testing.assert_close(merged.total, plain.total)
        torch.testing.assert_close(merged.hard_rate, plain.hard_rate)


def test_segmentation_probabilities_cover_every_byte_once() -> None:
    """With a long enough L, Σ_t g_t m[t, t−j] = 1 for every byte j when the last gate is 1."""
    gates = torch.rand(4, 6)
    gates[:, -1] = 1
    expected_bytes = (gates[..., None] * soft_masks(gates, 6)).sum((1, 2))
    torch.testing.assert_close(expected_bytes, torch.full((4,), 6.0))


def test_alpha_follows_the_excess_of_the_rate_in_training_only() -> None:
    network = small_network()
    objective = build_objective(RateControlledObjective(tokens_per_pretoken=1.0, integral_gain=0.5))
    network.gater.start_at(0.95)  # type: ignore[union-attr]  # nearly every byte a token: far above the target
    before = objective.weight_of_rate()
    rate = objective(network, *batch(network), quantize=True).hard_rate.item()
    assert rate > 1.5
    assert objective.weight_of_rate() == pytest.approx(before + 0.5 * (rate - 1.0))
    objective.eval()
    objective(network, *batch(network), quantize=True)
    assert objective.weight_of_rate() == pytest.approx(before + 0.5 * (rate - 1.0))


def test_fixed_gates_leave_no_gater_and_no_rate_to_control() -> None:
    network = small_network(chunk_bytes=2)
    objective = build_objective(RateControlledObjective())
    losses = objective(network, *batch(network), quantize=True)
    losses.total.backward()
    assert network.gater is None and objective.weight_of_rate() == 0
    assert losses.hard_rate.item() == pytest.approx((2 * 3 + 3 * 1 + 1 * 2) / 6)  # tokens 2, 3, 1 with weights 3, 1, 2


def test_exact_spans_need_length_and_characters() -> None:
    targets = torch.tensor([[1, 2, 0], [1, 2, 0], [1, 2, 0]])
    characters = functional.one_hot(torch.tensor([[1, 2, 3], [1, 3, 0], [1, 2, 0]]), 5).float()
    sizes = functional.one_hot(torch.tensor([1, 1, 2]), 3).float()
    # Right in its two characters (the third does not count); wrong in the second; right but one too long.
    assert exact_spans(Decoded(characters, sizes), targets, torch.tensor([2, 2, 2])).tolist() == [True, False, False]


def test_span_helpers_on_a_word() -> None:
    hard = torch.tensor([[0.0, 1.0, 0.0, 1.0]])
    assert span_lengths(hard, 10).tolist() == [[1, 2, 1, 2]]
    keys = span_keys(torch.tensor([[1, 2, 9], [1, 2, 7], [2, 1, 9]]), torch.tensor([2, 2, 2]))
    assert keys[0] == keys[1] != keys[2]


def test_starting_gate_gives_the_requested_rate() -> None:
    objective = build_objective(RateControlledObjective(tokens_per_pretoken=1.6))
    gate = objective.starting_gate(4.0)  # type: ignore[union-attr]
    assert 1 + 3 * gate == pytest.approx(1.6)
    assert math.isfinite(objective.starting_gate(1.0))  # type: ignore[union-attr]
