"""Networks, and the tokenizers made from them."""

from __future__ import annotations

import argparse

from gqvae.config import Distillation, NetworkRun, load_settings
from gqvae.corpus.pretokens import PretokenCounts
from gqvae.devices import claim_gpu
from gqvae.distillation.distill import distill
from gqvae.errors import UserError
from gqvae.files import write_rows
from gqvae.measures import rates
from gqvae.study.columns import ON_DEMAND
from gqvae.study.layout import split_family
from gqvae.tokenizers.learned import LearnedTokenizer
from gqvae.tokenizers.load import load_on_device
from gqvae.training import network


def train_network(arguments: argparse.Namespace) -> None:
    """Train a network, resuming if an earlier process was stopped."""
    run = load_settings(NetworkRun, arguments.settings)
    network.train_network(
        run,
        PretokenCounts.of_split(arguments.pretokens, "train"),
        PretokenCounts.of_split(arguments.pretokens, "valid"),
        seed=arguments.seed,
        label=f"training {arguments.label}",
        out=arguments.out,
        state=arguments.state,
        threads=arguments.threads,
    )


def distill_vocabulary(arguments: argparse.Namespace) -> None:
    """Distil a network into tokenizers."""
    settings = load_settings(Distillation, arguments.settings)
    claim_gpu()
    for size, tokenizer in distill(arguments.network, settings, PretokenCounts.of_split(arguments.pretokens, "train")):
        tokenizer.save(arguments.out / f"v{size}")


def measure_rates(arguments: argparse.Namespace) -> None:
    """Write the table of rates asked for and reached."""
    bpe, train, valid = (
        load_on_device(arguments.bpe),
        PretokenCounts.of_split(arguments.pretokens, "train"),
        PretokenCounts.of_split(arguments.pretokens, "valid"),
    )
    rows = []
    for folder in arguments.tokenizers:
        tokenizer = load_on_device(folder)
        if not isinstance(tokenizer, LearnedTokenizer):
            raise UserError(f"{folder} holds a {tokenizer.kind} tokenizer: it has no gates; name folders of learned ones.")
        arm, seed = split_family(folder.parent.name)
        rows += [{"arm": arm, "seed": seed, **row} for row in rates.measure_rates(tokenizer, bpe, train, valid)]
    write_rows(arguments.out, tuple(ON_DEMAND["rates"]), rows)
