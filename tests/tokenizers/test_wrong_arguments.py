"""What is no text and no ids is refused in a sentence that says what to call, in Python and by kernels."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
import torch

from gqvae.errors import UserError
from gqvae.tokenizers.bytes import BytesTokenizer


@pytest.fixture(params=["Python", "kernels"])
def tokenizer(request: pytest.FixtureRequest) -> BytesTokenizer:
    found = BytesTokenizer()
    if request.param == "kernels":
        found.load_kernels()
    return found


@pytest.mark.parametrize("text", [["a", "b"], b"a", None, 3])
def test_no_text(tokenizer: BytesTokenizer, text: Any) -> None:
    kind = type(text).__name__
    with pytest.raises(
        TypeError, match=f"^encode takes one text as str, not {kind}: call it for each text, or encode_documents with"
    ):
        tokenizer.encode(text)


@pytest.mark.parametrize("documents", ["ab", ["a"], [b"a", None], b"a"])
def test_no_documents(tokenizer: BytesTokenizer, documents: Any) -> None:
    with pytest.raises(TypeError, match=r"^Documents are UTF-8 as bytes, not (str|NoneType|int): encode each with"):
        list(tokenizer.encode_documents(documents))


def test_no_stream(tokenizer: BytesTokenizer) -> None:
    for stream in ("story.txt", io.StringIO("text")):
        with pytest.raises(TypeError, match=r"^encode_stream takes a file opened in binary mode"):
            list(tokenizer.encode_stream(stream))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("ids", "what"),
    [
        ([1.0], "a row of float"),
        ([97, 1.5], "a row of float"),
        (["97"], "a row of str"),
        ([97, "98"], "a row of str"),
        ([[97], [98]], "a row of list"),
        ([[97], [98, 99]], "a row of list"),
        ([None], "a row of NoneType"),
        (np.array([1.0]), "a row of float"),
        (np.array(["97"]), "a row of str"),
        (np.array([[97, 98]]), r"an array of shape \(1, 2\)"),
        (np.array([[97, 98]], np.uint32), r"an array of shape \(1, 2\)"),
        (np.array(97), r"an array of shape \(\)"),
        (torch.tensor([[97, 98]]), "a row of Tensor"),
        (torch.tensor([1.5]), "a row of Tensor"),
        ("97", "str"),
        (b"97", "bytes"),
        (97, "int"),
    ],
)  # fmt: skip
def test_no_ids(tokenizer: BytesTokenizer, ids: Any, what: str) -> None:
    said = f"^Token ids are a row of whole numbers, not {what}: decode one row, or several with decode_documents.$"
    with pytest.raises(TypeError, match=said):
        tokenizer.decode(ids)
    with pytest.raises(TypeError, match=said):
        list(tokenizer.decode_documents([[97], ids]))


@pytest.mark.parametrize("kind", [list, np.array, torch.tensor])
def test_padding_and_ids_beyond_it(tokenizer: BytesTokenizer, kind: Any) -> None:
    for ids, said in (
        ([97, 257, 257], "^Token id 257 is that of padding, which stands for no text: remove it, or use the tokenizer"),
        ([97, 257, 258], "^Token id 258 is not below the vocabulary size 257: use the tokenizer that made it"),
    ):
        with pytest.raises(UserError, match=said):
            tokenizer.decode(kind(ids))
        with pytest.raises(UserError, match=said):
            list(tokenizer.decode_documents([[97], kind(ids)]))


@pytest.mark.parametrize("ids", [[], np.array([]), torch.tensor([97, 98]), (97, 98), iter([97]), range(97, 99), {97: "a"}])
def test_other_rows_are_decoded(tokenizer: BytesTokenizer, ids: Any) -> None:
    assert tokenizer.decode(ids) in ("", "a", "ab")
