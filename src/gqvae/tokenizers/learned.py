"""GQ-VAE and fixed-length tokenizers: a trained network, the vocabulary distilled from its codebook, and two encoders.

* `neural`: the network's hard gates cut a piece into spans at the tokenizer's rate. A span becomes one id if its code decodes
  to it exactly and its string is in the vocabulary. Any other span is segmented with the vocabulary (fallback). Always lossless.
  The gates always cut a pre-token the same way, so the ids of frequent pre-tokens of the training text are stored with the
  tokenizer (`memory`). The network runs only for the others.
* `distilled`: the fewest tokens of the vocabulary; the network is not used.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Self, TypeAlias

from gqvae.config import END_OF_DOCUMENT
from gqvae.corpus.pieces import cut
from gqvae.errors import UserError
from gqvae.files import atomic_open, read_json, share_file
from gqvae.kernels.packing import Packed
from gqvae.tokenizers.base import Tokenizer
from gqvae.tokenizers.byte_level import to_bytes, to_text
from gqvae.tokenizers.network_files import WEIGHTS, NetworkFile, described
from gqvae.vocabularies.segmentation import Fewest

if TYPE_CHECKING:  # torch is imported with the network, which the distilled encoder never uses
    from gqvae.models.network import GQVAE
    from gqvae.tokenizers.spans import Span

MEMORY = "memory.json"
SEGMENTATIONS: dict[str, Literal["fewest", "own"]] = {"neural": "own", "distilled": "fewest"}  # of each encoder


class Compression(NamedTuple):
    """A compression that the gates were set to, in bytes per token of the training text."""

    asked: float
    reached: float


Memory: TypeAlias = dict[str, tuple[int, ...]]


class LearnedTokenizer(Tokenizer):
    """A tokenizer distilled from a network.

    Args:
        strings: the learned strings in the order of their ids.
        codes: the string each code of the codebook decodes to.
        file: the network.
        encoder: `neural` or `distilled`.
        requested_size: the requested vocabulary size.
        rate: the rate requested of the gates, in tokens per pre-token; None: the network serves no range of rates.
        memory: the neural encoder's ids of some pre-tokens, or the file that holds them; None: none are stored.
        compression: that of the gates, if one was asked for.
    """

    kind = "learned"

    def __init__(
        self,
        strings: Sequence[bytes],
        codes: Sequence[bytes],
        file: NetworkFile,
        encoder: str = "neural",
        requested_size: int | None = None,
        rate: float | None = None,
        memory: Memory | Path | None = None,
        compression: Compression | None = None,
    ) -> None:
        super().__init__(strings, requested_size)
        self.rate, self.memory = rate, memory
        self.compression: Compression | None = compression
        self.codes, self.file, self.encoder = list(codes), file, encoder
        self.segmentation = SEGMENTATIONS[encoder]
        self._fewest = Fewest(strings)
        self._cut: dict[bytes, list[Span]] = {}  # the last result of `spans`, which is often asked for twice

    @property
    def network(self) -> GQVAE:
        """The network, loaded on first use."""
        return self.file.network

    def to(self, device: str) -> Self:
        """Run the network on a device, always in 32 bit, so that spans differ between devices only by rounding."""
        self.file.to(device)
        self._cut = {}
        return self

    def with_encoder(self, encoder: str) -> LearnedTokenizer:
        """The same vocabulary with the other encoder."""
        other = copy(self)  # its cache is empty
        other.encoder, other.segmentation = encoder, SEGMENTATIONS[encoder]
        return other

    def at_rate(self, rate: float | None) -> LearnedTokenizer:
        """The same vocabulary with another rate of the gates."""
        other = copy(self)
        other.rate, other.memory, other.compression, other._cut = rate, None, None, {}
        return other

    def encoders(self) -> list[Tokenizer]:
        """Neural and distilled."""
        return [self.with_encoder("neural"), self.with_encoder("distilled")]

    def remember(self, pretokens: Sequence[bytes], spans: dict[bytes, list[Span]]) -> None:
        """Store the neural encoder's ids of some distinct pre-tokens, given the spans of their pieces."""
        self.memory = {pretoken.decode("utf-8"): tuple(self._span_ids(pretoken, spans)) for pretoken in pretokens}

    def remembered(self) -> Memory:
        """The ids that `remember` stored; none for the distilled encoder."""
        if self.encoder != "neural" or self.memory is None:
            return {}
        if isinstance(self.memory, Path):
            self.memory = self._read_memory(self.memory)
        return dict(self.memory)

    def _read_memory(self, path: Path) -> Memory:
        record = read_json(path)
        try:
            found = dict(zip(record["pretokens"], map(tuple, record["ids"]), strict=True))
            fits = all(
                ids and END_OF_DOCUMENT not in ids and self.decode_bytes(ids) == pretoken.encode("utf-8")
                for pretoken, ids in found.items()
            )
        except (KeyError, ValueError, TypeError, AttributeError, UserError):
            fits = False
        if not fits:
            raise UserError(
                f"{path} holds other ids than those of its pre-tokens: delete the folder and make the tokenizer again."
            )
        return found

    def gate_quality(self, pretokens: Sequence[tuple[bytes, int]]) -> tuple[float, float] | None:
        """Share of gated spans that fall back, and share that their code decodes to exactly, both weighted by frequency."""
        if self.encoder != "neural":
            return None
        spans = self.spans(pretoken for pretoken, _ in pretokens)
        emitted = exact = kept = 0
        for pretoken, count in pretokens:
            for text, code in self.pretoken_spans(pretoken, spans):
                right = self.codes[code] == text
                emitted += count
                exact += count * right
                kept += count * (right and text in self._fewest.ids)
        return 1 - kept / max(emitted, 1), exact / max(emitted, 1)

    def cuts(self, pretokens: Sequence[bytes], segmented: Iterable[Sequence[int]] | None = None) -> Iterable[Sequence[int]]:
        """Those of the gates, before fallback."""
        if self.encoder == "distilled":
            return super().cuts(pretokens, segmented)
        spans = self.spans(pretokens)
        return ([len(text) for text, _ in self.pretoken_spans(one, spans)] for one in pretokens)

    def segment(self, pretokens: Sequence[bytes]) -> Iterable[Sequence[int]]:
        """Segment with the selected encoder."""
        if self.encoder == "distilled":
            return map(self._fewest.segment, pretokens)
        spans = self.spans(pretokens)
        return (self._span_ids(one, spans) for one in pretokens)

    def segment_packed(self, pretokens: Packed) -> Packed:
        """The same; the distilled encoder uses a kernel."""
        return self._fewest.segment_packed(pretokens) if self.encoder == "distilled" else super().segment_packed(pretokens)

    def pretoken_spans(self, pretoken: bytes, spans: dict[bytes, list[Span]]) -> Iterator[Span]:
        """The spans of one pre-token, given those of its pieces."""
        for piece in cut(pretoken, self.network.settings.max_pretoken_bytes):
            yield from spans[piece]

    def _span_ids(self, pretoken: bytes, spans: dict[bytes, list[Span]]) -> list[int]:
        return list(chain.from_iterable(map(self.span_ids, self.pretoken_spans(pretoken, spans))))

    def span_ids(self, span: Span) -> list[int]:
        """Ids of one gated span: its code's string, or the fallback."""
        text, code = span
        if self.codes[code] == text and text in self._fewest.ids:
            return [self._fewest.ids[text]]
        return self._fewest.segment(text)

    def spans(self, pretokens: Iterable[bytes]) -> dict[bytes, list[Span]]:
        """The spans of every distinct piece of some pre-tokens, by the network's hard gates."""
        from gqvae.tokenizers.spans import gated_spans

        longest = self.network.settings.max_pretoken_bytes
        pieces = {piece for pretoken in pretokens for piece in cut(pretoken, longest)}
        with self.file.lock:
            if not pieces <= self._cut.keys():
                self._cut = gated_spans(self.network, pieces, self.rate)
            return self._cut

    def settings(self) -> dict[str, Any]:
        """What the manifest holds besides the strings."""
        return {
            "encoder": self.encoder,
            "rate": self.rate,
            "memory": bool(self.memory),
            "codes": [to_text(code) for code in self.codes],
            **({"bytes_per_token": self.compression._asdict()} if self.compression else {}),
            **self.file.description,
        }

    def write_files(self, folder: Path) -> list[str]:
        """Write the network's weights, hard-linked if possible, and the stored ids."""
        if self.file.weights.resolve() != (folder / WEIGHTS).resolve():
            share_file(self.file.weights, folder / WEIGHTS)
        remembered = self.with_encoder("neural").remembered()
        if not remembered:
            return [WEIGHTS]
        with atomic_open(folder / MEMORY) as stream:
            json.dump({"pretokens": list(remembered), "ids": list(remembered.values())}, stream, separators=(",", ":"))
        return [WEIGHTS, MEMORY]

    @classmethod
    def from_parts(cls, strings: list[bytes], settings: dict[str, Any], folder: Path) -> LearnedTokenizer:
        """The network itself is loaded on first use."""
        codes, rate = [to_bytes(text) for text in settings["codes"]], settings["rate"]
        if len(codes) != settings["network"]["codebook_size"]:
            raise ValueError("a string per code")
        longest = settings["network"]["max_pretoken_bytes"]  # a token has a byte or more
        if rate is not None and (type(rate) not in (int, float) or not 1 <= rate <= min(longest, 1e9)):
            raise ValueError("no rate")
        file = NetworkFile(described(settings), folder / WEIGHTS)
        memory = folder / MEMORY if settings["memory"] else None
        told = settings.get("bytes_per_token")
        compression = None if told is None else Compression(float(told["asked"]), float(told["reached"]))
        return cls(strings, codes, file, settings["encoder"], rate=rate, memory=memory, compression=compression)
