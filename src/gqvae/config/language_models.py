"""Settings of the downstream language models: sizes, budget, optimiser; the same for every arm."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Self, TypeAlias

from pydantic import model_validator

from gqvae.config.block import Block, module_of, setting

REPEAT_SEEDS = 1000  # between the seeds of repeats, so that a further repeat or seed changes no other run
FEWEST_EVALUATIONS = 2  # of a run whose curve is not drawn
Kind: TypeAlias = module_of("language_models", "build")  # type: ignore[valid-type]  # built at run time


class ModelSize(Block):
    """The size of a language model, apart from its vocabulary."""

    layers: int = setting(2, "Transformer layers.", "layers", ge=1)
    width: int = setting(64, "Model width.", "features", ge=8)
    heads: int = setting(2, "Attention heads.", "heads", ge=1)

    @model_validator(mode="after")
    def _heads_fit(self) -> Self:
        if self.width % (2 * self.heads):
            raise ValueError(
                f"width {self.width} is not a multiple of twice the heads ({self.heads}): rotary embedding needs pairs"
            )
        return self

    @property
    def name(self) -> str:
        """Name of this size in names of runs, e.g. `l2w64`."""
        return f"l{self.layers}w{self.width}"


class LanguageModel(ModelSize):
    """The downstream language model and its budget, identical for all arms."""

    kind: Kind = setting("transformer", "A module of `gqvae.language_models`.")

    other_sizes: tuple[ModelSize, ...] = setting(
        (), "Further sizes, each trained on the largest amount of text with the learning rate chosen for the main size."
    )
    context: int = setting(128, "Context length.", "tokens", ge=2)
    train_bytes: tuple[int, ...] = setting(
        (250_000, 500_000, 1_000_000),
        "Amounts of training text, in whole documents: long ones make them larger. The convergence figure uses the largest.",
        "bytes",
        min_length=1,
    )
    epochs: float = setting(1.0, "Passes over the training text.", "passes", gt=0)
    batch_windows: int = setting(16, "Windows of `context` tokens per step.", "windows", ge=1)
    learning_rate: float = setting(3e-3, "Peak learning rate of AdamW.", gt=0)
    learning_rates: tuple[float, ...] = setting(
        (),
        "Peak learning rates to try instead of `learning_rate`, for every arm. Each arm uses the one with the lowest "
        "validation loss after the largest amount of text, averaged over the first `rate_seeds` seeds.",
    )
    repeats: int = setting(
        1,
        "Language models of each arm, seed, amount and size, with different weights and orders of the text. The value of a seed is "
        "their mean, so that intervals over seeds include the effect of both the tokenizer and the language model.",
        "models",
        ge=1,
    )
    rate_seeds: int = setting(2, "Seeds that every rate is tried with (all, if the study has fewer).", "seeds", ge=1)
    decisive_steps: int = setting(
        300, "Runs with fewer optimiser steps are shown but decide no claim: they measure the warm-up.", "steps", ge=0
    )
    weight_decay: float = setting(0.1, "Weight decay of matrices.", ge=0)
    warmup_fraction: float = setting(0.05, "Share of the steps with linear warm-up; then cosine decay to a tenth.", ge=0, lt=1)
    gradient_clip: float = setting(1.0, "Largest gradient norm.", gt=0)
    evaluations: int = setting(10, "Log-spaced points at which validation bits per byte are measured.", "points", ge=2)
    valid_bytes: int = setting(50_000, "Validation text used for each of the `evaluations` (whole documents).", "bytes", gt=0)
    precision: Literal["auto", "32", "bf16"] = setting("auto", "auto: bf16 on GPUs that have it, else 32 bit.")
    compile: bool = setting(
        False, "Compile the layers on a GPU: faster steps after some seconds of compilation, which torch caches."
    )
    checkpoint_seconds: float = setting(30.0, "Time between saved states for resumption.", "s", ge=0)

    retired: ClassVar[dict[str, Any]] = {"tied": False}

    @model_validator(mode="after")
    def _amounts_and_rates_ascend(self) -> LanguageModel:
        if any(size <= 0 for size in self.train_bytes) or list(self.train_bytes) != sorted(set(self.train_bytes)):
            raise ValueError(f"train_bytes {list(self.train_bytes)} must be positive and strictly ascending")
        rates = list(self.learning_rates)
        if any(rate <= 0 for rate in rates) or rates != sorted(set(rates)) or len(rates) == 1:
            raise ValueError(f"learning_rates {rates} must be two or more, positive and strictly ascending (or none)")
        return self

    @model_validator(mode="after")
    def _sizes_differ(self) -> LanguageModel:
        names = [size.name for size in self.sizes]
        if len(set(names)) != len(names):
            raise ValueError(f"other_sizes repeat a size: {', '.join(names)} must all differ in layers or width")
        return self

    @property
    def sizes(self) -> tuple[ModelSize, ...]:
        """The main size, then the others."""
        return (self, *self.other_sizes)

    def of_run(self, size: str, train_bytes: int, learning_rate: float | None = None) -> LanguageModel:
        """Only the settings that one run uses, so that a change to the study's other amounts, sizes or rates does not retrain it.

        Args:
            size: name of one of `sizes`.
            train_bytes: its amount of text.
            learning_rate: rate of a trial (None: this block's or, if `learning_rates` are given, the default as a placeholder).
        """
        (chosen,) = (one for one in self.sizes if one.name == size)
        defaults = LanguageModel()
        if learning_rate is None:
            learning_rate = defaults.learning_rate if self.learning_rates else self.learning_rate
        own = {"layers": chosen.layers, "width": chosen.width, "heads": chosen.heads, "other_sizes": ()}
        own |= {"train_bytes": (train_bytes,), "learning_rate": learning_rate, "learning_rates": ()}
        own |= {"repeats": defaults.repeats, "rate_seeds": defaults.rate_seeds, "decisive_steps": defaults.decisive_steps}
        return self.model_copy(update=own)
