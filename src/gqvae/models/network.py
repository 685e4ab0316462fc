"""The network of the paper: encoder → quantizer → gater → decoder (§3; layer counts and sizes of the authors' code).

Symbols index the corpus's alphabet of bytes. Two more stand for padding and for the bytes that do not occur in the corpus.
Deviations: bytes instead of ASCII characters; padding is a separate symbol, never attended to except with the paper's objective;
encoder and gater may be conditioned on the requested rate; gate logits may be bounded; RMSNorm throughout.
Shapes: B pre-tokens, T positions, L longest token, C symbols, D width, N real positions.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from gqvae.config import BYTE_VALUES, Network
from gqvae.models.blocks import Attention, FeedForward, Packing, Transformer, convolve, convolve_to_one
from gqvae.models.gates import closing_positions, fixed_gates, hard_gates
from gqvae.models.quantizer import Quantizer, QuantizerOutput


class Decoded(NamedTuple):
    """Decoder outputs for N vectors: the characters of the token that ends at each position, last first, and its length."""

    characters: Tensor  # (N, L, C) logits
    lengths: Tensor | None  # (N, L) logits of length 1 … L; None: the symbol C − 1 ends a token

    def strings(self) -> tuple[Tensor, Tensor]:
        """Most probable symbols (N, L), last character first, and token lengths (N,)."""
        symbols = self.characters.argmax(2)
        if self.lengths is not None:
            return symbols, self.lengths.argmax(1) + 1
        ended = symbols[:, 1:] == self.characters.shape[2] - 1  # (N, L − 1): a token has at least one character
        return symbols, (~ended).int().cumprod(1).sum(1) + 1


class Encoded(NamedTuple):
    """Encodings, codes and gates of a batch."""

    vectors: Tensor  # (N, D), before quantization
    quantization: QuantizerOutput | None  # of the N real positions; None while training unquantized
    chosen: Tensor  # (N, D), input of gater and decoder: quantized vectors, except those kept unquantized
    logits: Tensor | None  # (B, T), of gates; None: fixed gates
    gates: Tensor  # (B, T), 0 at padding
    packing: Packing


class Gater(nn.Module):
    """Two transformer layers and three convolutions over positions without non-linearities between them (authors' code)."""

    def __init__(self, settings: Network) -> None:
        super().__init__()
        width, longest = settings.width, settings.max_token_bytes
        self.transformer = Transformer(width, settings.head_width, settings.gater_layers)
        kernels = (2 * longest, int(1.5 * longest), longest)
        widths = (width, width // 2, width // 4, 1)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(inner, outer, kernel, bias=outer > 1)
            for inner, outer, kernel in zip(widths, widths[1:], kernels, strict=False)
        )
        self.bias = nn.Parameter(torch.zeros(()))

    def forward(self, quantized: Tensor, packing: Packing) -> Tensor:
        """(N, D) → logits of gates (B, T)."""
        mixed = self.transformer(quantized, packing)  # (N, D)
        to_logits = self._convolve_groups if mixed.device.type == "cpu" else self._convolve_padded
        return to_logits(mixed, packing).float() + self.bias  # (B, T)

    def layers(self) -> Iterator[tuple[Tensor, Tensor | None]]:
        """Taps (S, D, E) and bias (E,) of each convolution."""
        for convolution in self.convolutions:
            assert isinstance(convolution, nn.Conv1d)
            yield convolution.weight.permute(2, 1, 0).contiguous(), convolution.bias

    def _convolve_groups(self, mixed: Tensor, packing: Packing) -> Tensor:
        """(N, D) → (B, T), one length at a time."""
        parts = packing.split(mixed)
        for taps, bias in self.layers():
            parts = [convolve(part, taps) for part in parts]
            if bias is not None:
                parts = [part + bias for part in parts]
        return packing.pad(torch.cat([part.flatten() for part in parts]))

    def _convolve_padded(self, mixed: Tensor, packing: Packing) -> Tensor:
        """(N, D) → (B, T), all pre-tokens at once."""
        mixed = packing.pad(mixed)  # (B, T, D)
        for taps, bias in self.layers():
            if bias is None:
                return convolve_to_one(mixed, taps.squeeze(2)) * packing.real
            # Positions after the end must not influence those before it, or gates would depend on the padding of the batch.
            mixed = (convolve(mixed, taps) + bias) * packing.real[..., None]
        raise AssertionError("the last convolution has one output and no bias")


class RateCondition(nn.Module):
    """Conditions encoder and gater on the requested rate, so that one network serves a range of rates (ours; the paper has none).

    A rate r corresponds to a gate share of (r − 1) / (mean length − 1) over all positions except the last of each pre-token. Gate
    logits start at that share's logit. `rates` are the lowest and the highest, in tokens per pre-token; `skew` is s of `rate_at`.
    """

    mean_length: Tensor

    def __init__(self, width: int, rates: tuple[float, float], skew: float) -> None:
        super().__init__()
        self.rates, self.skew = rates, skew
        self.layers = nn.Sequential(nn.Linear(1, width), nn.GELU(), nn.Linear(width, 2 * width))
        self.register_buffer("mean_length", torch.tensor(4.0))  # bytes per pre-token of the training text

    def rate_at(self, place: Tensor) -> Tensor:
        """The rate at a place from 0 to 1 in the range: lowest·(highest/lowest)^(place^s), (B,) → (B,)."""
        lowest, highest = self.rates
        return lowest * (highest / lowest) ** place**self.skew

    def place_of(self, rates: Tensor) -> Tensor:
        """The inverse of `rate_at`: (B,) → (B,)."""
        lowest, highest = (math.log(rate) for rate in self.rates)
        return ((rates.log() - lowest) / max(highest - lowest, 1e-9)).clamp(0, 1) ** (1 / self.skew)

    def forward(self, rates: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Rates (B,) in tokens per pre-token → offsets of encoder inputs (B, D), gater inputs (B, D) and gate logits (B,)."""
        encoder, gater = self.layers(self.place_of(rates)[:, None] * 2 - 1).chunk(2, 1)
        return encoder, gater, torch.logit(((rates - 1) / (self.mean_length - 1)).clamp(0.02, 0.98))


class Decoder(nn.Module):
    """Feed-forward blocks on each vector, then a transposed convolution with kernel = stride = L.

    Outputs of this convolution do not overlap, so it is one linear map per position.
    """

    def __init__(self, settings: Network, symbols: int) -> None:
        super().__init__()
        width, self.longest = settings.width, settings.max_token_bytes
        self.blocks = nn.Sequential(*(FeedForward(width) for _ in range(settings.decoder_layers)), nn.RMSNorm(width))
        self.characters = nn.Linear(width, self.longest * symbols)
        self.lengths = nn.Linear(width, self.longest) if settings.length_head == "softmax" else None

    def forward(self, vectors: Tensor) -> Decoded:
        """Decode (N, D) vectors."""
        hidden = self.blocks(vectors)
        lengths = None if self.lengths is None else self.lengths(hidden)
        return Decoded(self.characters(hidden).view(len(vectors), self.longest, -1), lengths)


class GQVAE(nn.Module):
    """The gated quantized VAE over padded pre-tokens.

    Args:
        settings: sizes.
        alphabet: byte values that occur in the corpus, ascending.
        chunk_bytes: bytes between fixed gates (the fixed-length tokenizer); None: learned gates.
        pads_as_text: the network was trained on pre-tokens padded to T and attends to padding (the paper's objective), so
            segmentation needs the same padding.
        force_last_gate: a learned gate at the end of a pre-token is always 1.
        usage_decay: decay of the moving average of code usage.
    """

    byte_to_symbol: Tensor

    def __init__(
        self,
        settings: Network,
        alphabet: list[int],
        chunk_bytes: int | None = None,
        usage_decay: float = 0.98,
        pads_as_text: bool = False,
        force_last_gate: bool = False,
    ) -> None:
        super().__init__()
        self.settings, self.alphabet, self.chunk_bytes = settings, alphabet, chunk_bytes
        self.pads_as_text, self.force_last_gate = pads_as_text, force_last_gate
        self.pad, self.unknown = len(alphabet), len(alphabet) + 1
        table = torch.full((BYTE_VALUES,), self.unknown, dtype=torch.long)
        table[alphabet] = torch.arange(len(alphabet))
        self.register_buffer("byte_to_symbol", table, persistent=False)
        self.embedding = nn.Embedding(len(alphabet) + 2, settings.width)
        self.encoder = Transformer(settings.width, settings.head_width, settings.encoder_layers)
        self.to_vector = FeedForward(settings.width)
        self.quantizer = Quantizer(settings.codebook_size, settings.width, usage_decay)
        self.gater = Gater(settings) if chunk_bytes is None else None
        self.condition = (
            RateCondition(settings.width, settings.rates, settings.rate_skew) if settings.rates and chunk_bytes is None else None
        )
        self.gate_bound: float | None = None  # c in c·tanh(x/c), which bounds gate logits x; the objective sets it in training
        self.decoder = Decoder(settings, symbols=len(alphabet) + 1)  # one for padding (paper's objective)

    def repeated_layers(self) -> list[nn.Module]:
        """The attention and feed-forward blocks, which do most of the work."""
        return [module for module in self.modules() if isinstance(module, Attention | FeedForward)]

    @property
    def device(self) -> torch.device:
        """Where the network computes."""
        return self.byte_to_symbol.device

    def symbols(self, data: np.ndarray, lengths: np.ndarray) -> tuple[Tensor, Tensor]:
        """Bytes (B, T) and lengths (B,) → padded symbols (B, T) on the network's device and lengths (B,) on the host."""
        size = torch.from_numpy(lengths)
        found = self.byte_to_symbol[torch.from_numpy(data).to(self.device, non_blocking=True).long()]
        real = (torch.arange(data.shape[1]) < size[:, None]).to(self.device, non_blocking=True)
        return torch.where(real, found, self.pad), size

    def forward(
        self,
        symbols: Tensor,
        lengths: Tensor,
        quantize: bool = True,
        rates: Tensor | None = None,
        keep: Tensor | None = None,
        ends: Tensor | None = None,
    ) -> Encoded:
        """Encode, quantize and gate symbols (B, T), of which the network sees the first `lengths` (B,).

        Args:
            symbols: (B, T), on the network's device.
            lengths: (B,), on the host.
            quantize: False: gater and decoder receive the unquantized encodings.
            rates: (B,) requested tokens per pre-token; None: the lowest. Ignored without a rate condition.
            keep: (B,) bool, pre-tokens whose encodings stay unquantized; None: none.
            ends: (B,), on the host: lengths without padding, where fixed and forced gates end; None: `lengths`.
        """
        packing = Packing.of(lengths, symbols.shape[1], self.settings.max_token_bytes, self.device)
        embedded = self.embedding(packing.pack(symbols))  # (N, D)
        to_gater: Tensor | float = 0.0
        prior: Tensor | float = 0.0
        if self.condition is not None:
            if rates is None:
                rates = torch.full((len(symbols),), self.condition.rates[0], device=self.device)
            to_encoder, for_gater, logit = self.condition(rates)
            embedded, to_gater, prior = embedded + to_encoder[packing.rows], for_gater[packing.rows], logit[:, None]
        vectors = self.to_vector(self.encoder(embedded, packing)).float()  # (N, D)
        quantization = self.quantizer(vectors) if quantize else None
        chosen = vectors if quantization is None else quantization.quantized
        if keep is not None:
            chosen = torch.where(keep[packing.rows][:, None], vectors, chosen)
        last = packing.lengths if ends is None else ends.to(self.device, non_blocking=True)
        if self.gater is None:
            assert self.chunk_bytes is not None
            gates = fixed_gates(last, symbols.shape[1], self.chunk_bytes, vectors.dtype)
            return Encoded(vectors, quantization, chosen, None, gates, packing)
        logits = self.gater(chosen + to_gater, packing) + prior  # (B, T)
        bounded = logits if self.gate_bound is None else self.gate_bound * torch.tanh(logits / self.gate_bound)
        gates = torch.sigmoid(bounded) * packing.real
        if self.force_last_gate:
            gates = torch.where(torch.arange(symbols.shape[1], device=self.device) == last[:, None] - 1, 1.0, gates)
        return Encoded(vectors, quantization, chosen, logits, gates, packing)

    @torch.no_grad()
    def segment(self, symbols: Tensor, lengths: Tensor, rate: float | None = None) -> tuple[Tensor, Tensor]:
        """Hard gates (B, T) of 0 and 1, and the code at every position (B, T), −1 at padding.

        If padding is text to the network, it may end the last token of a pre-token there; that token's code is the one it has there.

        Args:
            symbols: (B, T), on the network's device.
            lengths: (B,), on the host.
            rate: requested tokens per pre-token; None: the lowest.
        """
        width, seen = symbols.shape[1], lengths
        if self.pads_as_text:
            symbols = functional.pad(symbols, (0, self.settings.max_pretoken_bytes - width), value=self.pad)
            seen = torch.full_like(lengths, symbols.shape[1])
        rates = None if rate is None else torch.full((len(symbols),), rate, device=self.device)
        encoded = self(symbols, seen, rates=rates, ends=lengths)
        lengths = lengths.to(self.device)
        real = torch.arange(width, device=self.device) < lengths[:, None]  # (B, T)
        codes = encoded.packing.pad(encoded.quantization.indices)  # (B, T)
        if self.pads_as_text:
            rows = torch.arange(len(codes), device=self.device)
            codes[rows, lengths - 1] = codes[rows, closing_positions(encoded.gates, lengths)]
        return hard_gates(encoded.gates[:, :width], lengths), torch.where(real, codes[:, :width], -1)

    def keep_codes(self, codes: Tensor) -> None:
        """Reduce the codebook to the codes with these indices (M,)."""
        self.quantizer.keep(codes)
        self.settings = self.settings.model_copy(update={"codebook_size": len(codes)})

    @torch.no_grad()
    def code_strings(self) -> list[bytes]:
        """The string each code decodes to, up to the padding if that is text to the network; b"" where it contains padding, which no text matches."""
        found = []
        for codes in torch.split(self.quantizer.codebook.float(), 1024):
            symbols, lengths = (part.cpu().tolist() for part in self.decoder(codes).strings())
            for row, length in zip(symbols, lengths, strict=True):
                places = row[:length][::-1]
                while self.pads_as_text and places and places[-1] == self.pad:
                    places.pop()
                found.append(b"" if self.pad in places else bytes(self.alphabet[place] for place in places))
        return found
