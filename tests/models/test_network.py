from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import torch
from torch.nn import functional

from gqvae.config import Network
from gqvae.models.blocks import Packing, Transformer, alibi_bias, convolve
from gqvae.models.network import GQVAE, Decoded

SMALL = Network(
    width=16,
    head_width=8,
    encoder_layers=2,
    gater_layers=1,
    decoder_layers=1,
    codebook_size=8,
    max_token_bytes=4,
    max_pretoken_bytes=8,
)


def test_packing_and_padding_are_inverse() -> None:
    packing = Packing.of(torch.tensor([2, 3]), 4, 2, torch.device("cpu"))
    padded = packing.pad(torch.arange(1.0, 6.0)[:, None])
    assert padded.squeeze(2).tolist() == [[1, 2, 0, 0], [3, 4, 5, 0]]
    assert packing.pack(padded).flatten().tolist() == [1, 2, 3, 4, 5]
    assert packing.rows.tolist() == [0, 0, 1, 1, 1]
    assert packing.pairs.tolist() == [0, 2, 3, 4, 6, 7, 8, 9]  # first positions have nothing before them


def test_packed_positions_are_grouped_by_length() -> None:
    packing = Packing.of(torch.tensor([3, 1, 3]), 4, 2, torch.device("cpu"))
    assert packing.groups == ((1, 1), (3, 2))
    padded = torch.arange(12).view(3, 4)
    short, long = packing.split(packing.pack(padded))
    assert short.tolist() == [[4]] and long.tolist() == [[0, 1, 2], [8, 9, 10]]
    assert torch.equal(packing.pad(packing.pack(padded)), padded * packing.real)


def test_encoding_does_not_depend_on_padding_or_company() -> None:
    torch.manual_seed(0)
    network = GQVAE(SMALL, [97, 98, 99]).eval()
    data = np.frombuffer(b"abca\0\0\0\0" + b"cbacbacb", dtype=np.uint8).reshape(2, 8).copy()
    together = network(*network.symbols(data, np.array([4, 8])))
    alone = network(*network.symbols(data[:1, :4], np.array([4])))
    torch.testing.assert_close(together.vectors[:4], alone.vectors)
    torch.testing.assert_close(together.gates[0, :4], alone.gates[0])
    assert together.gates[0, 4:].tolist() == [0, 0, 0, 0]


def test_alibi_falls_linearly_with_distance() -> None:
    bias = alibi_bias(2, 3, torch.device("cpu"))
    torch.testing.assert_close(bias[0], -(2.0**-4) * torch.tensor([[0.0, 1, 2], [1, 0, 1], [2, 1, 0]]))
    torch.testing.assert_close(bias[1], bias[0] / 16)


def test_attention_equals_its_formula() -> None:
    torch.manual_seed(0)
    transformer = Transformer(8, 4, 1)
    attention, x = transformer.attention[0], torch.randn(5, 8)
    packing = Packing.of(torch.tensor([5]), 5, 2, torch.device("cpu"))
    query, key, value = attention.project(attention.norm(x)).view(5, 3, 2, 4).permute(1, 2, 0, 3)
    scores = query @ key.transpose(1, 2) / 2 + alibi_bias(2, 5, x.device)
    mixed = (functional.softmax(scores, 2) @ value).transpose(0, 1).reshape(5, 8)
    torch.testing.assert_close(attention(x, packing, alibi_bias(2, 5, x.device)), x + attention.output(mixed))


def test_attention_by_groups_equals_attention_over_padding() -> None:
    torch.manual_seed(0)
    attention = Transformer(8, 4, 1).attention[0]
    packing = Packing.of(torch.tensor([3, 1, 5, 3]), 5, 2, torch.device("cpu"))
    heads, bias = torch.randn(12, 24), alibi_bias(2, 5, torch.device("cpu"))
    torch.testing.assert_close(attention._mix_groups(heads, packing, bias), attention._mix_padded(heads, packing, bias))


def test_convolution_by_windows_equals_torchs_and_so_do_its_gradients() -> None:
    torch.manual_seed(0)
    for size, taps in ((5, 8), (5, 7), (9, 4), (1, 3)):  # shorter and longer than the kernel, even and odd ones
        x = torch.randn(3, size, 4, dtype=torch.double, requires_grad=True)
        kernel = torch.randn(taps, 4, 2, dtype=torch.double, requires_grad=True)
        padded = functional.pad(x.transpose(1, 2), ((taps - 1) // 2, taps // 2))
        expected = functional.conv1d(padded, kernel.permute(2, 1, 0)).transpose(1, 2)
        gradients = torch.autograd.grad(expected.square().sum(), (x, kernel))
        found = convolve(x, kernel)
        torch.testing.assert_close(found.double(), expected, rtol=1e-4, atol=1e-5)
        for ours, theirs in zip(torch.autograd.grad(found.square().sum(), (x, kernel)), gradients, strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)


def test_gates_by_groups_equal_gates_over_padding() -> None:
    torch.manual_seed(0)
    gater = GQVAE(SMALL, [97, 98, 99]).gater
    assert gater is not None
    packing = Packing.of(torch.tensor([3, 1, 5, 3]), 5, 4, torch.device("cpu"))
    vectors = torch.randn(12, 16)
    torch.testing.assert_close(gater._convolve_groups(vectors, packing), gater._convolve_padded(vectors, packing))


def test_decoder_is_a_transposed_convolution_with_stride_equal_to_its_kernel() -> None:
    torch.manual_seed(0)
    decoder = GQVAE(SMALL, [97, 98, 99]).decoder
    hidden = torch.randn(6, 16)
    kernel = decoder.characters.weight.view(4, 4, 16).permute(2, 1, 0)  # (D, C, L)
    convolved = functional.conv_transpose1d(hidden.T[None], kernel, stride=4)[0]  # (C, 6·L)
    linear = decoder.characters(hidden) - decoder.characters.bias
    torch.testing.assert_close(convolved.T.reshape(6, 4, 4), linear.view(6, 4, 4))


def test_bytes_outside_the_alphabet_are_unknown_and_never_decoded() -> None:
    network = GQVAE(SMALL, [97, 98, 99])
    symbols, _ = network.symbols(np.frombuffer(b"az", dtype=np.uint8).reshape(1, 2).copy(), np.array([2]))
    assert symbols.tolist() == [[0, network.unknown]]
    assert all(set(string) <= {97, 98, 99} for string in network.code_strings())


def test_segmentation_in_evaluation_leaves_every_buffer_untouched() -> None:
    network = GQVAE(SMALL, [97, 98, 99]).eval()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    gates, codes = network.segment(*network.symbols(np.full((3, 5), 97, dtype=np.uint8), np.array([5, 2, 1])))
    assert (codes[1] >= 0).tolist() == [True, True, False, False, False]
    assert gates[2].tolist() == [1, 0, 0, 0, 0]
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())


def test_the_rate_that_is_asked_for_reaches_encoder_and_gates() -> None:
    torch.manual_seed(0)
    network = GQVAE(SMALL, [97, 98, 99]).eval()
    batch = network.symbols(np.frombuffer(b"abcaabca", dtype=np.uint8).reshape(2, 4).copy(), np.array([4, 4]))
    encoded = network(*batch, rates=torch.tensor([1.1, 2.0]))
    assert not torch.allclose(encoded.vectors[:4], encoded.vectors[4:])
    assert (encoded.gates[1] > encoded.gates[0]).all()  # before any training: the prior alone tells them apart
    assert network.condition is not None
    network.condition.mean_length.fill_(5.0)
    torch.testing.assert_close(network.condition(torch.tensor([1.6, 3.0]))[2].sigmoid(), torch.tensor([0.15, 0.5]))  # (r−1)/(5−1)


def test_without_a_range_of_rates_requests_change_nothing() -> None:
    network = GQVAE(SMALL.model_copy(update={"rates": None}), [97, 98, 99]).eval()
    batch = network.symbols(np.frombuffer(b"abca", dtype=np.uint8).reshape(1, 4).copy(), np.array([4]))
    assert torch.equal(network(*batch, rates=torch.tensor([1.1])).gates, network(*batch, rates=torch.tensor([2.0])).gates)


def test_vectors_kept_unquantized_are_given_to_the_decoder_as_they_are() -> None:
    network = GQVAE(SMALL, [97, 98, 99])
    batch = network.symbols(np.frombuffer(b"abcaabca", dtype=np.uint8).reshape(2, 4).copy(), np.array([4, 4]))
    encoded = network(*batch, keep=torch.tensor([True, False]))
    assert encoded.quantization is not None
    assert torch.equal(encoded.chosen[:4], encoded.vectors[:4])
    torch.testing.assert_close(encoded.chosen[4:], network.quantizer.codebook[encoded.quantization.indices[4:]])


def test_the_end_symbol_says_where_a_token_begins() -> None:
    end = 3
    symbols = torch.tensor([[0, 1, end, 2], [end, 1, end, end], [0, 1, 2, 0]])  # the first place is always a character
    decoded = Decoded(functional.one_hot(symbols, end + 1).float(), None)
    assert decoded.strings()[1].tolist() == [2, 2, 4]


def test_the_last_token_may_end_in_the_padding_and_its_string_is_cut_there() -> None:
    """Four codes, one for each number of open gates and of decoded bytes, given to the layers in between."""
    sizes = Network(
        width=16, head_width=8, encoder_layers=1, gater_layers=1, decoder_layers=1, codebook_size=4, max_pretoken_bytes=4
    )
    network = GQVAE(sizes, [97, 98], pads_as_text=True).eval()
    symbols, lengths = network.symbols(np.frombuffer(b"ab", dtype=np.uint8).reshape(1, 2).copy(), np.array([2]))
    codes = torch.arange(4)[None]  # of the positions a, b and two of padding
    gates = torch.tensor([[0.0, 0.0, 1.0, 1.0]])
    network.forward = lambda *_, **__: SimpleNamespace(  # type: ignore[method-assign]
        gates=gates, quantization=SimpleNamespace(indices=codes), packing=SimpleNamespace(pad=lambda values: values.clone())
    )
    hard, found = network.segment(symbols, lengths)
    assert hard.tolist() == [[0, 1]] and found.tolist() == [[0, 2]]
    a, b, pad = 0, 1, network.pad
    last_first = torch.tensor(
        [[b, a, a], [pad, b, a], [a, pad, b], [pad, pad, a]]
    )  # ab, ab and padding, padding inside, only padding
    decoded = SimpleNamespace(strings=lambda: (last_first, torch.tensor([2, 3, 3, 2])))
    network.decoder.forward = lambda _: decoded  # type: ignore[method-assign,assign]
    assert network.code_strings() == [b"ab", b"ab", b"", b""]


def test_dropped_codes_leave_the_others_as_they_were() -> None:
    torch.manual_seed(0)
    network = GQVAE(SMALL, [97, 98, 99])
    before = network.code_strings()
    network.keep_codes(torch.tensor([6, 2]))
    assert network.code_strings() == [before[6], before[2]]
    assert network.settings.codebook_size == 2 and len(network.quantizer.usage) == 2
