"""Segmentation on CPUs: the results of `GQVAE.segment` for pre-tokens of one length, with less work.

Losses are not computed, and codes only where they are needed (`CodeSearch` finds them). The gater's convolutions have no
non-linearities between them, so for each length they are one linear map of all positions.
Shapes: B pre-tokens, T positions, D width.
"""

from __future__ import annotations

from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from gqvae.models.blocks import Packing, convolve
from gqvae.models.gates import closing_positions, fixed_gates, hard_gates
from gqvae.models.network import GQVAE, Gater

UNSEARCHED = -1

_prepared: WeakKeyDictionary[GQVAE, tuple[list[tuple[int, int]], Segmenter]] = WeakKeyDictionary()


class Segmenter:
    """Segments with the weights that a network has now.

    Args:
        network: in evaluation mode, on the CPU.
        rows: pre-tokens per call, B.
    """

    def __init__(self, network: GQVAE, rows: int) -> None:
        from gqvae.models.code_search import CodeSearch  # imports numba, which trainings need only at their end

        self.network, self.rows = network, rows
        self.search = CodeSearch(network.quantizer.codebook)
        self._packings: dict[int, Packing] = {}
        self._maps: dict[int, tuple[Tensor, Tensor]] = {}
        self._conditions: dict[float | None, tuple[Tensor, Tensor, Tensor]] = {}

    @torch.no_grad()
    def __call__(self, symbols: Tensor, count: int, rate: float | None) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.int64]]:
        """Hard gates and codes (count, T) of the first `count` pre-tokens; codes at closed gates may be `UNSEARCHED`.

        Args:
            symbols: (B, T), without padding, on the CPU.
            count: number of pre-tokens; the other rows only fill the batch.
            rate: requested tokens per pre-token; None: the lowest.
        """
        network, width = self.network, symbols.shape[1]
        if network.pads_as_text:
            symbols = functional.pad(symbols, (0, network.settings.max_pretoken_bytes - width), value=network.pad)
        size = symbols.shape[1]
        if size not in self._packings:
            lengths = torch.full((self.rows,), size)
            self._packings[size] = Packing.of(lengths, size, network.settings.max_token_bytes, symbols.device)
        packing, lengths = self._packings[size], torch.full((self.rows,), width)
        to_encoder, to_gater, prior = self._condition(rate)
        vectors = network.to_vector(network.encoder(network.embedding(symbols.flatten()) + to_encoder, packing))  # (B·T, D)
        codes = np.full((self.rows, size), UNSEARCHED)
        if network.gater is None:
            assert network.chunk_bytes is not None
            gates = fixed_gates(lengths, size, network.chunk_bytes, vectors.dtype) > 0
            places = gates[:count].flatten().nonzero().squeeze(1)
            codes.reshape(-1)[places.numpy()] = self.search.nearest(vectors[places])
            return gates[:count, :width].numpy(), codes[:count, :width]
        codes[:count] = self.search.nearest(vectors[: count * size]).reshape(count, size)
        codes[count:] = codes[count - 1]
        chosen = functional.embedding(torch.from_numpy(codes).flatten(), self.search.codes)
        # Rounded like the straight-through estimator of the training.
        mixed = network.gater.transformer(vectors + (chosen - vectors) + to_gater, packing)  # (B·T, D)
        to_logits, constant = self._map(network.gater, size)
        logits = mixed.view(self.rows, -1) @ to_logits + constant + network.gater.bias + prior  # (B, T)
        bounded = logits if network.gate_bound is None else network.gate_bound * torch.tanh(logits / network.gate_bound)
        soft = torch.sigmoid(bounded)
        if network.pads_as_text and not network.force_last_gate:
            codes[:, width - 1] = codes[np.arange(self.rows), closing_positions(soft, lengths).numpy()]
        gates = hard_gates(soft[:, :width], lengths) > 0
        return gates[:count].numpy(), codes[:count, :width]

    def _condition(self, rate: float | None) -> tuple[Tensor, Tensor, Tensor]:
        """Offsets of encoder inputs (D,), gater inputs (D,) and gate logits ()."""
        condition = self.network.condition
        if condition is None:
            return (torch.zeros(()),) * 3
        if rate not in self._conditions:
            rates = torch.full((self.rows,), condition.rates[0] if rate is None else rate)
            to_encoder, to_gater, prior = condition(rates)
            self._conditions[rate] = to_encoder[0], to_gater[0], prior[0]
        return self._conditions[rate]

    def _map(self, gater: Gater, size: int) -> tuple[Tensor, Tensor]:
        """The gater's convolutions at length T = `size`: a matrix (T·D, T) and a constant (T,)."""
        if size not in self._maps:
            with torch.enable_grad():
                inputs = torch.zeros(size, size, self.network.settings.width, requires_grad=True)
                outputs: Tensor = inputs
                for taps, bias in gater.layers():
                    outputs = convolve(outputs, taps.detach())
                    outputs = outputs if bias is None else outputs + bias.detach()
                (gradients,) = torch.autograd.grad(outputs.squeeze(2).trace(), inputs)
            self._maps[size] = gradients.flatten(1).T.contiguous(), outputs.detach()[0, :, 0]
        return self._maps[size]


def segmenter(network: GQVAE, rows: int) -> Segmenter:
    """The segmenter of a network, prepared again if a weight has changed."""
    weights = [(weight.data_ptr(), weight._version) for weight in (*network.parameters(), *network.buffers())]
    if network not in _prepared or _prepared[network][0] != weights:
        _prepared[network] = weights, Segmenter(network, rows)
    return _prepared[network][1]
