"""How fast tokenizers encode text that they have not seen, all timed in one process.

Other work on the machine changes every time, so tokenizers take turns: what disturbs one disturbs the others of its turn, and the
ratio to BPE is taken within a turn. Values are medians over turns. Each turn loads the tokenizer anew, so nothing is remembered of
earlier text but what is stored with the tokenizer; kernels and the network are loaded before the clock starts. Processor time counts,
of all threads together, so that waiting for other work does not, and a tokenizer with many threads is not ahead by them.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from gqvae.tokenizers.load import Tokenizer, load_tokenizer

BYTES = 500_000  # of text: a cold tokenizer is the faster, the more text it sees
TURNS = 5
COLUMNS = ("tokenizer", "bytes", "encode_mb_per_s", "encode_ratio_to_bpe")


def speeds(tokenizers: Mapping[str, Path], documents: Sequence[bytes], baseline: Path | None) -> list[dict[str, Any]]:
    """Rows of `COLUMNS`: MB of text per second of one core, and the ratio to the tokenizer `baseline`, empty if there is none.

    Args:
        tokenizers: their folders, by name.
        documents: UTF-8 text.
        baseline: the folder of BPE, which is among the others.
    """
    size = sum(map(len, documents))
    turns = [{folder: _seconds(_ready(folder), documents) for folder in tokenizers.values()} for _ in range(TURNS)]
    return [
        {
            "tokenizer": name,
            "bytes": size,
            "encode_mb_per_s": size / median(turn[folder] for turn in turns) / 1e6,
            "encode_ratio_to_bpe": "" if baseline is None else median(turn[baseline] / turn[folder] for turn in turns),
        }
        for name, folder in tokenizers.items()
    ]


def _ready(folder: Path) -> Tokenizer:
    """A tokenizer that has everything it needs in memory, but has seen no text."""
    tokenizer = load_tokenizer(folder)
    tokenizer.load_kernels()
    if tokenizer.encoder == "neural":
        import torch

        torch.set_num_threads(1)
    list(tokenizer.segment([b"load"]))  # runs the network, if there is one, whatever is stored
    return tokenizer


def _seconds(tokenizer: Tokenizer, documents: Sequence[bytes]) -> float:
    start = time.process_time()
    for _ in tokenizer.encode_batches(documents):
        pass
    return max(time.process_time() - start, 1e-9)
