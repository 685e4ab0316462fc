"""Tokenizers made without a network, and the jobs for all tokenizers."""

from __future__ import annotations

import argparse
import math
from importlib import import_module

from gqvae.config import CountedTraining, Matching, load_settings, measures
from gqvae.corpus.beginning import beginning
from gqvae.corpus.documents import DocumentStore
from gqvae.corpus.pretokenizers import WHOLE
from gqvae.corpus.pretokens import PretokenCounts, count_pretokens
from gqvae.errors import UserError
from gqvae.files import write_csv, write_json, write_rows
from gqvae.measures import bytes_per_token, segmentations, speed
from gqvae.measures.distribution import rank_frequency
from gqvae.measures.encoded_text import EncodedText
from gqvae.study.columns import SEGMENTATIONS
from gqvae.study.layout import split_family
from gqvae.tokenizers import encode, matching, token_parts
from gqvae.tokenizers.base import Tokenizer, tokenizer_digest
from gqvae.tokenizers.bytes import BytesTokenizer
from gqvae.tokenizers.counted import trainer, warn_unfilled
from gqvae.tokenizers.load import load_on_device, load_tokenizer, load_with_encoder


def make_bytes(arguments: argparse.Namespace) -> None:
    """Write the bytes tokenizer."""
    tokenizer = BytesTokenizer()
    tokenizer.save(arguments.out / f"v{tokenizer.vocab_size}")


def train_counted(arguments: argparse.Namespace) -> None:
    """Train a tokenizer of every size."""
    wanted = load_settings(CountedTraining, arguments.settings)
    train = trainer(wanted.tokenizer, wanted.settings)
    counts = PretokenCounts.load(arguments.pretokens)
    made = train(counts, wanted.sizes)
    warn_unfilled(made)
    for size, tokenizer in made.items():  # all are trained before any is saved
        tokenizer.save(arguments.out / f"v{size}")


def match_compression(arguments: argparse.Namespace) -> None:
    """Write the matched tokenizer and the record of the search."""
    settings = load_settings(Matching, arguments.settings)
    train, target = trainer(settings.tokenizer, settings.settings), load_on_device(arguments.target)
    counts, valid = (PretokenCounts.of_split(arguments.pretokens, split) for split in ("train", "valid"))
    seen = _seen_by(target, "valid", arguments)
    found = matching.match_compression(target, train, settings.match_tolerance, counts, valid, seen)
    write_json(
        arguments.out / "matching.json",
        {
            "target": f"{arguments.target.parent.name}/{arguments.target.name}",
            "target_bytes_per_token": found.target_bytes_per_token,
            "bytes_per_token": found.bytes_per_token,
            "relative_difference": found.relative_difference,
            "vocab_size": found.tokenizer.vocab_size,
            "within_tolerance": found.within_tolerance,
            "tolerance": settings.match_tolerance,
            "tried": found.tried,
        },
    )
    found.tokenizer.save(arguments.out)


def measure_compression(arguments: argparse.Namespace) -> None:
    """Write the compression table of one family."""
    rows, splits = [], None
    for folder in arguments.tokenizers:
        tokenizer = load_on_device(folder)
        splits = splits or {split: _seen_by(tokenizer, split, arguments) for split in ("valid", "test")}  # all see the same
        for row in bytes_per_token.measure(tokenizer, splits):
            seed = "" if arguments.seed is None else arguments.seed
            rows.append({"arm": arguments.arm, "seed": seed, "variant": folder.name, **row})
    write_rows(arguments.out, bytes_per_token.COLUMNS, rows)


def _seen_by(tokenizer: Tokenizer, split: str, arguments: argparse.Namespace) -> PretokenCounts:
    """A split as a tokenizer sees it: the study's pre-tokens, or whole documents if its pre-tokens are its own."""
    if tokenizer.pretokenizer != WHOLE:
        return PretokenCounts.of_split(arguments.pretokens, split)
    if arguments.corpus is None:
        raise UserError(f"The {tokenizer.kind} tokenizer reads whole documents: give --corpus as well.")
    return count_pretokens(DocumentStore.open(arguments.corpus, split), WHOLE)


def encode_corpus(arguments: argparse.Namespace) -> None:
    """Write token files of all splits, or of a shard of each."""
    digest = tokenizer_digest(arguments.tokenizer)
    encode.encode_corpus(load_on_device(arguments.tokenizer), digest, arguments.corpus, arguments.out, arguments.shard)


def merge_tokens(arguments: argparse.Namespace) -> None:
    """Join the token files of all shards."""
    token_parts.merge_tokens(arguments.parts, arguments.corpus, arguments.out)


def import_tokenizer(arguments: argparse.Namespace) -> None:
    """Copy a tokenizer of another program into a folder of this one, if the beginning of a corpus comes back from its tokens."""
    from gqvae.tokenizers.external import read_external, require_text_back

    tokenizer = read_external(arguments.tokenizer, arguments.pattern or None)
    if arguments.corpus is not None:
        require_text_back(tokenizer, str(arguments.tokenizer), arguments.corpus)
    tokenizer.save(arguments.out)


def borrow_tokenizer(arguments: argparse.Namespace) -> None:
    """Copy another arm's tokenizer, optionally with its other encoder."""
    load_with_encoder(arguments.tokenizer, arguments.encoder).save(arguments.out)


def measure_speed(arguments: argparse.Namespace) -> None:
    """Write how fast tokenizers encode the beginning of the test split, each on one core."""
    names = {"/".join(folder.resolve().parts[-2:]): folder for folder in arguments.tokenizers}
    if arguments.baseline is not None and arguments.baseline not in names.values():
        raise UserError(f"{arguments.baseline} is not among --tokenizers: add it, since all are timed in one process.")
    documents = beginning(DocumentStore.open(arguments.corpus, "test"), speed.BYTES)
    write_rows(arguments.out, speed.COLUMNS, speed.speeds(names, documents, arguments.baseline))


def segment_sentence(arguments: argparse.Namespace) -> None:
    """Write how the tokenizers of a study split one sentence of the test split."""
    counts = PretokenCounts.of_split(arguments.pretokens, "train")
    text = segmentations.sentence(DocumentStore.open(arguments.corpus, "test"), counts)
    rows = []
    for folder in arguments.tokenizers:
        arm, seed = split_family(folder.resolve().parent.name)
        rows.append({"arm": arm, "seed": "" if seed is None else seed, **segmentations.segmented(load_tokenizer(folder), text)})
    write_rows(arguments.out, tuple(SEGMENTATIONS), rows)


def measure_distribution(arguments: argparse.Namespace) -> None:
    """Write the rank-frequency curve of a tokenizer's tokens, and the measures of tokenizers."""
    text = EncodedText(arguments.tokens, arguments.tokenizer, arguments.corpus)
    values = {name: import_module(f"gqvae.measures.{name}").of(text) for name in measures("tokens")}
    facts = {name: None if math.isnan(value) else value for name, value in values.items()}
    write_csv(rank_frequency(text.counts), arguments.out / "rank_frequency.csv")
    write_json(arguments.out / "distribution.json", {"vocab_size": len(text.counts), "tokens": int(text.counts.sum()), **facts})
