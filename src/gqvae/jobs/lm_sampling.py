"""What a language model writes: ids drawn one after the other, and the sample of a study's main models."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from gqvae.config import END_OF_DOCUMENT
from gqvae.corpus.documents import DocumentStore
from gqvae.corpus.pretokenizers import WHOLE, pretokenizer
from gqvae.errors import UserError
from gqvae.files import json_digest, read_json
from gqvae.jobs.lm_text import Split
from gqvae.language_models.base import Model
from gqvae.tokenizers.base import MANIFEST
from gqvae.tokenizers.byte_level import CHARACTERS, to_bytes
from gqvae.tokenizers.readable import readable

PROMPT_BYTES = 32  # of the first test document, and then to the end of the pre-token
TEXT_BYTES = 200  # that a sample has at least, unless the document ends
TEMPERATURE = 0.5  # probable text; the most probable one repeats a few words


def continuation(model: Model, ids: Sequence[int], *, context: int, temperature: float = 0.0, seed: int = 0) -> Iterator[int]:
    """The ids that follow: up to the end of the document, which is the last one.

    Every id costs a forward pass over the `context` ids before it, so the cost of an id stops growing there.

    Args:
        model: in evaluation mode.
        ids: what has been read, an end-of-document id first.
        context: most ids that the model sees.
        temperature: logits are divided by it; 0 takes the most probable id.
        seed: of the draws.
    """
    read, generator = list(ids)[-context:], torch.Generator().manual_seed(seed)
    while True:
        drawn = _next(model, read, temperature, generator)
        yield drawn
        if drawn == END_OF_DOCUMENT:
            return
        read = [*read, drawn][-context:]


@torch.inference_mode()
def _next(model: Model, read: list[int], temperature: float, generator: torch.Generator) -> int:
    """One id, drawn on the CPU: the generators of devices differ."""
    ids = torch.tensor([read], device=model.head.weight.device)
    logits = model(ids, len(read) - 1)[0, -1].double().cpu()  # (V,)
    if temperature == 0:
        return int(logits.argmax())
    # The largest logit becomes 0, so that no temperature overflows.
    return int(torch.multinomial(torch.softmax((logits - logits.max()) / temperature, 0), 1, generator=generator))


def token_bytes(tokenizer: Path, digest: str) -> list[bytes]:
    """The bytes of every id of a saved tokenizer, without what encodes.

    Raises:
        UserError: the folder does not hold the tokenizer of this digest.
    """
    manifest = read_json(tokenizer / MANIFEST)
    if not isinstance(manifest, dict) or json_digest({key: manifest[key] for key in manifest if key != "digest"}) != digest:
        raise UserError(f"{tokenizer} is not the tokenizer that the model was trained with: give the folder of that one.")
    first = manifest["settings"].get("first", CHARACTERS)  # external tokenizers do not begin with the bytes
    return [*map(to_bytes, first), b"", *map(to_bytes, manifest["strings"])]


def sample(
    model: Model, context: int, test: Split, documents: DocumentStore, pretokens: str, strings: list[bytes]
) -> pd.DataFrame:
    """What the model writes after the beginning of the first test document: a row with prompt, text and ended.

    The prompt is the same text for every tokenizer, because no token crosses the end of a pre-token: the leading pre-tokens that
    first reach `PROMPT_BYTES`, at most half of them; of an external tokenizer, the tokens that do. The text ends with its document or with the token that reaches `TEXT_BYTES`.

    Args:
        context: of the model.
        test: the encoded test split.
        documents: the same split as text.
        pretokens: name of the pre-tokenizer.
        strings: (V,) bytes of every id.
    """
    first = next(iter(documents)).decode("utf-8")
    ids = test.tokens.document(0)
    reached = np.concatenate([[0], np.cumsum(test.byte_lengths[ids])])
    ends = np.cumsum([len(one.encode("utf-8")) for one in pretokenizer(pretokens).split(first)])
    if pretokens == WHOLE:
        ends = reached[1:]
    count = min(int(np.searchsorted(ends, PROMPT_BYTES)) + 1, len(ends) // 2)
    read = ids[: int(np.searchsorted(reached, ends[count - 1] if count else 0))].tolist()
    written, ended = b"", False
    for drawn in continuation(model, [END_OF_DOCUMENT, *read], context=context, temperature=TEMPERATURE):
        written, ended = written + strings[drawn], drawn == END_OF_DOCUMENT
        if len(written) >= TEXT_BYTES:
            break
    prompt = b"".join(strings[one] for one in read)
    return pd.DataFrame([{"prompt": readable(prompt), "text": readable(written), "ended": ended}])
