"""A whole study: arms, vocabulary sizes, seeds, and the blocks that stand in files of their own."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from gqvae.config.block import MODULE_NAME, RESERVED_IDS, Block, setting
from gqvae.config.changes import apply_changes
from gqvae.config.claims import PAPER_CLAIMS, TOKENIZER_MEASURES, Claim
from gqvae.config.corpus import Corpus, SyntheticCorpus
from gqvae.config.language_models import LanguageModel
from gqvae.config.networks import Network, NetworkRun, NetworkTraining, Objective, RateControlledObjective, RequestedRate
from gqvae.errors import UserError

TOKENIZERS = Path(__file__).resolve().parents[1] / "tokenizers"


class ArmBase(Block):
    """One condition of the study."""

    language_model: bool = setting(True, "Train language models on this arm's tokens.")


class BytesArm(ArmBase):
    """One token per byte."""

    kind: Literal["bytes"] = setting("bytes", "The 256 bytes.")


class BPEArm(ArmBase):
    """Byte-level BPE by sentencepiece, confined to the same pre-tokens as every other arm."""

    kind: Literal["bpe"] = setting("bpe", "Byte-pair encoding.", source="paper")
    max_token_bytes: int = setting(16, "Longest piece.", "bytes", "paper", ge=1, le=512)
    shuffled_share: float = setting(
        0.0,
        "Share of the training documents whose characters are shuffled before training (the paper's weak BPE: 0.7).",
        ge=0,
        le=1,
    )
    match: str | None = setting(
        None, "Name of a learned arm: the vocabulary size is searched so that both compress equally (None: the study's size)."
    )  # fmt: skip

    @model_validator(mode="after")
    def _weak_or_matched(self) -> BPEArm:
        if self.match is not None and self.shuffled_share:
            raise ValueError("match and shuffled_share are both given: a matched arm is trained on the text as it is, give one")
        return self


class CountedArm(ArmBase):
    """Any tokenizer that is made from the counts of pre-tokens alone; a module of `gqvae.tokenizers` (docs/adding-a-tokenizer.md)."""

    kind: Literal["counted"] = setting("counted", "Made from counts, by the module that `tokenizer` names.")
    tokenizer: str = setting(
        ..., "The module: `unigram` (sentencepiece), `dictionary` (most frequent chunks), one of yours.", pattern=MODULE_NAME
    )
    settings: dict[str, Any] = setting({}, "Settings of that module.")

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


Arm = Annotated[BytesArm | BPEArm | CountedArm | FixedArm | GQVAEArm, Field(discriminator="kind")]


class Vocabulary(Block):
    """Vocabulary sizes; they count everything: learned strings, the 256 bytes, the end-of-document token."""

    size: int = setting(1024, "Size V of the arms compared downstream.", "tokens", gt=RESERVED_IDS)
    grid: tuple[int, ...] = setting((), "Further sizes for the figure of compression against vocabulary size.", "tokens")
    match_tolerance: float = setting(0.005, "Largest relative difference in bytes per token that counts as matched.", ge=0)

    @model_validator(mode="after")
    def _grid_holds_bytes(self) -> Vocabulary:
        for size in self.grid:
            if size <= RESERVED_IDS:
                raise ValueError(
                    f"grid size {size} is too small: it must exceed {RESERVED_IDS} (256 bytes and the end of a document)"
                )
        return self

    @property
    def sizes(self) -> tuple[int, ...]:
        """All sizes, ascending, each once."""
        return tuple(sorted({self.size, *self.grid}))


class Study(Block):
    """A whole study: corpus, arms, networks, language models, seeds."""

    study: str = setting("default", "Name; results go to results/<study>/.", pattern=r"^[a-z0-9][a-z0-9_-]*$")
    seeds: tuple[int, ...] = setting((0, 1), "Seeds; each trains every tokenizer and every language model once.", min_length=1)
    corpus: Corpus = setting(SyntheticCorpus(), "Where the text comes from.")
    vocabulary: Vocabulary = setting(Vocabulary(), "Vocabulary sizes and matching.")
    arms: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], Arm] = setting(
        {
            "bytes": BytesArm(),
            "bpe": BPEArm(),
            "bpe_matched": BPEArm(match="gqvae"),
            "fixed": FixedArm(),
            "gqvae": GQVAEArm(),
        },
        "The conditions compared, by name.",
        source="paper",
        min_length=1,
    )
    network: Network = setting(Network(), "Sizes of the learned tokenizers' network.")
    training: NetworkTraining = setting(NetworkTraining(), "Training of the learned tokenizers.")
    language_model: LanguageModel = setting(LanguageModel(), "The downstream language model.")
    claims: dict[str, Claim] = setting(
        PAPER_CLAIMS,
        "What the study is to decide, by name (default: the paper's claims, those whose arms are here).",
        source="paper",
    )

    @model_validator(mode="after")
    def _claims_can_be_decided(self) -> Study:
        for name, claim in self.claims.items():
            if PAPER_CLAIMS.get(name) == claim:
                continue  # those of the paper are decided where their arms are
            if claim.first not in self.measured_arms(claim) or not self.opponents(claim):
                wrong = "second" if claim.first in self.measured_arms(claim) else "first"
                raise ValueError(
                    f"claims.{name}.{wrong} is {getattr(claim, wrong)!r}: name one of {', '.join(self.measured_arms(claim))}"
                    + (f", but not {claim.first}" if wrong == "second" else "")
                )
        return self

    @model_validator(mode="after")
    def _arms_fit_together(self) -> Study:
        if len(set(self.seeds)) != len(self.seeds) or min(self.seeds) < 0:
            raise ValueError(f"seeds {list(self.seeds)} must be different and not negative")
        if isinstance(self.corpus, SyntheticCorpus):
            size = min(self.corpus.bytes, self.corpus.max_bytes or self.corpus.bytes)
            training = size * (1 - self.corpus.valid_fraction - self.corpus.test_fraction)
            if max(self.language_model.train_bytes) > training:
                raise ValueError(
                    f"language_model.train_bytes asks for {max(self.language_model.train_bytes)} bytes, corpus.bytes leaves about "
                    f"{training:.0f} for training: use more text or train on less"
                )
        for name, arm in self.arms.items():
            if isinstance(arm, BPEArm) and arm.match is not None:
                target = self.arms.get(arm.match)
                if not isinstance(target, LearnedArm):
                    raise ValueError(f"arms.{name}.match is {arm.match!r}: name a fixed or gqvae arm")
                if not self.network_run(arm.match).training.quantize:
                    raise ValueError(f"arms.{name}.match is {arm.match!r}, which is not quantized: it has no tokenizer to match")
            if isinstance(arm, LearnedArm):
                run = self.network_run(name)
                if run.chunk_bytes is not None and run.chunk_bytes > run.network.max_token_bytes:
                    raise ValueError(
                        f"arms.{name}: chunk_bytes {run.chunk_bytes} exceeds network.max_token_bytes {run.network.max_token_bytes}"
                    )
                if arm.language_model and not run.training.quantize:
                    raise ValueError(
                        f"arms.{name} is not quantized (training.quantize): it has no tokens, set its language_model to false"
                    )
        return self

    def measured_arms(self, claim: Claim) -> list[str]:
        """The arms that a claim may speak of: those that have tokens, and language models if they are what it measures."""
        return [
            name
            for name, arm in sorted(self.arms.items())
            if (arm.language_model or claim.measure in TOKENIZER_MEASURES)
            and not (isinstance(arm, LearnedArm) and not self.network_run(name).training.quantize)
        ]

    def opponents(self, claim: Claim) -> list[str]:
        """The arms that `second` stands for."""
        return [name for name in self.measured_arms(claim) if fnmatchcase(name, claim.second) and name != claim.first]

    def network_run(self, arm: str) -> NetworkRun:
        """What trains the network of a learned arm: the shared settings with the arm's own choices and changes put in."""
        chosen = self.arms[arm]
        if not isinstance(chosen, LearnedArm):
            raise UserError(f"arms.{arm} is of kind {chosen.kind}: it has no network; name a fixed or gqvae arm.")
        size = chosen.codebook_size or self.network.codebook_size
        run = NetworkRun.model_construct(  # validated below, changes and all: only the whole need fit together
            objective=chosen.objective if isinstance(chosen, GQVAEArm) else RateControlledObjective(),
            chunk_bytes=chosen.chunk_bytes if isinstance(chosen, FixedArm) else None,
            network=self.network.model_copy(update={"codebook_size": size}),
            training=self.training,
        )
        return apply_changes(run, chosen.changes, ("arms", arm))
