"""Small tokenizers of every kind, trained for real on a small text."""

from __future__ import annotations

from pathlib import Path

import pytest

from gqvae.config import Distillation, Network, NetworkRun, NetworkTraining, RateControlledObjective
from gqvae.corpus.pretokens import PretokenCounts, count_pretokens
from gqvae.tokenizers.base import Tokenizer
from gqvae.tokenizers.bpe import train_bpe
from gqvae.tokenizers.bytes import BytesTokenizer
from gqvae.tokenizers.distillation import distill
from gqvae.training.network import train_network

TEXT = (
    "The little fox walked to the river and talked to the old frog. “Hello,” said the fox, “it's a nice day!” "
    "The frog wasn't sure; frogs walk slowly, and foxes are talking all day — 12 hours or 34.\n\n"
    "Then the walking fox jumped over the café's wall, faster than the fastest dog.\tEnd\r\n"
)
RUN = NetworkRun(
    objective=RateControlledObjective(tokens_per_pretoken=1.5),
    network=Network(
        width=32, head_width=16, encoder_layers=1, gater_layers=1, decoder_layers=1, codebook_size=64, max_pretoken_bytes=8
    ),
    training=NetworkTraining(
        steps=300, batch_pretokens=64, warmup_steps=5, unquantized_steps=5, revival_every=10, measure_every=20
    ),
)


@pytest.fixture(scope="session")
def counts() -> PretokenCounts:
    return count_pretokens([TEXT.encode(), TEXT.encode()])


@pytest.fixture(scope="session")
def network_folder(counts: PretokenCounts, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("network")
    train_network(RUN, counts, counts, seed=0, label="test", out=folder / "out", state=folder / "state", threads=1)
    return folder / "out"


@pytest.fixture(scope="session")
def tokenizers(counts: PretokenCounts, network_folder: Path) -> dict[str, Tokenizer]:
    learned = dict(distill(network_folder, Distillation(sizes=(280,)), counts))[280]
    return {
        "bytes": BytesTokenizer(),
        "bpe": train_bpe(counts, 280),
        "neural": learned,
        "distilled": learned.with_encoder("distilled"),
    }
