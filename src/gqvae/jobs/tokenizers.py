"""Tokenizers made without a network, and what is done with every tokenizer."""

from __future__ import annotations

import argparse

from gqvae.config import CountedTraining, Matching, load_settings
from gqvae.corpus.pretokens import PretokenCounts
from gqvae.errors import UserError
from gqvae.files import write_csv, write_json, write_rows
from gqvae.measures import compression, distribution
from gqvae.measures.ngrams import count_pairs, predictability
from gqvae.tokenizers import encode, matching
from gqvae.tokenizers.base import tokenizer_digest
from gqvae.tokenizers.bytes import BytesTokenizer
from gqvae.tokenizers.counted import trainer
from gqvae.tokenizers.load import load_on_device, load_with_encoder
from gqvae.tokenizers.token_files import TokenFile


def make_bytes(arguments: argparse.Namespace) -> None:
    """Write the bytes tokenizer."""
    tokenizer = BytesTokenizer()
    tokenizer.save(arguments.out / f"v{tokenizer.vocab_size}")


def train_counted(arguments: argparse.Namespace) -> None:
    """Train at every size."""
    wanted = load_settings(CountedTraining, arguments.settings)
    train = trainer(wanted.tokenizer, wanted.settings)
    counts = PretokenCounts.load(arguments.pretokens)
    for size, tokenizer in train(counts, wanted.sizes).items():  # all are made before any is there
        tokenizer.save(arguments.out / f"v{size}")


def match_compression(arguments: argparse.Namespace) -> None:
    """Write the matched tokenizer and how it was found."""
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
        for row in compression.measure(load_on_device(folder), splits):
            seed = "" if arguments.seed is None else arguments.seed
            rows.append({"arm": arguments.arm, "seed": seed, "variant": folder.name, **row})
    write_rows(arguments.out, compression.COLUMNS, rows)


def encode_corpus(arguments: argparse.Namespace) -> None:
    """Write token files of all splits."""
    digest = tokenizer_digest(arguments.tokenizer)
    encode.encode_corpus(load_on_device(arguments.tokenizer), digest, arguments.corpus, arguments.out)


def borrow_tokenizer(arguments: argparse.Namespace) -> None:
    """Write another arm's tokenizer, perhaps with its other encoder."""
    load_with_encoder(arguments.tokenizer, arguments.encoder).save(arguments.out)


def measure_distribution(arguments: argparse.Namespace) -> None:
    """Write how a tokenizer's tokens are distributed: the curve of ranks, and single numbers."""
    counts = distribution.count_tokens(arguments.tokens)
    if not counts.any():
        raise UserError(f"{arguments.tokens} holds no training tokens: delete it and run again.")
    pairs = (
        count_pairs(TokenFile.open(arguments.tokens, split), f"{arguments.tokens / split}.bin") for split in ("train", "test")
    )
    facts = {
        "vocab_size": len(counts),
        "tokens": int(counts.sum()),
        "vocabulary_used": distribution.vocabulary_used(counts),
        "renyi_efficiency": distribution.renyi_efficiency(counts),
        **predictability(*pairs),
    }
    write_csv(distribution.rank_frequency(counts), arguments.out / "rank_frequency.csv")
    write_json(arguments.out / "distribution.json", facts)
