"""Verbs that make tokenizers, measure them, and encode the corpus with them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from gqvae.config import CountedTraining, Distillation, Matching, NetworkRun, load_settings
from gqvae.files import write_json, write_rows
from gqvae.verbs.numbers import not_negative, positive

if TYPE_CHECKING:
    from gqvae.corpus.pretokens import PretokenCounts
    from gqvae.tokenizers.base import Tokenizer

Verbs: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # what `add_subparsers` returns


def add_parsers(verbs: Verbs) -> None:
    """Register the verbs of this module."""
    parser = _verb(
        verbs, "train-network", train_network, "train the network of a GQ-VAE or fixed-length tokenizer",
        "gqvae train-network --settings '{\"training\": {\"steps\": 50, \"unquantized_steps\": 30}}' --label gqvae --seed 0 --pretokens results/x/pretokens "
        "--out results/x/networks/gqvae-s0 --state results/x/.state/networks/gqvae-s0",
    )  # fmt: skip
    _settings(parser, "NetworkRun")
    parser.add_argument("--label", default="network", help="what progress lines call the run")
    parser.add_argument("--seed", type=not_negative, default=0, help="seed of weights and batches")
    _folder(parser, "--pretokens", "pre-token counts written by count-pretokens")
    _folder(parser, "--out", "folder of the network")
    _folder(parser, "--state", "folder of the state for resumption; removed on success")
    parser.add_argument("--threads", type=positive, default=1, help="threads torch may use")

    parser = _verb(
        verbs, "distill-vocabulary", distill_vocabulary, "make tokenizers of several sizes from a trained network",
        "gqvae distill-vocabulary --settings '{\"sizes\": [512, 1024]}' --network results/x/networks/gqvae-s0 "
        "--pretokens results/x/pretokens --out results/x/tokenizers/gqvae-s0",
    )  # fmt: skip
    _settings(parser, "Distillation")
    _folder(parser, "--network", "folder of a trained network")
    _folder(parser, "--pretokens", "pre-token counts written by count-pretokens")
    _folder(parser, "--out", "folder for the tokenizers, one folder v<size> each")

    parser = _verb(
        verbs, "make-bytes", make_bytes, "make the tokenizer of single bytes", "gqvae make-bytes --out results/x/tokenizers/bytes"
    )
    _folder(parser, "--out", "folder for the tokenizer's folder v257")

    parser = _verb(
        verbs, "train-counted", train_counted, "make tokenizers of several sizes from counts of pre-tokens, BPE for one",
        "gqvae train-counted --settings '{\"tokenizer\": \"bpe\", \"sizes\": [1024]}' --pretokens results/x/pretokens/train.npz "
        "--out results/x/tokenizers/bpe",
    )  # fmt: skip
    _settings(parser, "CountedTraining")
    parser.add_argument("--pretokens", type=Path, required=True, metavar="NPZ", help="counts of the training text's pre-tokens")
    _folder(parser, "--out", "folder for the tokenizers, one folder v<size> each")

    parser = _verb(
        verbs, "match-compression", match_compression, "search the vocabulary size that compresses as a given tokenizer does",
        "gqvae match-compression --settings '{\"tokenizer\": \"bpe\"}' --target results/x/tokenizers/gqvae-s0/v1024 --pretokens results/x/pretokens "
        "--out results/x/tokenizers/bpe_matched-s0/matched",
    )  # fmt: skip
    _settings(parser, "Matching")
    _folder(parser, "--target", "folder of the tokenizer to match")
    _folder(parser, "--pretokens", "pre-token counts written by count-pretokens")
    _folder(parser, "--out", "folder of the matched tokenizer")

    parser = _verb(
        verbs, "measure-compression", measure_compression, "bytes per token of tokenizers on the validation and test splits",
        "gqvae measure-compression --arm bpe --tokenizers results/x/tokenizers/bpe/v1024 --pretokens results/x/pretokens --out bpe.csv",
    )  # fmt: skip
    parser.add_argument("--arm", required=True, help="name of the arm")
    parser.add_argument("--seed", type=not_negative, default=None, help="seed of the tokenizers, if they have one")
    parser.add_argument("--tokenizers", type=Path, nargs="+", required=True, help="folders of the tokenizers", metavar="DIR")
    _folder(parser, "--pretokens", "pre-token counts written by count-pretokens")
    parser.add_argument("--out", type=Path, required=True, help="table to write", metavar="CSV")

    parser = _verb(
        verbs, "measure-rates", measure_rates, "what the gates do for what they are asked, and how near tokenizers come to a compression",
        "gqvae measure-rates --tokenizers results/x/tokenizers/gqvae-s0/v1024 --bpe results/x/tokenizers/bpe/v1024 "
        "--pretokens results/x/pretokens --out rates.csv",
    )  # fmt: skip
    parser.add_argument(
        "--tokenizers", type=Path, nargs="+", required=True, help="learned tokenizers <family>/<variant>", metavar="DIR"
    )
    _folder(parser, "--bpe", "BPE of the same vocabulary size: compression up to 90 %% of its is asked for")
    _folder(parser, "--pretokens", "pre-token counts written by count-pretokens")
    parser.add_argument("--out", type=Path, required=True, help="table to write", metavar="CSV")

    parser = _verb(
        verbs, "encode-corpus", encode_corpus, "write the token ids of all splits",
        "gqvae encode-corpus --tokenizer results/x/tokenizers/bpe/v1024 --corpus results/x/corpus --out results/x/tokens/bpe/v1024",
    )  # fmt: skip
    _folder(parser, "--tokenizer", "folder of the tokenizer")
    _folder(parser, "--corpus", "corpus written by prepare-corpus")
    _folder(parser, "--out", "folder of the token files")


def _verb(verbs: Verbs, name: str, run: object, help_text: str, example: str) -> argparse.ArgumentParser:
    parser = verbs.add_parser(
        name, help=help_text, description=f"{help_text[0].upper()}{help_text[1:]}.", epilog=f"example: {example}"
    )
    parser.set_defaults(run=run)
    return parser


def _settings(parser: argparse.ArgumentParser, model: str) -> None:
    parser.add_argument("--settings", required=True, help=f"a {model} block: YAML file or JSON (configs/README.md)")


def _folder(parser: argparse.ArgumentParser, flag: str, help_text: str) -> None:
    parser.add_argument(flag, type=Path, required=True, help=help_text, metavar="DIR")


def _counts(folder: Path, split: str) -> PretokenCounts:
    from gqvae.corpus.pretokens import PretokenCounts

    return PretokenCounts.load(folder / f"{split}.npz")


def train_network(arguments: argparse.Namespace) -> None:
    """Train a network, resuming if an earlier process was stopped."""
    run = load_settings(NetworkRun, arguments.settings)
    from gqvae.training.network import train_network as train

    train(
        run,
        _counts(arguments.pretokens, "train"),
        _counts(arguments.pretokens, "valid"),
        seed=arguments.seed,
        label=f"training {arguments.label}",
        out=arguments.out,
        state=arguments.state,
        threads=arguments.threads,
    )


def distill_vocabulary(arguments: argparse.Namespace) -> None:
    """Distil a network into tokenizers."""
    settings = load_settings(Distillation, arguments.settings)
    from gqvae.devices import claim_gpu
    from gqvae.distillation.distill import distill

    claim_gpu()
    for size, tokenizer in distill(arguments.network, settings, _counts(arguments.pretokens, "train")):
        tokenizer.save(arguments.out / f"v{size}")


def make_bytes(arguments: argparse.Namespace) -> None:
    """Write the bytes tokenizer."""
    from gqvae.tokenizers.bytes import BytesTokenizer

    tokenizer = BytesTokenizer()
    tokenizer.save(arguments.out / f"v{tokenizer.vocab_size}")


def train_counted(arguments: argparse.Namespace) -> None:
    """Train at every size."""
    wanted = load_settings(CountedTraining, arguments.settings)
    from gqvae.corpus.pretokens import PretokenCounts
    from gqvae.tokenizers.counted import trainer

    train = trainer(wanted.tokenizer, wanted.settings)
    counts = PretokenCounts.load(arguments.pretokens)
    for size, tokenizer in train(counts, wanted.sizes).items():  # all are made before any is there
        tokenizer.save(arguments.out / f"v{size}")


def match_compression(arguments: argparse.Namespace) -> None:
    """Write the matched tokenizer and how it was found."""
    settings = load_settings(Matching, arguments.settings)
    from gqvae.tokenizers.counted import trainer
    from gqvae.tokenizers.matching import match_compression as match

    train, target = trainer(settings.tokenizer, settings.settings), _load(arguments.target)
    splits = [_counts(arguments.pretokens, split) for split in ("train", "valid")]
    found = match(target, train, settings.match_tolerance, *splits)
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
    from gqvae.measures.compression import COLUMNS, measure

    splits = {split: _counts(arguments.pretokens, split) for split in ("valid", "test")}
    rows = []
    for folder in arguments.tokenizers:
        for row in measure(_load(folder), splits):
            seed = "" if arguments.seed is None else arguments.seed
            rows.append({"arm": arguments.arm, "seed": seed, "variant": folder.name, **row})
    write_rows(arguments.out, COLUMNS, rows)


def measure_rates(arguments: argparse.Namespace) -> None:
    """Write the table of rates asked for and reached."""
    from gqvae.errors import UserError
    from gqvae.measures.rates import measure_rates as measure
    from gqvae.study.layout import split_family
    from gqvae.study.tables import COLUMNS
    from gqvae.tokenizers.learned import LearnedTokenizer

    bpe, train, valid = (
        _load(arguments.bpe),
        _counts(arguments.pretokens, "train"),
        _counts(arguments.pretokens, "valid"),
    )
    rows = []
    for folder in arguments.tokenizers:
        tokenizer = _load(folder)
        if not isinstance(tokenizer, LearnedTokenizer):
            raise UserError(f"{folder} holds a {tokenizer.kind} tokenizer: it has no gates; name folders of learned ones.")
        arm, seed = split_family(folder.parent.name)
        rows += [{"arm": arm, "seed": seed, **row} for row in measure(tokenizer, bpe, train, valid)]
    write_rows(arguments.out, COLUMNS["rates"], rows)


def encode_corpus(arguments: argparse.Namespace) -> None:
    """Write token files of all splits."""
    from gqvae.tokenizers.encode import encode_corpus as encode

    encode(_load(arguments.tokenizer), arguments.corpus, arguments.out)


def _load(folder: Path) -> Tokenizer:
    """The tokenizer in a folder, its network, if it has one and is asked for it, on the GPU if there is one."""
    from gqvae.devices import claim_gpu
    from gqvae.tokenizers.load import load_tokenizer

    tokenizer = load_tokenizer(folder)
    if any(one.encoder == "neural" for one in tokenizer.encoders()):
        claim_gpu()
    return tokenizer.to("auto")
