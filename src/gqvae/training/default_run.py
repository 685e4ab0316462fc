"""The network and training of `gqvae tokenizer train`: defaults, and a user's settings laid over them. Needs no torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gqvae.config import RESERVED_IDS, Given, Network, NetworkRun, NetworkTraining, parse
from gqvae.errors import UserError
from gqvae.vocabularies.pruning import enough_candidates

STEPS = 1600
UNQUANTIZED_SHARE = 0.65  # of the steps


def default_run(vocab_size: int, steps: int = STEPS) -> NetworkRun:
    """The default network and training for vocabularies up to `vocab_size`.

    Up to 4,096 they are those of `configs/tinystories-sample.yaml` (codebook size K = 10,240). Beyond that, K grows with V.
    """
    codes = enough_candidates(vocab_size)
    network = Network(width=128, encoder_layers=2, gater_layers=1, decoder_layers=2, codebook_size=codes)
    return NetworkRun(network=network, training=NetworkTraining(steps=steps, unquantized_steps=int(UNQUANTIZED_SHARE * steps)))


def run_with(own: Any, origin: Given | str, vocab_size: int, steps: int | None = None) -> NetworkRun:
    """The default run with a user's settings laid over it, key by key. Fewer or more steps keep the share of unquantized ones.

    Args:
        own: keys of a `NetworkRun` block; all may be left out.
        origin: where they come from, for messages.
        vocab_size: the largest V that is wanted.
        steps: the steps that `--steps` asks for.

    Raises:
        UserError: a setting is invalid, or there are fewer codes than the vocabulary needs.
    """
    training = own.get("training") if isinstance(own, Mapping) else None
    asked = training.get("steps") if isinstance(training, Mapping) else None
    if asked is not None and steps is not None:
        raise UserError(f"--steps {steps} and training.steps in {origin} mean the same: leave one of them out.")
    if not isinstance(asked, int) or asked < 1:
        asked = STEPS  # if it is given, validation refuses it
    default = default_run(vocab_size, steps or asked).model_dump(exclude_unset=True)
    run = parse(NetworkRun, _over(default, own) if isinstance(own, Mapping) else own, origin)
    largest = run.network.codebook_size + RESERVED_IDS
    if largest < vocab_size:
        raise UserError(
            f"{origin}: network.codebook_size is {run.network.codebook_size}: it fills a vocabulary of {largest} at most (256 bytes, "
            f"the end of a document, a string per code); raise it, or ask for less than --vocab-size {vocab_size}."
        )
    return run


def _over(default: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    inner = {
        key: _over(default[key], value)
        for key, value in own.items()
        if isinstance(value, Mapping) and isinstance(default.get(key), Mapping)
    }
    return {**default, **own, **inner}
