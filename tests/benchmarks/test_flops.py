from __future__ import annotations

import numpy as np
import pytest
import torch
from counts.flops import forward_multiply_adds, segmentation_flops, training_flops
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from gqvae.config import Network, RateControlledObjective
from gqvae.corpus.pieces import pack
from gqvae.models.network import GQVAE
from gqvae.models.rate_controlled import RateControlled

PIECES = [b"a", b"bc", b"bcd", b"abcdabc", b"abcdabcd", b"dcbadcba"]
LENGTHS = [len(piece) for piece in PIECES]
ALPHABET = [97, 98, 99, 100]

SIZES = {
    "small": Network(
        width=16, head_width=8, encoder_layers=2, gater_layers=1, decoder_layers=1, codebook_size=12, max_token_bytes=4, max_pretoken_bytes=8
    ),
    "long tokens, wide": Network(
        width=48, head_width=16, encoder_layers=1, gater_layers=2, decoder_layers=3, codebook_size=7, max_token_bytes=11, max_pretoken_bytes=8
    ),
    "one rate, end symbol": Network(
        width=32, head_width=32, encoder_layers=3, gater_layers=1, decoder_layers=2, codebook_size=40, max_token_bytes=1, max_pretoken_bytes=9,
        rates=None, length_head="end_symbol",
    ),
}  # fmt: skip


def added_product(_: torch.Size, first: torch.Size, second: torch.Size, **others: object) -> int:
    return 2 * first[0] * first[1] * second[1]


class Counter(FlopCounterMode):
    """Torch's own count; its table lacks products added in place."""

    def __init__(self) -> None:
        super().__init__(display=False, custom_mapping={torch.ops.aten.addmm_: added_product})


def built(name: str, chunk_bytes: int | None = None) -> tuple[GQVAE, torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    network = GQVAE(SIZES[name], ALPHABET, chunk_bytes, force_last_gate=True)
    return network, *network.symbols(*pack(PIECES, max(LENGTHS)))


@pytest.mark.parametrize("name", SIZES)
@pytest.mark.parametrize("quantize", [True, False])
@pytest.mark.parametrize("chunk_bytes", [None, 3])
def test_a_training_step_costs_what_torch_counts(name: str, quantize: bool, chunk_bytes: int | None) -> None:
    network, symbols, lengths = built(name, chunk_bytes)
    network.quantizer.codebook.requires_grad_(False)
    objective = RateControlled(RateControlledObjective())
    with Counter() as counter, sdpa_kernel(SDPBackend.MATH):
        objective(network.train(), symbols, lengths, torch.ones(len(PIECES)), quantize=quantize).total.backward()
    assert training_flops(SIZES[name], LENGTHS, len(ALPHABET) + 1, quantize, chunk_bytes) == counter.get_total_flops()


@pytest.mark.parametrize("name", SIZES)
def test_segmentation_costs_what_torch_counts(name: str) -> None:
    network, symbols, lengths = built(name)
    with Counter() as counter, sdpa_kernel(SDPBackend.MATH):
        network.eval().segment(symbols, lengths)
    assert segmentation_flops(SIZES[name], LENGTHS) == counter.get_total_flops()


def test_parts_grow_as_their_letters_say() -> None:
    base = SIZES["small"]
    parts = forward_multiply_adds(base, 8, 5)
    more_codes = forward_multiply_adds(base.model_copy(update={"codebook_size": 24}), 8, 5)
    assert more_codes == parts | {"quantizer": 2 * parts["quantizer"]}
    ratios = [forward_multiply_adds(base, length, 5)["encoder"] / length for length in (2, 4, 8)]
    assert np.diff(ratios).tolist() == [2 * 2 * 2 * 16, 2 * 4 * 2 * 16]  # attention alone grows faster than the length
