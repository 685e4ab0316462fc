"""Exports a tokenizer as the files that `tokenizers.Tokenizer.from_file` and `transformers.AutoTokenizer` load without our code.

Our pre-tokenizer's regular expression splits the text, and bytes become the byte-level alphabet. The model depends on the kind:

* Fewest tokens (`bytes`, `distilled`, `pathpiece`): a Unigram model with score −1 for every token: the best path is the shortest.
  Its Viterbi search visits starts from left to right and keeps the first of equal paths, as ours does, so ties agree.
* `unigram`: a Unigram model with the trained scores. sentencepiece sums them in 32 bits, `tokenizers` in 64, so ids may differ in
  the rare case that two segmentations of a pre-token are equally probable except for rounding.
* Merges (`bpe`): a BPE model that lists, for each piece in training order, every pair of pieces that makes it, because
  sentencepiece merges by piece, not by pair.

The end of a document and padding are vocabulary entries that no pre-token can spell, so text that contains their markers is
encoded as text. They are special tokens for `transformers`, which also splits text that spells them (`split_special_tokens`). Its
`save_pretrained` writes them into tokenizer.json; to load that file with `tokenizers` alone, set `encode_special_tokens = True`.
"""

from __future__ import annotations

import logging
from pathlib import Path

import tokenizers
from tokenizers import Regex, decoders, models, pre_tokenizers

from gqvae.config import END_OF_DOCUMENT
from gqvae.corpus.pretokenizers import pretokenizer
from gqvae.errors import UserError
from gqvae.files import atomic_open, write_json
from gqvae.tokenizers.base import EXPORTED, Tokenizer
from gqvae.tokenizers.byte_level import to_text

END_OF_DOCUMENT_TEXT = "<|endoftext|>"
PADDING_TEXT = "<|pad|>"
CONFIG = "tokenizer_config.json"

logger = logging.getLogger("gqvae")


def fast_tokenizer(tokenizer: Tokenizer) -> tokenizers.Tokenizer:
    """A tokenizer of the library `tokenizers` with the same ids; padding comes last, at id `vocab_size`.

    A learned tokenizer is exported with its distilled encoder, because gates need the network.

    Raises:
        UserError: `tokenizers` has no such segmentation.
    """
    scores = tokenizer.scores()
    if scores is None and all(one.segmentation == "own" for one in tokenizer.encoders()):
        raise UserError(f"a tokenizer of kind {tokenizer.kind} has no counterpart in `tokenizers`: it cannot be exported.")
    words = [to_text(string) for string in tokenizer.token_bytes]
    words[END_OF_DOCUMENT] = END_OF_DOCUMENT_TEXT
    words.append(PADDING_TEXT)
    model: models.Model
    if tokenizer.segmentation == "merges":
        model = models.BPE(vocab={word: place for place, word in enumerate(words)}, merges=_merges(tokenizer))
    else:
        scores = scores or [-1.0] * tokenizer.vocab_size
        model = models.Unigram(list(zip(words, [*scores, 0.0], strict=True)))
    fast = tokenizers.Tokenizer(model)
    fast.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(pretokenizer(tokenizer.pretokenizer).expression("\\x{{{:x}}}".format)), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    fast.decoder = decoders.ByteLevel()
    return fast


def _merges(tokenizer: Tokenizer) -> list[tuple[str, str]]:
    """Every pair of tokens that makes a longer one, in the order in which the longer ones were learned."""
    known = set(tokenizer.token_bytes)
    return [
        (to_text(string[:cut]), to_text(string[cut:]))
        for string in tokenizer.strings
        for cut in range(1, len(string))
        if string[:cut] in known and string[cut:] in known
    ]


def export(tokenizer: Tokenizer, folder: Path) -> None:
    """Write a folder that `tokenizers` and `transformers` load; it may be the tokenizer's folder.

    A tokenizer with the neural encoder is exported with the distilled one, and a warning is logged.

    Raises:
        UserError: a learned string is the text of a special token, or the folder holds another exported tokenizer.
    """
    taken = {END_OF_DOCUMENT_TEXT, PADDING_TEXT}.intersection(to_text(string) for string in tokenizer.strings)
    if taken:
        raise UserError(f"The vocabulary holds {taken.pop()!r}, the name of a special token: it cannot be exported.")
    specials = {END_OF_DOCUMENT: END_OF_DOCUMENT_TEXT, tokenizer.vocab_size: PADDING_TEXT}
    if tokenizer.encoder == "neural":
        logger.warning("%s is exported with the distilled encoder (fewest tokens), because gates need the network", folder)
    if tokenizer.scores() is not None:
        logger.warning("%s: other libraries may choose differently between equally probable segmentations", folder)
    text = fast_tokenizer(tokenizer).to_str()
    if (folder / EXPORTED).exists() and (folder / EXPORTED).read_bytes() != text.encode("utf-8"):
        raise UserError(f"{folder / EXPORTED} already holds another tokenizer: give another folder, or delete it.")
    if (folder / CONFIG).exists() and not (folder / EXPORTED).exists():
        raise UserError(f"{folder / CONFIG} already exists and is not part of an export: give another folder, or delete it.")
    folder.mkdir(parents=True, exist_ok=True)
    with atomic_open(folder / EXPORTED) as stream:
        stream.write(text)
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": END_OF_DOCUMENT_TEXT,
        "pad_token": PADDING_TEXT,
        "added_tokens_decoder": {
            str(token): {
                "content": text, "special": True, "normalized": False, "lstrip": False, "rstrip": False, "single_word": False
            }
            for token, text in specials.items()
        },
        "split_special_tokens": True,  # text that spells a special token stays text
        "model_input_names": ["input_ids", "attention_mask"],
        "clean_up_tokenization_spaces": False,  # lossless decoding, spaces before full stops included
    }  # fmt: skip
    write_json(folder / CONFIG, settings)
