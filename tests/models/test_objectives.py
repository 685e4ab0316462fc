from __future__ import annotations

import itertools
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
from gqvae.models.rate_controlled import RateControlled

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


def small_network(chunk_bytes: int | None = None, force_last_gate: bool = True) -> GQVAE:
    torch.manual_seed(0)
    return GQVAE(SMALL, [97, 98, 99, 100], chunk_bytes, force_last_gate=force_last_gate)


def batch(network: GQVAE) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    data = np.frombuffer(b"abcd\0\0" + b"dcbabc" + b"a\0\0\0\0\0", dtype=np.uint8).reshape(3, 6).copy()
    return *network.symbols(data, np.array([4, 6, 1])), torch.tensor([3.0, 1.0, 2.0])


@pytest.mark.parametrize("settings", [PaperObjective(), RateControlledObjective()])
@pytest.mark.parametrize("quantize", [True, False])
def test_every_part_of_the_network_learns(settings: PaperObjective | RateControlledObjective, quantize: bool) -> None:
    network = small_network()
    build_objective(settings)(network, *batch(network), quantize=quantize).total.backward()
    for name, parameter in network.named_parameters():
        if name == "quantizer.codebook" and (not quantize or isinstance(settings, RateControlledObjective)):
            assert parameter.grad is None  # ours are moving averages
        elif name.startswith("condition.") and isinstance(settings, PaperObjective):
            assert parameter.grad is not None  # present, though no study gives it a range of rates
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


def test_each_range_of_requests_has_a_feedback_of_its_own() -> None:
    """Gates that hardly end a token have nearly 1 token per pre-token: every α falls by the gain times the shortfall."""
    network = small_network()
    network.gater.bias.data.fill_(-20.0)  # type: ignore[union-attr]
    objective = build_objective(RateControlledObjective(integral_gain=0.5, rate_bins=2))
    assert isinstance(objective, RateControlled)
    symbols, lengths, weights = batch(network)
    network.condition.skew = 1.0  # type: ignore[union-attr]
    repeated = symbols.repeat(400, 1), lengths.repeat(400), weights.repeat(400)
    assert objective(network, *repeated, quantize=True).hard_rate.item() == 1.0
    lowest, highest = 1.02, 2.6
    middle = math.sqrt(lowest * highest)
    asked = [
        (top - bottom) / math.log(top / bottom) for bottom, top in ((lowest, middle), (middle, highest))
    ]  # mean of a log-uniform
    torch.testing.assert_close(objective.alpha, torch.tensor([0.5 * (1 - rate) for rate in asked]), rtol=0.05, atol=0)
    before = objective.alpha.clone()
    objective.eval()
    objective(network, *repeated, quantize=True)
    assert torch.equal(objective.alpha, before)


def test_gates_are_pushed_towards_the_rate_that_is_asked_for() -> None:
    """The gain alone: with all gates open and one token per pre-token requested, descent closes gates, and opens closed ones."""
    for bias, sign in ((3.0, 1.0), (-3.0, -1.0)):
        network = small_network()
        network.gater.bias.data.fill_(bias)  # type: ignore[union-attr]
        network.gate_bound = 2.0
        objective = build_objective(RateControlledObjective(gate_wall=0.0, proportional_gain=1e6))
        objective(network, *batch(network), quantize=True).total.backward()
        assert network.gater.bias.grad.item() * sign > 0  # type: ignore[union-attr]


def test_gates_start_soft_and_end_sharp() -> None:
    network = small_network()
    objective = build_objective(RateControlledObjective(gate_bounds=(2.0, 6.0), sharpen_between=(0.2, 0.6)))
    bounds = []
    for progress in (0.0, 0.2, 0.4, 0.6, 1.0):
        objective.schedule(network, progress)
        bounds.append(network.gate_bound)
    assert bounds == pytest.approx([2.0, 2.0, 4.0, 6.0, 6.0])


def test_expected_cost_equals_a_sum_over_segmentations() -> None:
    """Loss of one pre-token against every way to cut it, each with its probability: cost of characters and lengths."""
    network = small_network()
    settings = RateControlledObjective(integral_gain=0, proportional_gain=0, gate_wall=0, commitment_weight=0)
    objective = build_objective(settings).eval()
    symbols, lengths, _ = batch(network)
    losses = objective(network, symbols[:1], lengths[:1], torch.ones(1), quantize=True)
    decoded = network.decoder(losses.encoded.chosen)
    assert decoded.lengths is not None
    characters, sizes = decoded.characters.log_softmax(2), decoded.lengths.log_softmax(1)
    gates, expected = losses.encoded.gates[0, :4].tolist(), 0.0
    for ends in itertools.product([0, 1], repeat=3):
        cuts = [place for place, end in enumerate(ends) if end] + [3]
        probability = math.prod(gate if end else 1 - gate for gate, end in zip(gates, ends, strict=False))
        begin = 0
        for cut in cuts:
            size = cut - begin + 1
            cost = -sizes[cut, size - 1].item() - sum(
                characters[cut, back, symbols[0, cut - back]].item() for back in range(size)
            )
            expected += probability * cost
            begin = cut + 1
    assert losses.total.item() == pytest.approx(expected, rel=1e-4)


def test_a_free_last_gate_is_charged_for_what_it_loses() -> None:
    network = small_network(force_last_gate=False)
    network.gater.bias.data.fill_(-20.0)  # type: ignore[union-attr]  # no token ends at all
    objective = build_objective(
        RateControlledObjective(force_last_gate=False, integral_gain=0, proportional_gain=0, gate_wall=0)
    ).eval()
    losses = objective(network, *batch(network), quantize=False)
    assert losses.total.item() == pytest.approx(
        (4 * 3 + 6 * 1 + 1 * 2) / 6 * math.log(5), rel=1e-3
    )  # a blind guess of 5 symbols each


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
