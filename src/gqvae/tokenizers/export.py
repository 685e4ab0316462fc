"""Exports a tokenizer as the files that `tokenizers.Tokenizer.from_file` and `transformers.AutoTokenizer` load without our code.

Our pre-tokenizer's regular expression splits the text, and bytes become the byte-level alphabet. The model depends on the kind:

* Fewest tokens (`bytes`, `distilled`, `pathpiece`): a Unigram model with score −1 for every token: the best path is the shortest.
  Its Viterbi search visits starts from left to right and keeps the first of equal paths, as ours does, so ties agree.
* `unigram`: a Unigram model with the trained scores. sentencepiece sums them in 32 bits, `tokenizers` in 64, so ids may differ in
  the rare case that two segmentations of a pre-token are equally probable except for rounding.
* Merges (`bpe`): a BPE model that lists, for each piece in training order, every pair of pieces that makes it, because
  sentencepiece merges by piece, not by pair.

`tokenizers` 1 takes GPT-2's expression only as it was published, and the byte-level alphabet only with BPE. The format
`tokenizers-1` obeys both (`characters.py`), and older versions load it, too.

Special tokens are vocabulary entries that no segmentation contains, so text that spells them is encoded as text. They are special
tokens for `transformers`, which also splits text that spells them (`split_special_tokens`). See docs/exports.md.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any, Literal

import tokenizers
from tokenizers import Regex, decoders, models, pre_tokenizers

from gqvae.corpus.pretokenizers import pretokenizer
from gqvae.errors import UserError
from gqvae.files import atomic_open, read_json, write_json
from gqvae.tokenizers.base import EXPORTED, Tokenizer
from gqvae.tokenizers.byte_level import to_text
from gqvae.tokenizers.characters import OTHERWISE, character_model
from gqvae.tokenizers.special_tokens import SpecialTokens, special_tokens

CONFIG = "tokenizer_config.json"
LONGEST_TOKEN = 1 << 13  # bytes; `tokenizers` recurses once for each and would crash somewhere above 65,536
OTHER_EXPORT = (  # ends a sentence about a file that an export would have to replace
    "holds an export with other strings or special tokens: give another folder or the options of that export, or delete the file."
)
KEPT = ("chat_template", "model_max_length")  # what users add to the configuration

Format = Literal["tokenizers", "tokenizers-1"]

logger = logging.getLogger("gqvae")


def fast_tokenizer(
    tokenizer: Tokenizer, specials: SpecialTokens | None = None, form: Format = "tokenizers"
) -> tokenizers.Tokenizer:
    """A tokenizer of the library `tokenizers` with the same ids; special tokens are entries of the vocabulary.

    A learned tokenizer is exported with its distilled encoder, because gates need the network.

    Raises:
        UserError: `tokenizers`, or its version 1, has no such segmentation.
    """
    specials = specials or special_tokens(tokenizer.vocab_size)
    longest = max(map(len, tokenizer.strings), default=0)
    if longest > LONGEST_TOKEN:
        raise UserError(
            f"a token of {longest:,} bytes is too long for `tokenizers`, which takes {LONGEST_TOKEN:,} at most: train shorter ones."
        )
    scores = tokenizer.scores()
    if scores is None and all(one.segmentation == "own" for one in tokenizer.encoders()):
        raise UserError(f"a tokenizer of kind {tokenizer.kind} has no counterpart in `tokenizers`: it cannot be exported.")
    split = _split(tokenizer, form)
    if form == "tokenizers-1" and tokenizer.segmentation != "merges":
        if scores is not None:
            raise UserError(f"tokenizers 1 has no counterpart to a tokenizer of kind {tokenizer.kind} over bytes: {OTHERWISE}")
        fast = tokenizers.Tokenizer(character_model(tokenizer, specials))
        fast.pre_tokenizer = split
        fast.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Fuse()])
        return fast
    words = specials.placed([to_text(string) for string in tokenizer.token_bytes], str)
    model: models.Model
    if tokenizer.segmentation == "merges":
        model = models.BPE(vocab={word: place for place, word in enumerate(words)}, merges=_merges(tokenizer))
    else:
        scores = scores or [-1.0] * tokenizer.vocab_size
        lowest = min(scores)
        # A special token scores worse than the bytes of its text, should a pre-token spell it.
        scores = specials.placed(scores, lambda text: lowest * (1 + len(text.encode("utf-8"))))
        model = models.Unigram(list(zip(words, scores, strict=True)))
    fast = tokenizers.Tokenizer(model)
    fast.pre_tokenizer = pre_tokenizers.Sequence([split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    fast.decoder = decoders.ByteLevel()
    return fast


def _split(tokenizer: Tokenizer, form: Format) -> pre_tokenizers.Split:
    """The step that cuts text into pre-tokens."""
    ours = pretokenizer(tokenizer.pretokenizer)
    if form == "tokenizers":
        return pre_tokenizers.Split(Regex(ours.expression("\\x{{{:x}}}".format)), "isolated")
    if not ours.published:
        raise UserError(f"tokenizers 1 does not know the pre-tokenizer {ours.name}: {OTHERWISE}")
    return pre_tokenizers.Split(Regex(ours.published), "isolated")


def _merges(tokenizer: Tokenizer) -> list[tuple[str, str]]:
    """Every pair of tokens that makes a longer one, in the order in which the longer ones were learned."""
    known = set(tokenizer.token_bytes)
    return [
        (to_text(string[:cut]), to_text(string[cut:]))
        for string in tokenizer.strings
        for cut in range(1, len(string))
        if string[:cut] in known and string[cut:] in known
    ]


def export(
    tokenizer: Tokenizer,
    folder: Path,
    specials: SpecialTokens | None = None,
    form: Format = "tokenizers",
    *,
    parse_special: bool = False,
) -> None:
    """Write a folder that `tokenizers` and `transformers` load; it may be the tokenizer's folder.

    A tokenizer with the neural encoder is exported with the distilled one, and a warning is logged.

    Args:
        tokenizer: the tokenizer.
        folder: where the files go.
        specials: the special tokens (None: end of document and padding).
        form: the versions of `tokenizers` to serve: those before 1, or all.
        parse_special: text that spells a special token becomes that token, as chat templates need.

    Raises:
        UserError: a token is the text of a special token, or the folder holds another exported tokenizer.
    """
    specials = specials or special_tokens(tokenizer.vocab_size)
    check_texts(tokenizer, specials)
    if tokenizer.encoder == "neural":
        logger.warning("%s is exported with the distilled encoder (fewest tokens), because gates need the network", folder)
    if tokenizer.scores() is not None:
        logger.warning("%s: other libraries may choose differently between equally probable segmentations", folder)
    fast = fast_tokenizer(tokenizer, specials, form)
    if parse_special:
        fast.add_special_tokens([tokenizers.AddedToken(text, special=True, normalized=False) for text in specials.ids])
    text = fast.to_str()
    kept = _kept(folder, text)
    folder.mkdir(parents=True, exist_ok=True)
    with atomic_open(folder / EXPORTED) as stream:
        stream.write(text)
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        **{f"{role}_token": text for role, text in specials.roles.items()},
        "added_tokens_decoder": {
            str(token): {
                "content": text, "special": True, "normalized": False, "lstrip": False, "rstrip": False, "single_word": False
            }
            for text, token in specials.ids.items()
        },
        # transformers 5 also reads `extra_special_tokens`, but 4.57 takes that for something else.
        **({"additional_special_tokens": specials.others} if specials.others else {}),
        "split_special_tokens": not parse_special,  # text that spells a special token stays text
        "model_input_names": ["input_ids", "attention_mask"],
        "clean_up_tokenization_spaces": False,  # lossless decoding, spaces before full stops included
    }  # fmt: skip
    write_json(folder / CONFIG, {**kept, **settings})


def check_texts(tokenizer: Tokenizer, specials: SpecialTokens) -> None:
    """Raise a `UserError` if a token reads as a special token, in any format."""
    tokens = {text for string in tokenizer.token_bytes for text in (to_text(string), string.decode("utf-8", "replace"))}
    for text in specials.ids:
        if text in tokens or (text.startswith("<0x") and len(text) == 6):
            raise UserError(f"The vocabulary holds {text!r}, the name of a special token: give that another text (--special).")


def _kept(folder: Path, text: str) -> dict[str, Any]:
    """What stays in the configuration of a folder that holds this tokenizer already, perhaps saved by `transformers`.

    Raises:
        UserError: the folder holds another tokenizer, or this one with other special tokens.
    """
    if not (folder / EXPORTED).exists():
        if (folder / CONFIG).exists():
            raise UserError(f"{folder / CONFIG} already exists and is not part of an export: give another folder, or delete it.")
        return {}
    model = json.loads(text)["model"]
    try:
        held = read_json(folder / EXPORTED)
        added = {one["content"] for one in held["added_tokens"]}
        same = held["model"] == model and added <= _words(model)
    except (UserError, KeyError, TypeError):
        raise UserError(f"{folder / EXPORTED} already holds another tokenizer: give another folder, or delete it.") from None
    if not same:
        raise UserError(f"{folder / EXPORTED} {OTHER_EXPORT}")
    config = read_json(folder / CONFIG) if (folder / CONFIG).exists() else {}
    return {name: config[name] for name in KEPT if name in config}


def _words(model: dict[str, Any]) -> set[str]:
    """The texts of all entries of a vocabulary: a dictionary of ids, or pairs of text and score."""
    vocabulary = model["vocab"]
    return set(vocabulary) if isinstance(vocabulary, dict) else {word for word, _ in vocabulary}
