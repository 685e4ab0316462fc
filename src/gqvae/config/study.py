"""A whole study: arms, vocabulary sizes, seeds, and the blocks of the other modules."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Annotated

from pydantic import Field, model_validator

from gqvae.config.arms import (
    ARM_NAME,
    STUDY_NAME,
    Arm,
    BorrowedArm,
    BytesArm,
    CountedArm,
    ExternalArm,
    FixedArm,
    GQVAEArm,
    LearnedArm,
)
from gqvae.config.block import RESERVED_IDS, Block, setting
from gqvae.config.changes import apply_changes
from gqvae.config.claims import DEFAULT_CLAIMS, Claim
from gqvae.config.corpus import SOURCES, Corpus
from gqvae.config.language_models import REPEAT_SEEDS, LanguageModel
from gqvae.config.networks import Network, NetworkRun, NetworkTraining
from gqvae.config.pretokenizers import Pretokenizer
from gqvae.errors import UserError


class Vocabulary(Block):
    """Vocabulary sizes. They include learned strings, the 256 bytes and the end-of-document token."""

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

    study: str = setting("default", "Name; results go to results/<study>/.", pattern=STUDY_NAME)
    seeds: tuple[int, ...] = setting((0, 1), "Seeds; everything that is trained is trained with each of them.", min_length=1)
    corpus: Corpus = setting(SOURCES["synthetic"](), "Where the text comes from.")
    pretokenizer: Pretokenizer = setting(
        "gpt2",
        "What cuts text into pre-tokens, which no token crosses: `gpt2`, `cl100k`, `o200k`, `whitespace`, `bytes` (none), another module "
        "of `gqvae.corpus.pretokenizers`, or `{pattern: an expression}` (docs/text.md).",
        source="paper",
    )
    vocabulary: Vocabulary = setting(Vocabulary(), "Vocabulary sizes and matching.")
    arms: dict[Annotated[str, Field(pattern=ARM_NAME)], Arm] = setting(
        {
            "bytes": BytesArm(),
            "bpe": CountedArm(kind="bpe"),
            "bpe_matched": CountedArm(kind="bpe", match="gqvae"),
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
        DEFAULT_CLAIMS,
        "Claims that the study decides, by name (default: the paper's and those on our controls, if the study has their arms).",
        source="paper",
    )

    @model_validator(mode="after")
    def _claims_can_be_decided(self) -> Study:
        for name, claim in self.claims.items():
            if DEFAULT_CLAIMS.get(name) == claim:
                continue  # default claims apply only if the study has their arms
            if claim.first not in self.measured_arms(claim) or not self.opponents(claim):
                wrong = "second" if claim.first in self.measured_arms(claim) else "first"
                possible = [arm for arm in self.measured_arms(claim) if wrong == "first" or arm != claim.first]
                advice = f"name one of {', '.join(possible)}" if possible else "the study has no arm that fits; add one"
                raise ValueError(f"claims.{name}.{wrong} is {getattr(claim, wrong)!r}: {advice}")
        return self

    @model_validator(mode="after")
    def _arms_fit_together(self) -> Study:
        if len(set(self.seeds)) != len(self.seeds) or min(self.seeds) < 0:
            raise ValueError(f"seeds {list(self.seeds)} must be different and not negative")
        if self.language_model.repeats > 1 and max(self.seeds) >= REPEAT_SEEDS:
            raise ValueError(f"seeds {list(self.seeds)} must be below {REPEAT_SEEDS}, where those of repeats start")
        size = self.corpus.text_bytes()
        if size is not None and any(arm.language_model for arm in self.arms.values()):
            training = size * (1 - self.corpus.valid_fraction - self.corpus.test_fraction)
            if max(self.language_model.train_bytes) > training:
                raise ValueError(
                    f"language_model.train_bytes asks for {max(self.language_model.train_bytes)} bytes, but corpus.bytes leaves "
                    f"about {training:.0f} for training: use more text or train on less"
                )
        for name, arm in self.arms.items():
            if isinstance(arm, CountedArm) and arm.match is not None:
                target = self.arms.get(arm.match)
                if not isinstance(target, ExternalArm) and (target is None or not (target.network or target.downstream_encoder)):
                    raise ValueError(
                        f"arms.{name}.match is {arm.match!r}: name a fixed, gqvae or external arm, or a borrowed one with an encoder"
                    )
                if not self.has_tokens(arm.match):
                    raise ValueError(f"arms.{name}.match is {arm.match!r}, which is not quantized: it has no tokenizer to match")
            if isinstance(arm, LearnedArm):
                run = self.network_run(name)
                if arm.language_model and not run.training.quantize:
                    raise ValueError(
                        f"arms.{name} is not quantized (training.quantize), so it has no tokens: set its language_model to false"
                    )
        return self

    @model_validator(mode="after")
    def _lenders_can_lend(self) -> Study:
        for name, arm in self.arms.items():
            if not isinstance(arm, BorrowedArm):
                continue
            if arm.study == self.study:
                raise ValueError(f"arms.{name}.study is this study: leave it out to borrow from one of its arms")
            if arm.study is not None:
                continue  # that study's arms are unknown until its tokenizers exist
            lender = self.arms.get(arm.arm)
            if not isinstance(lender, LearnedArm):
                raise ValueError(
                    f"arms.{name}.arm is {arm.arm!r}, but within a study only a fixed or gqvae arm has another encoder: name one"
                )
            if not self.has_tokens(arm.arm):
                raise ValueError(f"arms.{name}.arm is {arm.arm!r}, which is not quantized: it has no tokenizer to lend")
            own = lender.downstream_encoder
            if arm.encoder is None or arm.encoder == own:
                other = "distilled" if own == "neural" else "neural"
                raise ValueError(f"arms.{name}.encoder is {arm.encoder!r}, but {arm.arm} itself uses {own!r}: give {other!r}")
        return self

    def has_tokens(self, arm: str) -> bool:
        """Whether the arm has tokenizers: without quantization it has only a network and its history."""
        return not isinstance(self.arms[arm], LearnedArm) or self.network_run(arm).training.quantize

    def measured_arms(self, claim: Claim) -> list[str]:
        """The arms that a claim can compare: those with tokens and, if it is about language models, with language models."""
        return [
            name
            for name, arm in sorted(self.arms.items())
            if (arm.language_model or claim.measured.of_tokenizer) and self.has_tokens(name)
        ]

    def opponents(self, claim: Claim) -> list[str]:
        """The arms that `second` matches."""
        return [name for name in self.measured_arms(claim) if fnmatchcase(name, claim.second) and name != claim.first]

    def network_run(self, arm: str) -> NetworkRun:
        """The network run of a learned arm: the shared settings with the arm's choices and changes applied."""
        chosen = self.arms[arm]
        if not isinstance(chosen, LearnedArm):
            raise UserError(f"arms.{arm} is of kind {chosen.kind}: it has no network; name a fixed or gqvae arm.")
        size = chosen.codebook_size or self.network.codebook_size
        run = NetworkRun.model_construct(  # validated below, after the changes
            **chosen.parts(), network=self.network.model_copy(update={"codebook_size": size}), training=self.training
        )
        return apply_changes(run, chosen.changes, ("arms", arm))
