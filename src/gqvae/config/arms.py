"""The arms of a study: what each kind of condition may set."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from gqvae.config.block import MODULE_NAME, Block, setting
from gqvae.config.networks import Objective, RateControlledObjective, RequestedRate

ARM_NAME = r"^[a-z][a-z0-9_]{0,59}$"  # part of the names of folders
STUDY_NAME = r"^[a-z0-9][a-z0-9_-]{0,59}$"
TOKENIZERS = Path(__file__).resolve().parents[1] / "tokenizers"


class ArmBase(Block):
    """One condition of the study."""

    language_model: bool = setting(True, "Train language models on this arm's tokens.")


class BytesArm(ArmBase):
    """One token per byte."""

    kind: Literal["bytes"] = setting("bytes", "The 256 bytes.")


class CountedBase(ArmBase):
    """An arm whose tokenizers are made from the counts of pre-tokens alone, so that any size can be made."""

    match: str | None = setting(
        None, "Name of an arm with a network: the vocabulary size is searched so that both compress equally (None: the study's size)."
    )  # fmt: skip

    @property
    @abstractmethod
    def module(self) -> str:
        """The module of `gqvae.tokenizers` that makes them."""

    @property
    @abstractmethod
    def module_settings(self) -> dict[str, Any]:
        """What that module is told."""


class BPEArm(CountedBase):
    """Byte-level BPE by sentencepiece, confined to the same pre-tokens as every other arm."""

    kind: Literal["bpe"] = setting("bpe", "Byte-pair encoding.", source="paper")
    max_token_bytes: int = setting(16, "Longest piece.", "bytes", "paper", ge=1, le=512)
    shuffled_share: float = setting(
        0.0,
        "Share of the training documents whose characters are shuffled before training (the paper's weak BPE: 0.7).",
        ge=0,
        le=1,
    )

    @property
    def module(self) -> str:
        """That of byte-pair encoding."""
        return "bpe"

    @property
    def module_settings(self) -> dict[str, Any]:
        """The longest piece."""
        return {"max_token_bytes": self.max_token_bytes}

    @model_validator(mode="after")
    def _weak_or_matched(self) -> BPEArm:
        if self.match is not None and self.shuffled_share:
            raise ValueError("match and shuffled_share are both given: a matched arm is trained on the text as it is, give one")
        return self


class CountedArm(CountedBase):
    """Any tokenizer that is made from the counts of pre-tokens alone; a module of `gqvae.tokenizers` (docs/adding-a-tokenizer.md)."""

    kind: Literal["counted"] = setting("counted", "Made from counts, by the module that `tokenizer` names.")
    tokenizer: str = setting(
        ...,
        "The module: `pathpiece` (pruned candidates), `unigram` (sentencepiece), `dictionary` (most frequent chunks), one of yours.",
        pattern=MODULE_NAME,
    )
    settings: dict[str, Any] = setting({}, "Settings of that module.")

    @property
    def module(self) -> str:
        """The one that is named."""
        return self.tokenizer

    @property
    def module_settings(self) -> dict[str, Any]:
        """The arm's `settings`."""
        return self.settings

    @model_validator(mode="after")
    def _module_exists(self) -> CountedArm:
        if not (TOKENIZERS / f"{self.tokenizer}.py").is_file():
            raise ValueError(f"there is no {self.tokenizer}.py in {TOKENIZERS}: name a module that is there, or add it")
        return self


class LearnedArm(ArmBase):
    """What the arms with a network share."""

    codebook_size: int | None = setting(None, "Codes of this arm (None: the network's).", "codes", ge=2)
    changes: dict[str, Any] = setting(
        {}, "This arm's own values for single settings of its network, by dotted key: `{training.revival_every: 0}`."
    )


class FixedArm(LearnedArm):
    """The same network with gates hard-set at every n-th byte of a pre-token and at its end."""

    kind: Literal["fixed"] = setting("fixed", "Fixed-length VQ-VAE.", source="paper")
    chunk_bytes: int = setting(3, "Bytes per token n.", "bytes", "paper", ge=1)


class GQVAEArm(RequestedRate, LearnedArm):
    """The gated quantized VAE."""

    kind: Literal["gqvae"] = setting("gqvae", "GQ-VAE.", source="paper")
    objective: Objective = setting(RateControlledObjective(), "Training objective.")
    encoder: Literal["neural", "distilled"] = setting(
        "neural", "Segmentation used downstream: the gates with fallback, or the fewest tokens of the vocabulary.", source="paper: neural"
    )  # fmt: skip


class BorrowedArm(ArmBase):
    """The tokenizers of another arm, of this study with its other encoder or of another study that is finished: none are trained."""

    kind: Literal["borrowed"] = setting("borrowed", "Another arm's tokenizers, at the study's main vocabulary size.")
    arm: str = setting(..., "The arm they are taken from, at the same seed; it is neither `bytes` nor matched.", pattern=ARM_NAME)
    study: str | None = setting(
        None, "The study of that arm; its tokenizers must be in results/ (None: this study).", pattern=STUDY_NAME
    )
    encoder: Literal["neural", "distilled"] | None = setting(
        None, "Segmentation used downstream. Give it exactly if that arm has a network, whose tokenizers depend on the seed."
    )  # fmt: skip


Arm = Annotated[BytesArm | BPEArm | CountedArm | FixedArm | GQVAEArm | BorrowedArm, Field(discriminator="kind")]
