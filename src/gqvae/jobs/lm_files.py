"""A trained language model on disk. Does not import Lightning, which would take most of the time of a measurement."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from safetensors.torch import load_file

from gqvae.config import LanguageModel, parse
from gqvae.errors import UserError
from gqvae.files import file_digest, read_json
from gqvae.language_models.base import Model, build_model

WEIGHTS = "model.safetensors"
TRAINING = "training.json"


def load_trained(folder: Path) -> tuple[Model, LanguageModel, dict[str, Any]]:
    """A model that `lm_training.train` wrote, its settings and its record.

    Raises:
        UserError: a file is missing or damaged.
    """
    record = read_json(folder / TRAINING)
    again = "delete its folder and train the model again"
    try:
        settings = parse(LanguageModel, record["settings"], str(folder / TRAINING))
        if file_digest(folder / WEIGHTS) != record["weights_sha256"]:
            raise UserError(f"{folder / WEIGHTS} is damaged: {again}.")
        model = build_model(settings, int(record["vocab_size"]), int(record["seed"]))
        model.load_state_dict(load_file(folder / WEIGHTS))
    except FileNotFoundError:
        raise UserError(f"{folder / WEIGHTS} does not exist: {again}.") from None
    except (KeyError, TypeError, RuntimeError) as error:
        raise UserError(f"{folder / TRAINING} does not describe {WEIGHTS} ({type(error).__name__}): {again}.") from None
    return model, settings, record
