"""The jobs of `gqvae lm`: use a trained language model of a study."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gqvae.errors import UserError
from gqvae.files import atomic_path, write_json
from gqvae.jobs.streams import show

if TYPE_CHECKING:
    from gqvae.config import LanguageModel
    from gqvae.language_models.base import Model
    from gqvae.tokenizers.base import Tokenizer

CONFIG = "config.json"


def export(arguments: argparse.Namespace) -> None:
    """Write the model and its tokenizer for `transformers`."""
    from safetensors.torch import save_file

    from gqvae.jobs.lm_files import WEIGHTS
    from gqvae.jobs.lm_llama import llama_config, llama_weights
    from gqvae.tokenizers.export import export as export_tokenizer
    from gqvae.tokenizers.special_tokens import END_OF_DOCUMENT_TEXT, special_tokens

    out: Path = arguments.out
    if (out / WEIGHTS).exists() and not (out / CONFIG).exists():
        raise UserError(f"{out / WEIGHTS} already exists and is not part of an export: give another folder.")
    model, settings, tokenizer = _load(arguments)
    weights = llama_weights(model)
    # Padding of its own would be an id that the model does not have.
    export_tokenizer(tokenizer, out, special_tokens(tokenizer.vocab_size, [f"pad={END_OF_DOCUMENT_TEXT}"]))
    write_json(out / CONFIG, llama_config(settings, tokenizer.vocab_size))
    with atomic_path(out / WEIGHTS) as temporary:
        save_file(weights, temporary, metadata={"format": "pt"})


def sample(arguments: argparse.Namespace) -> None:
    """Print the prompt and what the model writes after it."""
    import torch

    from gqvae.config import END_OF_DOCUMENT
    from gqvae.devices import autocast, claim_gpu, resolve_device
    from gqvae.jobs.lm_sampling import continuation

    claim_gpu()
    torch.set_num_threads(arguments.threads)
    model, settings, tokenizer = _load(arguments)
    device = resolve_device()
    model.to(device).eval()
    ids = [END_OF_DOCUMENT, *tokenizer.encode(arguments.prompt)]
    drawn: Iterator[int] = continuation(
        model, ids, context=settings.context, temperature=arguments.temperature, seed=arguments.seed
    )
    with autocast(device, settings.precision):
        ids += islice(drawn, arguments.tokens)
    show(tokenizer.decode(ids))


def _load(arguments: argparse.Namespace) -> tuple[Model, LanguageModel, Tokenizer]:
    """The model of a run, its settings, and the tokenizer that it was trained with.

    Raises:
        UserError: the run or the tokenizer is missing or damaged, or they do not belong together.
    """
    from gqvae.jobs.lm_files import load_trained
    from gqvae.tokenizers.base import tokenizer_digest
    from gqvae.tokenizers.load import load_tokenizer

    run: Path = arguments.run_folder
    model, settings, record = load_trained(run)
    folder = arguments.tokenizer or _beside(run, record)
    tokenizer = load_tokenizer(folder)
    if tokenizer_digest(folder) != record["tokenizer_digest"]:
        raise UserError(
            f"{folder} is not the tokenizer that {run} was trained with ({record['tokenizer']}): give --tokenizer that one."
        )
    return model, settings, tokenizer


def _beside(run: Path, record: dict[str, Any]) -> Path:
    """The folder of the run's tokenizer in its study: results/<study>/language_models/<run> has it in results/<study>/tokenizers."""
    folder = run.absolute().parent.parent / "tokenizers" / str(record["tokenizer"])
    if not folder.is_dir():
        raise UserError(f"{folder}, the tokenizer of {run}, does not exist: give its folder with --tokenizer.")
    return folder
