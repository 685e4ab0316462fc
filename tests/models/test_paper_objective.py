"""The paper's objective against numbers worked out by hand and against the formulas written again with loops over NumPy arrays."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional

from gqvae.config import Network, PaperObjective
from gqvae.models.blocks import Packing
from gqvae.models.gates import look_back, soft_masks
from gqvae.models.network import GQVAE, Decoded, Encoded
from gqvae.models.paper_objective import Paper, length_nats, reach
from gqvae.models.quantizer import Quantizer

TERMS = ("reconstruction", "gate", "length", "codebook", "commitment")
WEIGHTS = (1.0, 3.0, 1.0, 0.25, 1.0)  # of the authors' code, in the order of the terms


class GivenOutputs(nn.Module):
    """A network whose encodings, gates and decoder outputs are given, so that the objective alone is at work."""

    def __init__(self, vectors: Tensor, codes: Tensor, gates: Tensor, characters: Tensor, lengths: Tensor) -> None:
        super().__init__()
        self.vectors, self.gates, self.decoded = vectors, gates, Decoded(characters, lengths)
        self.quantizer = Quantizer(*codes.shape)
        self.quantizer.codebook.data = codes
        self.pad = characters.shape[2] - 1
        self.settings = SimpleNamespace(max_token_bytes=lengths.shape[1])
        self.seen: Tensor | None = None

    def decoder(self, vectors: Tensor) -> Decoded:
        return self.decoded

    def forward(self, symbols: Tensor, lengths: Tensor, quantize: bool, ends: Tensor) -> Encoded:
        self.seen = lengths
        quantization = self.quantizer(self.vectors) if quantize else None
        chosen = self.vectors if quantization is None else quantization.quantized
        size = symbols.shape[1]
        packing = Packing.of(lengths, size, self.settings.max_token_bytes, symbols.device)
        return Encoded(self.vectors, quantization, chosen, None, self.gates, packing)


SIZES = Network(
    width=16, head_width=8, encoder_layers=1, gater_layers=1, decoder_layers=1, codebook_size=8, max_token_bytes=4, max_pretoken_bytes=6
)  # fmt: skip
DATA, LENGTHS = np.frombuffer(b"abcda\0dcbabca\0\0\0\0\0", dtype=np.uint8).reshape(3, 6).copy(), np.array([5, 6, 1])


def hand_example() -> tuple[GivenOutputs, Tensor, Tensor, Tensor]:
    """The pre-token "abab" and one padding; see the test for the numbers."""
    first, earlier = torch.tensor([1 / 2, 1 / 4, 1 / 4]).log(), torch.tensor([1 / 4, 1 / 2, 1 / 4]).log()
    network = GivenOutputs(
        vectors=torch.tensor([[0.0, 1], [2, 1], [0, 0], [3, 1], [-1, 0]], requires_grad=True),
        codes=torch.tensor([[0.0, 0], [2, 0]]),
        gates=torch.tensor([[1 / 2, 1 / 4, 1 / 2, 3 / 4, 1 / 2]], requires_grad=True),
        characters=torch.stack([first, earlier, earlier]).expand(5, 3, 3),
        lengths=torch.tensor([1 / 2, 1 / 4, 1 / 4]).log().expand(5, 3),
    )
    return network, torch.tensor([[0, 1, 0, 1, 2]]), torch.tensor([4]), torch.tensor([1.0])


def test_five_losses_of_a_pretoken_worked_out_by_hand() -> None:
    """T = 5 (four characters a b a b and one padding P), L = 3, D = 2.

    Gates g = 1/2 1/4 1/2 3/4 1/2, so the masks m[t, 0], m[t, 1] = 1−g[t−1], m[t, 2] = (1−g[t−1])(1−g[t−2]) are
        t=0: 1 0 0    t=1: 1 1/2 0    t=2: 1 3/4 3/8    t=3: 1 1/2 3/8    t=4: 1 1/4 1/8.
    Reconstruction. The decoder gives a, b, P the probabilities 1/2, 1/4, 1/4 for the last character and 1/4, 1/2, 1/4 for those
    before it; so, in units of ln 2, the last costs a 1, b 2, P 2 and an earlier one a 2, b 1, P 2. CE·m, last character first:
        t=0 a    1                       = 1
        t=1 ba   2 + 2·1/2               = 3
        t=2 aba  1 + 1·3/4 + 2·3/8       = 2.5
        t=3 bab  2 + 2·1/2 + 1·3/8       = 3.375
        t=4 Pba  2 + 1·1/4 + 2·1/8       = 2.5
    together 12.375 ln 2, over B·T·L = 15 entries: 0.825 ln 2.
    Gate. (1/2 + 1/4 + 1/2 + 3/4 + 1/2) / 5 = 1/2.
    Length. The head gives lengths 1, 2, 3 the probabilities 1/2, 1/4, 1/4: it covers 0, 1, 2 back with p = 1, 1/2, 1/4.
    BCE(1, 1) = 0; BCE(1/2, m) = ln 2; BCE(1/4, m) = m·2 ln 2 + (1−m)(2 ln 2 − ln 3) = 2 ln 2 − (1−m) ln 3. So each t costs
    3 ln 2 − (1−m[t, 2]) ln 3, times g[t]: 2.5·3 ln 2 − (1/2·1 + 1/4·1 + 1/2·5/8 + 3/4·5/8 + 1/2·7/8) ln 3
    = 7.5 ln 2 − 63/32 ln 3, over 15: 0.5 ln 2 − 0.13125 ln 3.
    Codebook and commitment. Codes (0,0), (2,0); vectors (0,1), (2,1), (0,0), (3,1), (−1,0) are nearest to codes 0 1 0 1 0 at
    squared distances 1 1 0 2 1, halved as a mean over D: 2.5 / 5 = 1/2 for both.
    Total = 0.825 ln 2 + 3·1/2 + (0.5 ln 2 − 0.13125 ln 3) + 1/4·1/2 + 1/2 = 1.325 ln 2 − 0.13125 ln 3 + 2.125.
    """
    losses = Paper(PaperObjective())(*hand_example(), quantize=True)
    ln2, ln3 = math.log(2), math.log(3)
    assert {name: value.item() for name, value in losses.terms.items()} == pytest.approx(
        {
            "reconstruction": 0.825 * ln2,
            "gate": 0.5,
            "length": 0.5 * ln2 - 0.13125 * ln3,
            "codebook": 0.5,
            "commitment": 0.5,
        },
        abs=1e-6,
    )
    assert losses.total.item() == pytest.approx(1.325 * ln2 - 0.13125 * ln3 + 2.125, abs=1e-6)


def test_authors_numbers_stand_at_codes_and_encoder() -> None:
    """Hand example: code 0 serves (0,1), (0,0), (−1,0), code 1 serves (2,1), (3,1); d/de mean = 2(e−z)/(N·D) = Σ(e−z)/5.

    Σ(e−z) is (1,−1) for code 0 and (−1,−2) for code 1; codes move by 0.25 of it, and the vectors by 1 · (z−e)/5 each.
    """
    network, *batch = hand_example()
    Paper(PaperObjective())(network, *batch, quantize=True).total.backward()
    torch.testing.assert_close(network.quantizer.codebook.grad, 0.25 / 5 * torch.tensor([[1.0, -1], [-1, -2]]))
    torch.testing.assert_close(network.vectors.grad, torch.tensor([[0.0, 1], [0, 1], [0, 0], [1, 1], [-1, 0]]) / 5)


def test_gates_learn_from_the_masks_but_not_from_their_weight_on_the_length_loss() -> None:
    """Hand example. The gate of the last position is in no mask: all that moves it is α·mean(g), 3 / 5.

    The first gate is in m[1, 1] = 1−g0 and m[2, 2] = (1−g1)(1−g0), derivatives −1 and −3/4. Reconstruction: a costs 2 ln 2 at both:
    −(2 + 1.5) ln 2 / 15. Length: dBCE/dm = ln((1−p)/p), 0 at p = 1/2 and ln 3 at p = 1/4, times g2 = 1/2: −3/8 ln 3 / 15.
    """
    network, *batch = hand_example()
    Paper(PaperObjective())(network, *batch, quantize=True).total.backward()
    assert network.gates.grad is not None
    assert network.gates.grad[0, 4].item() == pytest.approx(3 / 5)
    assert network.gates.grad[0, 0].item() == pytest.approx(3 / 5 - 3.5 * math.log(2) / 15 - 3 / 8 * math.log(3) / 15)


def test_unquantized_steps_have_no_quantization_terms() -> None:
    losses = Paper(PaperObjective())(*hand_example(), quantize=False)
    assert tuple(losses.terms) == TERMS[:3]
    assert losses.total.item() == pytest.approx(1.325 * math.log(2) - 0.13125 * math.log(3) + 1.5, abs=1e-6)


def test_padding_is_text_to_the_loss_but_not_to_the_measures() -> None:
    """Hand example: all five positions are seen, but rates are of the four real ones: gates ½ ¼ ½ ¾, the last one hard."""
    network, *batch = hand_example()
    losses = Paper(PaperObjective())(network, *batch, quantize=True)
    assert network.seen is not None and network.seen.tolist() == [5]
    assert losses.emitted.tolist() == [1.0] * 5  # each use of a code counts
    assert (losses.soft_rate.item(), losses.gate_mean.item(), losses.hard_rate.item()) == (2.0, 0.5, 1.0)


def reference_masks(gates: np.ndarray, longest: int) -> np.ndarray:
    """m[b, t, i] = Π_{s=1..i} (1 − g[b, t−s]), 0 before the start: (B, T) → (B, T, L)."""
    masks = np.zeros((*gates.shape, longest))
    for b, t, i in np.ndindex(masks.shape):
        if i <= t:
            masks[b, t, i] = math.prod(1 - gates[b, t - s] for s in range(1, i + 1))
    return masks


def reference_targets(symbols: np.ndarray, longest: int, pad: int) -> np.ndarray:
    """The character i places before t: (B, T) → (B, T, L)."""
    targets = np.full((*symbols.shape, longest), pad)
    for b, t, i in np.ndindex(targets.shape):
        if i <= t:
            targets[b, t, i] = symbols[b, t - i]
    return targets


def reference_terms(
    symbols: np.ndarray, weights: np.ndarray, gates: np.ndarray, vectors: np.ndarray, codes: np.ndarray, characters: np.ndarray, sizes: np.ndarray
) -> tuple[float, ...]:  # fmt: skip
    """The five terms in 64 bit, entry by entry.

    Shapes: symbols (B, T), weights (B,), gates (B, T), vectors (B, T, D), codes (K, D), characters (B, T, L, C), sizes (B, T, L).
    """
    count, size = symbols.shape
    longest, pad = sizes.shape[2], characters.shape[3] - 1
    masks, targets = reference_masks(gates, longest), reference_targets(symbols, longest, pad)
    reconstruction = gate = length = distance = 0.0
    for b in range(count):
        share = weights[b] / sum(weights)
        for t in range(size):
            odds = [math.exp(x) for x in sizes[b, t]]
            for i in range(longest):
                logits = characters[b, t, i]
                cross_entropy = math.log(sum(math.exp(x) for x in logits)) - logits[targets[b, t, i]]
                reconstruction += share * cross_entropy * masks[b, t, i] / (size * longest)
                # Clamped as torch does where a logarithm would be infinite.
                covered, mask = min(sum(odds[i:]) / sum(odds), 1.0), masks[b, t, i]
                yes = math.log(covered)
                no = max(math.log(1 - covered), -100.0) if i > 0 else 0.0  # i = 0: covered and mask are 1
                length -= share * gates[b, t] * (mask * yes + (1 - mask) * no) / (size * longest)
            gate += share * gates[b, t] / size
            nearest = min(sum((z - e) ** 2 for z, e in zip(vectors[b, t], code, strict=True)) for code in codes)
            distance += share * nearest / (size * codes.shape[1])
    return reconstruction, gate, length, distance, distance


@given(
    count=st.integers(1, 3), size=st.integers(1, 6), longest=st.integers(1, 5), letters=st.integers(1, 4),
    width=st.integers(1, 3), codes=st.integers(1, 4), seed=st.integers(0, 2**20),
)  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_losses_equal_an_independent_formulation(
    count: int, size: int, longest: int, letters: int, width: int, codes: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, size + 1, count)
    symbols = np.where(np.arange(size) < lengths[:, None], rng.integers(0, letters, (count, size)), letters)
    weights = rng.integers(1, 9, count).astype(float)
    gates = rng.random((count, size))
    vectors, table = rng.normal(size=(count, size, width)), rng.normal(size=(codes, width))
    characters = 2 * rng.normal(size=(count, size, longest, letters + 1))
    sizes = rng.uniform(-2, 2, (count, size, longest))  # bounded: 1 − p is only as exact as 32 bit allows
    expected = reference_terms(symbols, weights, gates, vectors, table, characters, sizes)

    def tensor(values: np.ndarray) -> Tensor:
        return torch.tensor(values, dtype=torch.float32)

    network = GivenOutputs(
        tensor(vectors).flatten(0, 1), tensor(table), tensor(gates), tensor(characters).flatten(0, 1), tensor(sizes).flatten(0, 1)
    )
    losses = Paper(PaperObjective())(network, torch.tensor(symbols), torch.tensor(lengths), tensor(weights), quantize=True)
    assert [losses.terms[name].item() for name in TERMS] == pytest.approx(expected, rel=1e-4, abs=1e-5)
    assert losses.total.item() == pytest.approx(np.dot(WEIGHTS, expected), rel=1e-4, abs=1e-5)
    assert np.allclose(soft_masks(tensor(gates), longest), reference_masks(gates, longest), atol=1e-6)
    assert np.array_equal(look_back(torch.tensor(symbols), longest, letters), reference_targets(symbols, longest, letters))


@pytest.mark.parametrize("quantize", [True, False])
def test_network_is_shown_the_padding_and_its_outputs_enter_the_formula(quantize: bool) -> None:
    torch.manual_seed(0)
    network = GQVAE(SIZES, [97, 98, 99, 100], pads_as_text=True).eval()
    data = np.frombuffer(b"abcd\0\0" + b"dcbabc" + b"a\0\0\0\0\0", dtype=np.uint8).reshape(3, 6).copy()
    symbols, lengths = network.symbols(data, np.array([4, 6, 1]))
    weights = torch.tensor([3.0, 1.0, 2.0])
    losses = Paper(PaperObjective())(network, symbols, lengths, weights, quantize)
    with torch.no_grad():
        encoded = network(symbols, torch.tensor([6, 6, 6]), quantize)
        decoded = network.decoder(encoded.vectors if encoded.quantization is None else encoded.quantization.quantized)
    expected = reference_terms(
        symbols.numpy(),
        weights.numpy(),
        encoded.gates.numpy(),
        encoded.vectors.view(3, 6, -1).numpy(),
        network.quantizer.codebook.detach().numpy(),
        decoded.characters.view(3, 6, 4, -1).numpy(),
        decoded.lengths.view(3, 6, 4).numpy(),
    )
    names = TERMS if quantize else TERMS[:3]
    assert [losses.terms[name].item() for name in names] == pytest.approx(expected[: len(names)], rel=1e-4)


@pytest.mark.parametrize("chunk", [2, 3, 4])
def test_a_fixed_length_is_trained_with_the_gates_that_segmentation_has(chunk: int) -> None:
    network = GQVAE(SIZES, [97, 98, 99, 100], chunk_bytes=chunk, pads_as_text=True).eval()
    symbols, lengths = network.symbols(DATA, LENGTHS)
    losses = Paper(PaperObjective())(network, symbols, lengths, torch.ones(3), True)
    gates, _ = network.segment(symbols, lengths)
    assert torch.equal(losses.encoded.gates, gates)  # a token ends where the pre-token ends, and none ends in the padding
    assert losses.soft_rate == losses.hard_rate


def test_a_forced_last_gate_ends_every_pre_token_in_training_and_in_segmentation() -> None:
    networks = [GQVAE(SIZES, [97, 98, 99, 100], pads_as_text=True, force_last_gate=force).eval() for force in (False, True)]
    networks[1].load_state_dict(networks[0].state_dict())
    symbols, lengths = networks[0].symbols(DATA, LENGTHS)
    free, forced = (Paper(PaperObjective())(network, symbols, lengths, torch.ones(3), True) for network in networks)
    last = torch.arange(6) == lengths[:, None] - 1
    assert (forced.encoded.gates[last] == 1).all() and (free.encoded.gates[last] < 1).all()
    assert torch.equal(forced.encoded.gates[~last], free.encoded.gates[~last])
    for network in networks:
        assert network.gater is not None
        network.gater.bias.data.fill_(-20.0)  # no other gate opens
    _, codes = networks[1].segment(symbols, lengths)
    encoded = networks[1](symbols, torch.full((3,), 6), ends=lengths)
    assert encoded.quantization is not None
    assert codes[last].tolist() == encoded.quantization.indices.view(3, 6)[last].tolist()


def test_weights_of_the_terms_come_from_the_settings() -> None:
    chosen = PaperObjective(alpha=7.0, gamma=0.5, codebook_weight=2.0, commitment_weight=0.1)
    losses = Paper(chosen)(*hand_example(), quantize=True)
    values = [losses.terms[name].item() for name in TERMS]
    assert losses.total.item() == pytest.approx(np.dot((1.0, 7.0, 0.5, 2.0, 0.1), values), rel=1e-5)
    assert Paper(chosen).weight_of_rate() == 7.0


def test_reach_is_the_chance_of_a_longer_token() -> None:
    logits = torch.log(torch.tensor([[0.5, 0.3, 0.2]]))
    torch.testing.assert_close(reach(logits), torch.tensor([[1.0, 0.5, 0.2]]))


def test_length_loss_is_computed_outside_autocast(monkeypatch: pytest.MonkeyPatch) -> None:
    """On CUDA autocast refuses a cross-entropy of probabilities, in any precision."""
    original, seen = functional.binary_cross_entropy, []

    def watched(probabilities: Tensor, targets: Tensor, reduction: str) -> Tensor:
        seen.append((torch.is_autocast_enabled("cpu"), probabilities.dtype, targets.dtype))
        return original(probabilities, targets, reduction=reduction)

    monkeypatch.setattr(functional, "binary_cross_entropy", watched)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        length_nats(torch.randn(5, 4, dtype=torch.bfloat16), torch.rand(5, 4, dtype=torch.bfloat16))
    assert seen == [(False, torch.float32, torch.float32)]
