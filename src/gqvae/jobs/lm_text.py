"""The encoded corpus as language models read it: the tokens and text sizes of each split, checked against each other."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from gqvae.config import LanguageModel
from gqvae.corpus.documents import DocumentStore, split_paths
from gqvae.devices import autocast, resolve_device
from gqvae.errors import UserError
from gqvae.measures.bits_per_byte import BitsPerByte, bits_per_byte
from gqvae.tokenizers.token_files import TokenFile, Vocabulary, require_lossless
from gqvae.training.windows import join_documents


@dataclass(frozen=True)
class Split:
    """One split."""

    tokens: TokenFile  # its documents
    document_bytes: npt.NDArray[np.int64]  # (documents,) UTF-8 bytes of each
    byte_lengths: npt.NDArray[np.int64]  # (V,) bytes that each id stands for

    @classmethod
    def open(cls, tokens: Path, corpus: Path, split: str) -> Split:
        """Open a split.

        Raises:
            UserError: tokens and text do not have the same documents and bytes, or some text does not come back from its tokens.
        """
        require_lossless(tokens)
        encoded, store = TokenFile.open(tokens, split), DocumentStore.open(corpus, split)
        if len(encoded) != len(store) or encoded.total_bytes != store.total_bytes:
            raise UserError(
                f"{tokens} holds {len(encoded):,} documents ({encoded.total_bytes:,} bytes) of {split}, {corpus} has {len(store):,}"
                f" ({store.total_bytes:,} bytes): encode the corpus again."
            )
        sizes = np.diff(np.load(split_paths(corpus, split)[1], allow_pickle=False))
        return cls(encoded, sizes, Vocabulary.of(tokens).byte_lengths)

    def stream(self, documents: npt.NDArray[np.int64] | None = None) -> Stream:
        """The whole split, or some of its documents, as a stream to measure."""
        chosen = np.arange(len(self.tokens)) if documents is None else documents
        return Stream(join_documents(self.tokens, chosen), self.byte_lengths, int(self.document_bytes[chosen].sum()))


@dataclass(frozen=True)
class Stream:
    """Text on which models are measured: EOD document EOD … document EOD."""

    ids: npt.NDArray[np.int32]  # (N,) the stream
    byte_lengths: npt.NDArray[np.int64]  # (V,)
    raw_bytes: int  # UTF-8 bytes of the text

    def measure(self, model: nn.Module, context: int, device: torch.device) -> BitsPerByte:
        """Bits per byte of a model that is on the device and in evaluation mode."""
        return bits_per_byte(model, self.ids, self.byte_lengths, self.raw_bytes, context=context, device=device)


def measure_trained(model: nn.Module, stream: Stream, settings: LanguageModel) -> BitsPerByte:
    """Bits per byte of a trained model, on the device and in the precision of its training."""
    device = resolve_device()
    model.to(device).eval()
    with autocast(device, settings.precision):
        return stream.measure(model, settings.context, device)
