"""The fast segmentation on CPUs finds the gates and codes of the network, and the search the nearest codes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from gqvae.config import Network
from gqvae.corpus.pieces import pack
from gqvae.models.code_search import CodeSearch
from gqvae.models.network import GQVAE
from gqvae.models.quantizer import Quantizer
from gqvae.models.segmentation import segmenter

SIZES = Network(
    width=32, head_width=16, encoder_layers=1, gater_layers=1, decoder_layers=1, codebook_size=200, rates=(1.1, 2.5)
)  # fmt: skip


@pytest.mark.parametrize("size", [1, 2, 5, 16])
@pytest.mark.parametrize(
    "settings", [{}, {"chunk_bytes": 3}, {"pads_as_text": True}, {"pads_as_text": True, "force_last_gate": True}], ids=str
)
def test_gates_and_codes_are_the_network_s(size: int, settings: dict) -> None:
    torch.manual_seed(size)
    network = GQVAE(SIZES, list(range(97, 123)), **settings).eval()
    pieces = [bytes(row) for row in np.random.default_rng(size).integers(97, 123, (8, size), dtype=np.uint8)]
    symbols, lengths = network.symbols(*pack(pieces, size))
    for rate in (None, 2.0):
        gates, codes = network.segment(symbols, lengths, rate)
        fast_gates, fast_codes = segmenter(network, 8)(symbols, 5, rate)
        assert (fast_gates == gates[:5].numpy()).all()
        assert (fast_codes == codes[:5].numpy())[fast_gates].all()


def test_changed_weights_are_prepared_again() -> None:
    network = GQVAE(SIZES, [97, 98]).eval()
    first = segmenter(network, 8)
    assert segmenter(network, 8) is first
    with torch.no_grad():
        network.quantizer.codebook.mul_(2)
    second = segmenter(network, 8)
    assert second is not first
    network.keep_codes(torch.arange(50))
    assert len(segmenter(network, 8).search.codes) == 50


@pytest.mark.parametrize("codes", [2, 63, 300])
@pytest.mark.parametrize("width", [4, 32, 100])
def test_the_nearest_code_is_found_among_all(codes: int, width: int) -> None:
    torch.manual_seed(codes)
    quantizer = Quantizer(codes, width)
    near = quantizer.codebook.detach()[torch.randint(codes, (150,))] + 0.01 * torch.randn(150, width)
    vectors = torch.cat((near, torch.randn(77, width), 100 + torch.randn(5, width), torch.zeros(1, width)))
    assert (CodeSearch(quantizer.codebook).nearest(vectors) == quantizer.nearest(vectors).numpy()).all()


def test_of_equal_codes_the_first_is_found() -> None:
    quantizer = Quantizer(40, 16)
    quantizer.codebook = nn.Parameter(quantizer.codebook.detach()[torch.arange(40) % 10])
    vectors = torch.randn(100, 16)
    found = CodeSearch(quantizer.codebook).nearest(vectors)
    assert (found < 10).all() and (found == quantizer.nearest(vectors).numpy()).all()


def test_a_vector_s_code_does_not_depend_on_the_others() -> None:
    search = CodeSearch(torch.randn(500, 24))
    vectors = torch.randn(130, 24)
    together = search.nearest(vectors)
    assert [int(search.nearest(vector[None])[0]) for vector in vectors] == together.tolist()
