"""Tokenizers trained only from pre-token counts, looked up by the name of their module.

Such a module of this package has `Settings`, a block; `train(counts, sizes, settings)`, a tokenizer for each vocabulary size; and
a `Tokenizer` whose `kind` is the module's name (docs/extending.md).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, TypeAlias

from gqvae.config import Arm, CountedArm, parse
from gqvae.corpus.pretokens import PretokenCounts
from gqvae.errors import UserError
from gqvae.tokenizers.base import Tokenizer

Trainer: TypeAlias = Callable[[PretokenCounts, Sequence[int]], dict[int, Tokenizer]]

logger = logging.getLogger("gqvae")


def check_arm(arm: Arm) -> None:
    """Check that an arm made from counts names a tokenizer module and gives it valid settings.

    Raises:
        UserError: for the reasons that `trainer` gives.
    """
    if isinstance(arm, CountedArm):
        trainer(arm.kind, arm.settings)


def trainer(name: str, settings: dict[str, Any]) -> Trainer:
    """The function that trains a tokenizer of each vocabulary size.

    Raises:
        UserError: there is no such module, it makes no tokenizers, or the settings are invalid.
    """
    path = f"{__package__}.{name}"
    try:
        module = import_module(path)
    except ModuleNotFoundError as error:
        if error.name != path:
            raise
        raise UserError(f"There is no module {path}: name an existing one, or add it.") from None
    if not hasattr(module, "train") or not hasattr(module, "Settings"):
        raise UserError(f"{path} lacks `train` or `Settings`, so it makes no tokenizers from counts: name another module.")
    chosen = parse(module.Settings, settings, f"settings of {name}")

    def train(counts: PretokenCounts, sizes: Sequence[int]) -> dict[int, Tokenizer]:
        made: dict[int, Tokenizer] = module.train(counts.in_parts(), sizes, chosen)
        for tokenizer in made.values():
            tokenizer.pretokenizer = counts.pretokenizer
        return made

    return train


def warn_unfilled(made: Mapping[int, Tokenizer]) -> None:
    """Say which vocabularies are smaller than was asked for, because all candidates that are used are in them."""
    for size, tokenizer in made.items():
        if tokenizer.vocab_size < size:
            filled = f"the candidates fill only one of {tokenizer.vocab_size}: raise `count`, or use more text"
            logger.warning("vocabulary of %d requested, but %s", size, filled)
