"""Verbs that make tokenizers, measure them, and encode the corpus with them."""

from __future__ import annotations

from pathlib import Path

from gqvae.verbs.parsers import (
    PARTS,
    PATTERN,
    SHARD,
    STATE,
    THREADS,
    Verbs,
    add_verb,
    argument,
    file,
    folder,
    folders,
    not_negative,
    settings,
)

CORPUS = folder("--corpus", "corpus written by prepare-corpus")
COUNTS = folder("--pretokens", "pre-token counts written by count-pretokens")
DOCUMENTS = argument("--corpus", type=Path, metavar="DIR", help="corpus written by prepare-corpus, for external tokenizers")
NETWORK = argument("--network", default="gqvae", help="a module of gqvae/networks (%(default)s)")
SEVERAL = folder("--out", "folder for the tokenizers, one folder v<size> each")
TABLE = file("--out", "CSV", "table to write")
TOKENIZER = folder("--tokenizer", "folder of the tokenizer")
TOKENS = folder("--out", "folder of the token files")


def add_parsers(verbs: Verbs) -> None:
    """Register the verbs of this module."""
    add_verb(
        verbs, "networks.train_network", "train the network of a GQ-VAE or fixed-length tokenizer",
        "--settings '{\"training\": {\"steps\": 50, \"unquantized_steps\": 30}}' --label gqvae --seed 0 "
        "--pretokens results/x/pretokens --out results/x/networks/gqvae-s0 --state results/x/.state/networks/gqvae-s0",
        NETWORK,
        argument("--settings", required=True, metavar="FILE|JSON", help="settings of that module; NetworkRun for gqvae"),
        argument("--label", default="network", help="name of the run in progress lines"),
        argument("--seed", type=not_negative, default=0, help="seed of weights and batches"),
        COUNTS, folder("--out", "folder of the network"), STATE, THREADS,
    )  # fmt: skip
    add_verb(
        verbs, "networks.make_tokenizers", "make tokenizers of several sizes from a trained network",
        "--settings '{\"sizes\": [512, 1024]}' --trained results/x/networks/gqvae-s0 --pretokens results/x/pretokens "
        "--out results/x/tokenizers/gqvae-s0",
        NETWORK, settings("Distillation"), folder("--trained", "folder of a trained network"), COUNTS, SEVERAL,
    )  # fmt: skip
    add_verb(
        verbs, "networks.measure_rates",
        "measure how closely gates follow requested rates, and how closely tokenizers reach a requested compression",
        "--tokenizers results/x/tokenizers/gqvae-s0/v1024 --bpe results/x/tokenizers/bpe/v1024 "
        "--pretokens results/x/pretokens --out rates.csv",
        folders("--tokenizers", "learned tokenizers <family>/<variant>"),
        folder("--bpe", "BPE of the same vocabulary size; up to 90 %% of its compression is requested"),
        COUNTS, TABLE,
    )  # fmt: skip
    add_verb(
        verbs, "tokenizers.make_bytes", "make the tokenizer of single bytes", "--out results/x/tokenizers/bytes",
        folder("--out", "folder for the tokenizer's folder v257"),
    )  # fmt: skip
    add_verb(
        verbs, "tokenizers.train_counted", "make tokenizers of several sizes from pre-token counts, e.g. BPE",
        "--settings '{\"tokenizer\": \"bpe\", \"sizes\": [1024]}' --pretokens results/x/pretokens/train.npz "
        "--out results/x/tokenizers/bpe",
        settings("CountedTraining"), file("--pretokens", "NPZ", "counts of the training text's pre-tokens"), SEVERAL,
    )  # fmt: skip
    add_verb(
        verbs, "tokenizers.match_compression", "search for the vocabulary size that matches a tokenizer's compression",
        "--settings '{\"tokenizer\": \"bpe\"}' --target results/x/tokenizers/gqvae-s0/v1024 --pretokens results/x/pretokens "
        "--out results/x/tokenizers/bpe_matched-s0/matched",
        settings("Matching"), folder("--target", "folder of the tokenizer to match"),
        COUNTS, DOCUMENTS, folder("--out", "folder of the matched tokenizer"),
    )  # fmt: skip
    add_verb(
        verbs, "tokenizers.import_tokenizer", "copy the tokenizer of another program, to be an arm of a study",
        "--tokenizer other/tokenizer.json --out results/x/tokenizers/other/external",
        argument("--tokenizer", type=Path, required=True, metavar="FILE", help="tokenizer.json or its folder, .tiktoken, .model"),
        PATTERN,
        argument("--corpus", type=Path, metavar="DIR", help="corpus for language models: its text must come back from the tokens"),
        folder("--out", "folder of the copy"),
    )  # fmt: skip
    add_verb(
        verbs, "tokenizers.borrow_tokenizer", "copy the tokenizer of another arm or study, optionally with another encoder",
        "--tokenizer results/x/tokenizers/gqvae-s0/v1024 --encoder distilled --out results/x/tokenizers/gqvae_distilled-s0/v1024",
        TOKENIZER,
        argument("--encoder", choices=("neural", "distilled"), help="of a learned tokenizer (default: the saved one)"),
        folder("--out", "folder of the copy"),
    )  # fmt: skip
    add_verb(
        verbs, "tokenizers.measure_compression", "bytes per token of tokenizers on the validation and test splits",
        "--arm bpe --tokenizers results/x/tokenizers/bpe/v1024 --pretokens results/x/pretokens --out bpe.csv",
        argument("--arm", required=True, help="name of the arm"),
        argument("--seed", type=not_negative, help="seed of the tokenizers, if they have one"),
        folders("--tokenizers", "folders of the tokenizers"),
        COUNTS, DOCUMENTS, TABLE,
    )  # fmt: skip
    add_verb(
        verbs, "tokenizers.encode_corpus", "write the token ids of all splits",
        "--tokenizer results/x/tokenizers/bpe/v1024 --corpus results/x/corpus --out results/x/tokens/bpe/v1024",
        TOKENIZER, CORPUS, SHARD, TOKENS,
    )  # fmt: skip
    add_verb(
        verbs, "tokenizers.merge_tokens", "join the token ids of all shards of a corpus",
        "--corpus results/x/corpus --parts shards/1-of-2 shards/2-of-2 --out results/x/tokens/bpe/v1024",
        CORPUS, PARTS, TOKENS,
    )  # fmt: skip
    add_verb(
        verbs, "tokenizers.measure_speed", "time how fast tokenizers encode the test split, all in one process",
        "--tokenizers results/x/tokenizers/bpe/v1024 results/x/tokenizers/gqvae-s0/v1024 --baseline results/x/tokenizers/bpe/v1024 "
        "--corpus results/x/corpus --out speed.csv",
        folders("--tokenizers", "folders of the tokenizers"),
        argument("--baseline", type=Path, metavar="DIR", help="one of them, to which the others are compared"),
        CORPUS, TABLE,
    )  # fmt: skip
    add_verb(
        verbs, "tokenizers.segment_sentence", "write how tokenizers split one sentence of the test split",
        "--tokenizers results/x/tokenizers/bpe/v1024 results/x/tokenizers/gqvae-s0/v1024 --corpus results/x/corpus "
        "--pretokens results/x/pretokens --out segmentations.csv",
        folders("--tokenizers", "tokenizers <family>/<variant>"), CORPUS, COUNTS, TABLE,
    )  # fmt: skip
    add_verb(
        verbs, "tokenizers.measure_distribution",
        "measure how a tokenizer spreads a corpus over its vocabulary, how well bigram counts predict its tokens, and what edits change",
        "--tokens results/x/tokens/bpe/v1024 --tokenizer results/x/tokenizers/bpe/v1024 --corpus results/x/corpus "
        "--out results/x/distribution/bpe-v1024",
        folder("--tokens", "folder of the corpus encoded by the tokenizer"), TOKENIZER, CORPUS,
        folder("--out", "folder for rank_frequency.csv and distribution.json"),
    )  # fmt: skip
