"""The arms of a study: settings and properties of each kind."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import ConfigDict, Discriminator, Tag, model_validator

from gqvae.config.block import MODULE_NAME, RESERVED_IDS, Block, module_of, setting
from gqvae.config.networks import Objective, RateControlledObjective, RequestedRate

ARM_NAME = r"^[a-z][a-z0-9_]{0,59}$"  # part of the names of folders
STUDY_NAME = r"^[a-z0-9][a-z0-9_-]{0,59}$"
TOKENIZERS = Path(__file__).resolve().parents[1] / "tokenizers"
NETWORKS = TOKENIZERS.with_name("networks")
ARM_KINDS = ("bytes", "fixed", "gqvae", "borrowed", "external")  # all other kinds are modules
MATCHED = "matched"  # the variant of a tokenizer whose size was searched
NetworkKind: TypeAlias = module_of("networks", "Settings", "train_network", "make_tokenizers")  # type: ignore[valid-type]  # built at run time
EXTERNAL = "external"  # the variant of a tokenizer from elsewhere


class ArmBase(Block):
    """One condition of the study."""

    language_model: bool = setting(True, "Train language models on this arm's tokens.")

    rank: ClassVar[int]  # place in tables and legends
    subject: ClassVar[bool] = False  # whether the study is about it; the summary compares it with every other arm

    @property
    def module(self) -> str | None:
        """The module of `gqvae.tokenizers` that makes its tokenizers from pre-token counts, or None."""
        return None

    @property
    def network(self) -> str | None:
        """The module of `gqvae.networks` that trains its network with each seed, or None."""
        return None

    @property
    def downstream_encoder(self) -> str:
        """The encoder whose tokens language models read, `neural` or `distilled`; empty without a network."""
        return ""

    @property
    def seeded(self) -> bool:
        """Whether its tokenizers depend on the seed; those of a matched arm depend on their target (`layout.differs_by_seed`)."""
        return self.network is not None or self.downstream_encoder != ""

    def variant(self, size: int) -> str:
        """Name of its tokenizer for the study's vocabulary size."""
        return f"v{size}"

    def variants(self, sizes: tuple[int, ...], size: int) -> tuple[str, ...]:
        """Names of its tokenizers, by ascending size: one for each of `sizes`, or only the one for the study's `size`."""
        return tuple(f"v{one}" for one in sizes)


class BytesArm(ArmBase):
    """One token per byte."""

    kind: Literal["bytes"] = setting("bytes", "The 256 bytes.")

    rank: ClassVar[int] = 0

    def variant(self, size: int) -> str:
        """Its vocabulary has only one size."""
        return f"v{RESERVED_IDS}"

    def variants(self, sizes: tuple[int, ...], size: int) -> tuple[str, ...]:
        """Its only tokenizer."""
        return (self.variant(size),)


class CountedArm(ArmBase):
    """Tokenizers of any size from pre-token counts. Further keys are settings of their module (docs/extending.md)."""

    model_config = ConfigDict(frozen=True, extra="allow", allow_inf_nan=False)

    kind: str = setting(
        ...,
        "A module of `gqvae.tokenizers`: `bpe` (byte-pair encoding), `unigram` (sentencepiece's unigram model), `pathpiece` "
        "(pruned candidates, no network), `dictionary` (most frequent chunks), or your own.",
        pattern=MODULE_NAME,
    )
    match: str | None = setting(
        None,
        "Arm with a network, or external arm, whose compression the vocabulary size is searched to match (None: the study's size).",
    )
    shuffled_share: float = setting(
        0.0, "Share of the training documents whose characters are shuffled (the paper's weak BPE: 0.7).", ge=0, le=1
    )

    @model_validator(mode="before")
    @classmethod
    def _from_earlier_form(cls, value: Any) -> Any:
        """Accept the earlier form: `kind: counted`, `tokenizer` and a block of `settings`."""
        if isinstance(value, dict) and value.get("kind") == "counted" and "tokenizer" in value:
            rest = {key: one for key, one in value.items() if key not in ("kind", "tokenizer", "settings")}
            return {"kind": value["tokenizer"], **rest, **value.get("settings", {})}
        return value

    @model_validator(mode="after")
    def _module_exists(self) -> CountedArm:
        if not (TOKENIZERS / f"{self.kind}.py").is_file():
            raise ValueError(
                f"there is no arm of kind {self.kind!r}: name one of {', '.join(ARM_KINDS)}, or a module of {TOKENIZERS} or {NETWORKS}"
            )
        return self

    @model_validator(mode="after")
    def _weak_or_matched(self) -> CountedArm:
        if self.match is not None and self.shuffled_share:
            raise ValueError("match and shuffled_share are both set, but a matched arm trains on unshuffled text: set only one")
        return self

    @property
    def settings(self) -> dict[str, Any]:
        """Settings of the module."""
        return dict(self.model_extra or {})

    @property
    def rank(self) -> int:  # type: ignore[override]  # a constant in the other arms
        """BPE, then matched BPE, then the others."""
        return 3 if self.kind != "bpe" else 1 if self.match is None else 2

    @property
    def module(self) -> str:
        """Its kind."""
        return self.kind

    def variant(self, size: int) -> str:
        """A matched tokenizer is not named by its size."""
        return MATCHED if self.match is not None else super().variant(size)

    def variants(self, sizes: tuple[int, ...], size: int) -> tuple[str, ...]:
        """A matched arm has one tokenizer, others one per size."""
        return (MATCHED,) if self.match is not None else super().variants(sizes, size)


class LearnedArm(ArmBase):
    """Settings that all arms with the paper's network share."""

    codebook_size: int | None = setting(None, "Codebook size of this arm (None: that of `network`).", "codes", ge=2)
    changes: dict[str, Any] = setting(
        {}, "Settings of the network's run that differ in this arm, by dotted key: `{training.revival_every: 0}`."
    )

    @property
    def network(self) -> str:
        """The paper's network."""
        return "gqvae"

    def parts(self) -> dict[str, Any]:
        """Keys of `NetworkRun` that it sets, apart from codebook size and changes."""
        return {}


class FixedArm(LearnedArm):
    """The same network with gates hard-set at every n-th byte of a pre-token and at its end."""

    kind: Literal["fixed"] = setting("fixed", "Fixed-length VQ-VAE.", source="paper")
    chunk_bytes: int = setting(3, "Bytes per token n.", "bytes", "paper", ge=1)
    objective: Objective = setting(RateControlledObjective(), "Training objective.")

    rank: ClassVar[int] = 4

    @property
    def downstream_encoder(self) -> str:
        """The neural encoder, that is, its gates."""
        return "neural"

    def parts(self) -> dict[str, Any]:
        """Hard-set gates and the configured objective."""
        return {"chunk_bytes": self.chunk_bytes, "objective": self.objective}


class GQVAEArm(RequestedRate, LearnedArm):
    """The gated quantized VAE."""

    kind: Literal["gqvae"] = setting("gqvae", "GQ-VAE.", source="paper")
    objective: Objective = setting(RateControlledObjective(), "Training objective.")
    encoder: Literal["neural", "distilled"] = setting(
        "neural", "Segmentation used downstream: gates with fallback, or the fewest tokens possible.", source="paper: neural"
    )

    rank: ClassVar[int] = 5
    subject: ClassVar[bool] = True

    @property
    def downstream_encoder(self) -> str:
        """The configured encoder."""
        return self.encoder

    def parts(self) -> dict[str, Any]:
        """Learned gates and the configured objective."""
        return {"chunk_bytes": None, "objective": self.objective}


class BorrowedArm(ArmBase):
    """Another arm's tokenizers, not trained again: from this study with the other encoder, or from another, finished study."""

    kind: Literal["borrowed"] = setting("borrowed", "Another arm's tokenizers, at the study's main vocabulary size.")
    arm: str = setting(..., "The arm to borrow from, at the same seed; not `bytes` and not a matched arm.", pattern=ARM_NAME)
    study: str | None = setting(
        None, "The study of that arm; its tokenizers must be in results/ (None: this study).", pattern=STUDY_NAME
    )
    encoder: Literal["neural", "distilled"] | None = setting(
        None, "Segmentation used downstream. Set it if and only if that arm has a network."
    )

    rank: ClassVar[int] = 6

    @property
    def downstream_encoder(self) -> str:
        """The configured encoder, if the other arm has a network."""
        return self.encoder or ""

    def variants(self, sizes: tuple[int, ...], size: int) -> tuple[str, ...]:
        """Only the main vocabulary size is borrowed."""
        return (self.variant(size),)


class ExternalArm(ArmBase):
    """A tokenizer from elsewhere, as it is; it sees whole documents, because its pre-tokens are its own (docs/external-tokenizers.md)."""

    kind: Literal["external"] = setting("external", "A tokenizer of another program.")
    path: str = setting(
        ...,
        "Its file: `tokenizer.json` of Hugging Face (or the folder that holds it), `.tiktoken` ranks, or a sentencepiece `.model`.",
        min_length=1,
    )
    pattern: str | None = setting(
        None, "The expression that cuts text into pre-tokens (tiktoken's `pat_str`); only for `.tiktoken`."
    )

    rank: ClassVar[int] = 7

    @model_validator(mode="after")
    def _pattern_for_ranks(self) -> ExternalArm:
        if (self.pattern is not None) != (Path(self.path).suffix == ".tiktoken"):
            raise ValueError(
                f"pattern is for .tiktoken files, which do not say how text is cut: give it for them alone, not for {self.path}"
            )
        return self

    def variant(self, size: int) -> str:
        """It has its own size."""
        return EXTERNAL

    def variants(self, sizes: tuple[int, ...], size: int) -> tuple[str, ...]:
        """Its only tokenizer."""
        return (EXTERNAL,)


class NetworkArm(ArmBase):
    """Tokenizers of another network. Further keys are settings of the module that trains it (docs/extending.md)."""

    model_config = ConfigDict(frozen=True, extra="allow", allow_inf_nan=False)

    kind: NetworkKind = setting(..., "The module of `gqvae.networks`.")

    rank: ClassVar[int] = 5

    @property
    def network(self) -> str:
        """Its kind."""
        return self.kind

    @property
    def settings(self) -> dict[str, Any]:
        """Settings of the module."""
        return dict(self.model_extra or {})


def _tag(value: Any) -> str:
    """The tag of the class that parses an arm: a kind defined here, `network`, or `counted` for every module that uses counts."""
    kind = value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)
    if kind in ARM_KINDS:
        return str(kind)
    return "network" if isinstance(kind, str) and (NETWORKS / f"{kind}.py").is_file() else "counted"


Arm = Annotated[
    Annotated[BytesArm, Tag("bytes")]
    | Annotated[CountedArm, Tag("counted")]
    | Annotated[FixedArm, Tag("fixed")]
    | Annotated[GQVAEArm, Tag("gqvae")]
    | Annotated[NetworkArm, Tag("network")]
    | Annotated[BorrowedArm, Tag("borrowed")]
    | Annotated[ExternalArm, Tag("external")],
    Discriminator(_tag),
]
