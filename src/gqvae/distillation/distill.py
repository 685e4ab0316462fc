"""Distils tokenizers from a network: decode each code, keep distinct strings, prune to each vocabulary size, set the rate."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

from gqvae.config import Distillation
from gqvae.corpus.pretokens import PretokenCounts
from gqvae.distillation.rates import MEASURED_PRETOKENS, RateDial
from gqvae.tokenizers.learned import Compression, LearnedTokenizer
from gqvae.tokenizers.network_files import NetworkFile, trained_strings
from gqvae.vocabularies.pruning import prune

TOLERANCE = 0.02  # relative difference from the requested compression that triggers a warning

logger = logging.getLogger("gqvae")


def distill(folder: Path, settings: Distillation, train: PretokenCounts) -> Iterator[tuple[int, LearnedTokenizer]]:
    """Tokenizers of every requested size from the network in `folder`.

    Ids are ordered by use: the string that the fewest-tokens segmentation of the training split uses most comes first. The gates
    are set to the requested compression, or else to the rate with the fewest tokens, as measured on the training split.
    """
    train = train.beginnings()
    file = NetworkFile.of(folder)
    file.to("auto")
    codes = file.network.code_strings()
    # Includes the strings of dropped codes: no span equals them at the rates tried, but a vocabulary may still use them.
    trained = trained_strings(folder)
    candidates = {string for string in trained if len(string) > 1}
    different = len(set(trained))
    logger.info("%d codes decode to %d different strings, %d of two or more bytes", len(trained), different, len(candidates))
    vocabularies = prune(candidates, train.pairs(), settings.sizes)
    dial = RateDial(file.network, codes, train)
    length = train.total_bytes / train.total  # mean bytes of a pre-token
    asked = settings.bytes_per_token
    if settings.tokens_per_pretoken is not None:
        asked = length / settings.tokens_per_pretoken
    for size, strings in sorted(vocabularies.items()):
        setting = dial.best(strings) if asked is None else dial.nearest(strings, length / asked)
        reached = length / setting.tokens_per_pretoken
        if asked is not None and abs(reached / asked - 1) > TOLERANCE:
            logger.warning("vocabulary of %d: %s", size, _missed(asked, reached))
        tokenizer = LearnedTokenizer(strings, codes, file, settings.encoder, size, setting.rate)
        if tokenizer.vocab_size < size:
            held = f"the codebook holds strings for only {tokenizer.vocab_size}: train more codes to fill it"
            logger.warning("vocabulary of %d requested, but %s", size, held)
        if asked is not None:
            tokenizer.compression = Compression(asked, reached)
        tokenizer.pretokenizer = train.pretokenizer
        tokenizer.remember(train.pretokens[:MEASURED_PRETOKENS], dial.cut(setting.rate))
        yield size, tokenizer


def _missed(asked: float, reached: float) -> str:
    """A warning that the gates do not come near a requested compression, in bytes per token."""
    advice = (
        "ask for less, train longer or make the vocabulary larger" if asked > reached else "ask for more, or widen network.rates"
    )
    return f"{asked:.3f} bytes per token asked for, but {reached:.3f} is the nearest that this network reaches: {advice}"
