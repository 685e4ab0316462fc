"""Small tokenizers of every kind, trained for real on a small text."""

from __future__ import annotations

from pathlib import Path

import pytest

from gqvae.config import Distillation
from gqvae.corpus.pretokens import PretokenCounts, count_pretokens
from gqvae.distillation.distill import distill
from gqvae.tokenizers.base import Tokenizer
from gqvae.tokenizers.bpe import train_bpe
from gqvae.tokenizers.bytes import BytesTokenizer
from gqvae.tokenizers.counted import trainer
from gqvae.training.network import train_network
from small_network import RUN, TEXT


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
        **{
            kind: trainer(kind, settings)(counts, [280])[280]
            for kind, settings in {"unigram": {}, "dictionary": {"chunk_bytes": 3}, "pathpiece": {}}.items()
        },
        "neural": learned,
        "distilled": learned.with_encoder("distilled"),
    }
