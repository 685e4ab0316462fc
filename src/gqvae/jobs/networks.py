"""Networks, and the tokenizers made from them."""

from __future__ import annotations

import argparse

from gqvae.config import Distillation, load_settings
from gqvae.corpus.pretokens import PretokenCounts
from gqvae.devices import claim_gpu
from gqvae.errors import UserError
from gqvae.files import write_rows
from gqvae.measures import rates
from gqvae.networks import network_module
from gqvae.study.columns import ON_DEMAND
from gqvae.study.layout import split_family
from gqvae.tokenizers.learned import LearnedTokenizer
from gqvae.tokenizers.load import load_on_device


def train_network(arguments: argparse.Namespace) -> None:
    """Train a network, or resume a stopped run."""
    module = network_module(arguments.network)
    module.train_network(
        load_settings(module.Settings, arguments.settings),
        *(PretokenCounts.of_split(arguments.pretokens, split) for split in ("train", "valid")),
        seed=arguments.seed,
        label=f"training {arguments.label}",
        out=arguments.out,
        state=arguments.state,
        threads=arguments.threads,
    )


def make_tokenizers(arguments: argparse.Namespace) -> None:
    """Make tokenizers of all sizes from a trained network."""
    settings = load_settings(Distillation, arguments.settings)
    claim_gpu()
    counts = PretokenCounts.of_split(arguments.pretokens, "train")
    for size, tokenizer in network_module(arguments.network).make_tokenizers(arguments.trained, settings, counts):
        tokenizer.pretokenizer = counts.pretokenizer
        tokenizer.save(arguments.out / f"v{size}")


def measure_rates(arguments: argparse.Namespace) -> None:
    """Write the table of requested and reached rates."""
    bpe = load_on_device(arguments.bpe)
    train, valid = (PretokenCounts.of_split(arguments.pretokens, split) for split in ("train", "valid"))
    rows = []
    for folder in arguments.tokenizers:
        tokenizer = load_on_device(folder)
        if not isinstance(tokenizer, LearnedTokenizer):
            raise UserError(f"{folder} holds a {tokenizer.kind} tokenizer, which has no gates: name folders of learned ones.")
        arm, seed = split_family(folder.parent.name)
        rows += [{"arm": arm, "seed": seed, **row} for row in rates.measure_rates(tokenizer, bpe, train, valid)]
    write_rows(arguments.out, tuple(ON_DEMAND["rates"]), rows)
