from __future__ import annotations

import threading

import pytest

from gqvae.corpus import batches
from gqvae.errors import UserError
from gqvae.tokenizers.base import Tokenizer
from gqvae.tokenizers.threads import in_order


@pytest.mark.parametrize("threads", [1, 3])
def test_results_come_in_order_with_few_in_flight(threads: int) -> None:
    taken = 0

    def items():
        nonlocal taken
        for item in range(50):
            taken = item
            yield item

    for number, result in enumerate(in_order(lambda item: item * item, items(), threads)):
        assert result == number * number and taken <= number + 2 * threads


def test_an_error_reaches_the_caller() -> None:
    with pytest.raises(ZeroDivisionError):
        list(in_order(lambda item: 1 // item, [2, 1, 0, 3], 2))


@pytest.mark.parametrize("arm", ["bpe", "pathpiece", "neural"])
def test_threads_give_the_ids_of_one(tokenizers: dict[str, Tokenizer], arm: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "BATCH_BYTES", 200)
    tokenizer = tokenizers[arm]
    tokenizer.load_kernels()
    documents = [f"The {number}. fox wälked to {'river' * (number % 3)} {number}\n".encode() for number in range(300)]
    one, three = ([ids.tolist() for ids in tokenizer.encode_documents(documents, threads)] for threads in (1, 3))
    assert one == three and len(one) == 300
    assert threading.active_count() == 1 or not any("ThreadPoolExecutor" in thread.name for thread in threading.enumerate())


def test_the_document_that_is_no_text_is_named(tokenizers: dict[str, Tokenizer], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "BATCH_BYTES", 10)
    with pytest.raises(UserError, match="Document 7 is not UTF-8 at byte 1"):
        list(tokenizers["bpe"].encode_documents([b"some words"] * 7 + [b"a\xff"]))
