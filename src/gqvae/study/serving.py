"""What it costs to use a language model, beside its loss: operations of inference on a byte of text, and the speed of its tokenizer."""

from __future__ import annotations

import pandas as pd

from gqvae.study.columns import COLUMNS

PASSES = 3  # training costs three forward passes: the backward pass has twice the operations of the forward pass


def serving_table(learnability: pd.DataFrame, model_sizes: pd.DataFrame, speed: pd.DataFrame | None = None) -> pd.DataFrame:
    """A row for each arm, seed and size of model, after the most training text. `model_sizes` is empty if there is one size.

    FLOPs per token: 2·(N + V·D) + 2·L·D·(T + 1) for the transformer, a third of what training takes on a token
    (`Model.flops_per_token`). First term: two operations for each of the N non-embedding weights and of the output head, so the
    vocabulary counts; looking up an embedding is free. Second: attention to the (T + 1)/2 positions that a token sees on average
    in a window of T. After Kaplan et al. (arXiv 2001.08361, §2.1), who leave the head out. Norms, softmax and sampling are left
    out. So is the overlap of the windows that the loss is measured on: here, text is read once.

    Tokens per byte: tokens of the test split, ends of documents included, ÷ UTF-8 bytes. FLOPs per byte: their product.

    Speeds are those of the tokenizers (`gqvae.measures.speed`), the same for every size of model; missing without `speed`.
    """
    runs = model_sizes if len(model_sizes) else learnability[learnability["train_bytes"] == learnability["train_bytes"].max()]
    table = runs.assign(
        tokens_per_byte=runs["test_tokens"] / runs["test_bytes"],
        flops_per_token=runs["flops"] / runs["tokens"] / PASSES,
    )
    table = table.assign(flops_per_byte=table["flops_per_token"] * table["tokens_per_byte"])
    if speed is not None:
        table = table.merge(speed, on="tokenizer", how="left")
    return table.reindex(columns=list(COLUMNS["serving"]))
