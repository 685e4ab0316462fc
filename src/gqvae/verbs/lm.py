"""`gqvae lm <verb>`: use the language models of a study."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

from gqvae.verbs.parsers import THREADS, Verbs, add_verb, argument, folder, not_negative, positive

MODEL = (
    argument("--run", dest="run_folder", type=Path, required=True, metavar="DIR", help="folder of a trained language model"),
    argument(
        "--tokenizer", type=Path, metavar="DIR", help="folder of the tokenizer it was trained with (default: that of its study)"
    ),
)


def add_parsers(verbs: Verbs) -> None:
    """Register `lm` and its verbs."""
    text = "use a trained language model: write it for transformers, let it continue a text"
    inner = verbs.add_parser("lm", help=text, description=f"{text[0].upper()}{text[1:]}.").add_subparsers(
        title="verbs", required=True, metavar="<verb>"
    )
    run = "--run results/default/language_models/gqvae-s0-b600000-l2w64"
    add_verb(
        inner, "lm_use.export", "write a folder for transformers.AutoModelForCausalLM and AutoTokenizer",
        f"{run} --out exported", *MODEL,
        folder("--out", "folder for config.json, model.safetensors, tokenizer.json and tokenizer_config.json"),
    )  # fmt: skip
    add_verb(
        inner, "lm_use.sample", "continue a text; the same seed gives the same text", f'{run} --prompt "Once upon a time"', *MODEL,
        argument("--prompt", default="", help="text to continue, without a space at its end (default: a new document)"),
        argument("--tokens", type=positive, default=200, help="most tokens to write (%(default)s); a document may end earlier"),
        argument(
            "--temperature", type=_temperature, default=0.8,
            help="below 1, probable tokens become more probable; 0 takes the most probable (%(default)s)",
        ),
        argument("--seed", type=not_negative, default=0, help="seed of the draws (%(default)s)"), THREADS,
    )  # fmt: skip


def _temperature(text: str) -> float:
    """A finite number of 0 or more."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of 0 or more")
    return value
