"""The network of the paper: encoder → quantizer → gater → decoder (§3; layer counts and sizes of the authors' code).

Symbols are places in the corpus's alphabet of bytes; two more stand for padding and for bytes the corpus does not hold.
Deviations: bytes instead of ASCII characters; padding is its own symbol and (but for the paper's objective) never attended to;
gate logits may be bounded; RMSNorm throughout. Shapes: B pre-tokens, T positions, L longest token, C symbols, D width, N real positions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from gqvae.config import BYTE_VALUES, Network
from gqvae.models.blocks import FeedForward, Packing, Transformer
from gqvae.models.gates import fixed_gates, hard_gates
from gqvae.models.quantizer import Quantizer, QuantizerOutput


@dataclass(frozen=True)
class Decoded:
    """What the decoder says of N vectors: the characters that end there, last first, and how many of them."""

    characters: Tensor  # (N, L, C) logits
    lengths: Tensor  # (N, L) logits of length 1 … L


@dataclass(frozen=True)
class Encoded:
    """Encodings, codes and gates of a batch."""

    vectors: Tensor  # (N, D), before quantization
    quantization: QuantizerOutput | None  # of the N real positions; None while training unquantized
    gates: Tensor  # (B, T), 0 at padding
    packing: Packing


class Gater(nn.Module):
    """Two transformer layers and three convolutions over positions, no non-linearity between (authors' code)."""

    def __init__(self, settings: Network) -> None:
        super().__init__()
        width, longest = settings.width, settings.max_token_bytes
        self.transformer = Transformer(width, settings.head_width, settings.gater_layers)
        self.kernels = (2 * longest, int(1.5 * longest), longest)
        widths = (width, width // 2, width // 4, 1)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(inner, outer, kernel, bias=outer > 1)
            for inner, outer, kernel in zip(widths, widths[1:], self.kernels, strict=False)
        )
        self.bias = nn.Parameter(torch.zeros(()))
        self.bound = settings.gate_logit_bound

    def start_at(self, gate: float) -> None:
        """Set the bias so that gates start near this value."""
        with torch.no_grad():
            self.bias.fill_(math.log(gate / (1 - gate)))

    def forward(self, quantized: Tensor, packing: Packing) -> Tensor:
        """(N, D) → gate probabilities (B, T), 0 at padding."""
        mixed = packing.pad(self.transformer(quantized, packing)).transpose(1, 2)  # (B, D, T)
        for convolution, kernel in zip(self.convolutions, self.kernels, strict=True):
            # Positions after the end must not speak to those before it, or a gate would depend on how far its batch is padded.
            mixed = convolution(functional.pad(mixed, ((kernel - 1) // 2, kernel // 2))) * packing.real[:, None]
        logits = mixed.squeeze(1).float() + self.bias  # (B, T)
        if self.bound is not None:
            logits = self.bound * torch.tanh(logits / self.bound)
        return torch.sigmoid(logits) * packing.real


class Decoder(nn.Module):
    """Feed-forward blocks on each vector alone, then a transposed convolution with kernel = stride = L.

    With stride equal to the kernel no two outputs overlap: that convolution is one linear map per position.
    """

    def __init__(self, settings: Network, symbols: int) -> None:
        super().__init__()
        width, self.longest = settings.width, settings.max_token_bytes
        self.blocks = nn.Sequential(*(FeedForward(width) for _ in range(settings.decoder_layers)), nn.RMSNorm(width))
        self.characters = nn.Linear(width, self.longest * symbols)
        self.lengths = nn.Linear(width, self.longest)

    def forward(self, vectors: Tensor) -> Decoded:
        """Decode (N, D) vectors."""
        hidden = self.blocks(vectors)
        return Decoded(self.characters(hidden).view(len(vectors), self.longest, -1), self.lengths(hidden))


class GQVAE(nn.Module):
    """The gated quantized VAE over padded pre-tokens.

    Args:
        settings: sizes.
        alphabet: byte values that occur in the corpus, ascending.
        chunk_bytes: gates hard-set every so many bytes (the fixed-length tokenizer); None: learned gates.
        pads_as_text: the network was trained on pre-tokens padded to T, padding attended to as any text (the paper's objective),
            and so must see them when it segments.
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
    ) -> None:
        super().__init__()
        self.settings, self.alphabet, self.chunk_bytes = settings, alphabet, chunk_bytes
        self.pads_as_text = pads_as_text
        self.pad, self.unknown = len(alphabet), len(alphabet) + 1
        table = torch.full((BYTE_VALUES,), self.unknown, dtype=torch.long)
        table[alphabet] = torch.arange(len(alphabet))
        self.register_buffer("byte_to_symbol", table, persistent=False)
        self.embedding = nn.Embedding(len(alphabet) + 2, settings.width)
        self.encoder = Transformer(settings.width, settings.head_width, settings.encoder_layers)
        self.to_vector = FeedForward(settings.width)
        self.quantizer = Quantizer(settings.codebook_size, settings.width, usage_decay)
        self.gater = Gater(settings) if chunk_bytes is None else None
        self.decoder = Decoder(settings, symbols=len(alphabet) + 1)  # it may have to say "padding" (paper's objective)

    def symbols(self, data: np.ndarray, lengths: np.ndarray) -> tuple[Tensor, Tensor]:
        """Bytes (B, T) and lengths (B,) as symbols (B, T), padded, and lengths on the network's device."""
        device = self.byte_to_symbol.device
        size = torch.from_numpy(lengths).to(device)
        found = self.byte_to_symbol[torch.from_numpy(data).to(device).long()]
        real = torch.arange(data.shape[1], device=device) < size[:, None]
        return torch.where(real, found, self.pad), size

    def forward(self, symbols: Tensor, lengths: Tensor, quantize: bool = True) -> Encoded:
        """Encode, quantize and gate (B, T) symbols of which the first (B,) are real."""
        packing = Packing.of(lengths, symbols.shape[1])
        vectors = self.to_vector(self.encoder(self.embedding(packing.pack(symbols)), packing)).float()  # (N, D)
        quantization = self.quantizer(vectors) if quantize else None
        if self.gater is None:
            assert self.chunk_bytes is not None
            gates = fixed_gates(lengths, symbols.shape[1], self.chunk_bytes, vectors.dtype)
        else:
            gates = self.gater(vectors if quantization is None else quantization.quantized, packing)
        return Encoded(vectors, quantization, gates, packing)

    @torch.no_grad()
    def segment(self, symbols: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Hard gates (B, T) of 0 and 1, and the code at every position (B, T), −1 at padding."""
        width, seen = symbols.shape[1], lengths
        if self.pads_as_text:
            symbols = functional.pad(symbols, (0, self.settings.max_pretoken_bytes - width), value=self.pad)
            seen = torch.full_like(lengths, symbols.shape[1])
        encoded = self(symbols, seen)
        real = torch.arange(width, device=lengths.device) < lengths[:, None]  # (B, T)
        codes = encoded.packing.pad(encoded.quantization.indices)[:, :width]
        return hard_gates(encoded.gates[:, :width], lengths), torch.where(real, codes, -1)

    @torch.no_grad()
    def code_strings(self) -> list[bytes]:
        """The string each code decodes to; b"" where it holds padding, which no text can match."""
        decoded = self.decoder(self.quantizer.codebook.float())
        characters = decoded.characters.argmax(2).cpu().tolist()  # (K, L), last character first
        lengths = (decoded.lengths.argmax(1) + 1).cpu().tolist()
        strings = []
        for row, length in zip(characters, lengths, strict=True):
            places = row[:length][::-1]
            strings.append(b"" if self.pad in places else bytes(self.alphabet[place] for place in places))
        return strings
