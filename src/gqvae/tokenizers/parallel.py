"""Encodes in several processes: blocks of text go out and ids come back in order, with few blocks in flight."""

from __future__ import annotations

import multiprocessing
import signal
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from typing import BinaryIO

import numpy as np

from gqvae.corpus.text_blocks import text_blocks
from gqvae.tokenizers.base import Tokenizer

WAITING_PER_WORKER = 2  # blocks: one in progress, one queued

_tokenizer: Tokenizer  # of a worker process


def encode_in_parallel(tokenizer: Tokenizer, stream: BinaryIO, workers: int, name: str = "the input") -> Iterator[np.ndarray]:
    """Token ids of a UTF-8 stream, as from `Tokenizer.encode_stream`. Every worker has its own cache of pre-tokens.

    Raises:
        UserError: the stream is not UTF-8.
    """
    if workers == 1:
        yield from tokenizer.encode_stream(stream, name)
        return
    # Spawned, not forked: forking a process in which torch has started threads may hang.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, initializer=_take, initargs=(tokenizer,)) as pool:
        waiting: deque[Future[np.ndarray]] = deque()
        try:
            for block in text_blocks(stream, name, pretokenizer_name=tokenizer.pretokenizer):
                waiting.append(pool.submit(_encode, block))
                if len(waiting) >= WAITING_PER_WORKER * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _take(tokenizer: Tokenizer) -> None:
    global _tokenizer
    _tokenizer = tokenizer
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent process reports the interrupt


def _encode(block: str) -> np.ndarray:
    return np.array(_tokenizer.encode(block), dtype=np.uint32)
