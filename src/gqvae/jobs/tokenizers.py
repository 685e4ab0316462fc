"""Tokenizers made without a network, and the jobs for all tokenizers."""

from __future__ import annotations

import argparse
from importlib import import_module

from gqvae.config import CountedTraining, Matching, load_settings, measures
from gqvae.corpus.pretokens import PretokenCounts
from gqvae.files import write_csv, write_json, write_rows
from gqvae.measures import bytes_per_token
from gqvae.measures.distribution import rank_frequency
from gqvae.measures.encoded_text import EncodedText
from gqvae.tokenizers import encode, matching, token_parts
from gqvae.tokenizers.base import tokenizer_digest
from gqvae.tokenizers.bytes import BytesTokenizer
from gqvae.tokenizers.counted import trainer
from gqvae.tokenizers.load import load_on_device, load_with_encoder


def make_bytes(arguments: argparse.Namespace) -> None:
    """Write the bytes tokenizer."""
    tokenizer = BytesTokenizer()
    tokenizer.save(arguments.out / f"v{tokenizer.vocab_size}")


def train_counted(arguments: argparse.Namespace) -> None:
    """Train a tokenizer of every size."""
    wanted = load_settings(CountedTraining, arguments.settings)
    train = trainer(wanted.tokenizer, wanted.settings)
    counts = PretokenCounts.load(arguments.pretokens)
    for size, tokenizer in train(counts, wanted.sizes).items():  # all are trained before any is saved
        tokenizer.save(arguments.out / f"v{size}")


def match_compression(arguments: argparse.Namespace) -> None:
    """Write the matched tokenizer and the record of the search."""
    settings = load_settings(Matching, arguments.settings)
    train, target = trainer(settings.tokenizer, settings.settings), load_on_device(arguments.target)
    splits = [PretokenCounts.of_split(arguments.pretokens, split) for split in ("train", "valid")]
    found = matching.match_compression(target, train, settings.match_tolerance, *splits)
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
    splits = {split: PretokenCounts.of_split(arguments.pretokens, split) for split in ("valid", "test")}
    rows = []
    for folder in arguments.tokenizers:
        for row in bytes_per_token.measure(load_on_device(folder), splits):
            seed = "" if arguments.seed is None else arguments.seed
            rows.append({"arm": arguments.arm, "seed": seed, "variant": folder.name, **row})
    write_rows(arguments.out, bytes_per_token.COLUMNS, rows)


def encode_corpus(arguments: argparse.Namespace) -> None:
    """Write token files of all splits, or of a shard of each."""
    digest = tokenizer_digest(arguments.tokenizer)
    encode.encode_corpus(load_on_device(arguments.tokenizer), digest, arguments.corpus, arguments.out, arguments.shard)


def merge_tokens(arguments: argparse.Namespace) -> None:
    """Join the token files of all shards."""
    token_parts.merge_tokens(arguments.parts, arguments.corpus, arguments.out)


def borrow_tokenizer(arguments: argparse.Namespace) -> None:
    """Copy another arm's tokenizer, optionally with its other encoder."""
    load_with_encoder(arguments.tokenizer, arguments.encoder).save(arguments.out)


def measure_distribution(arguments: argparse.Namespace) -> None:
    """Write the distribution of a tokenizer's tokens: the rank-frequency curve and the scalar measures."""
    text = EncodedText(arguments.tokens)
    facts = {name: import_module(f"gqvae.measures.{name}").of(text) for name in measures("tokens")}
    write_csv(rank_frequency(text.counts), arguments.out / "rank_frequency.csv")
    write_json(arguments.out / "distribution.json", {"vocab_size": len(text.counts), "tokens": int(text.counts.sum()), **facts})
