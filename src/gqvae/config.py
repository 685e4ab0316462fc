"""The typed configuration of a study: the only place that holds defaults, units and where a value comes from.

`configs/README.md` and `workflow/schemas/config.schema.yaml` are generated from these models (`gqvae config-docs`).
Rules pass one block each to `gqvae <verb> --settings`, as canonical JSON.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from gqvae.errors import UserError

BYTE_VALUES = 256
RESERVED_IDS = BYTE_VALUES + 1  # every byte, and the end of a document


def setting(default: Any, description: str, unit: str = "", source: str = "ours", **checks: Any) -> Any:
    """A field with its documentation: what it is, its unit, and where the default comes from."""
    return Field(default, description=description, json_schema_extra={"unit": unit, "source": source}, **checks)


class Block(BaseModel):
    """A frozen block of settings; unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def canonical(self) -> str:
        """The block as JSON that depends on values alone, never on the order of keys."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))


class CorpusBase(Block):
    """What every source of text shares."""

    seed: int = setting(0, "Seed of the split by document (and of the text, where it is generated).", ge=0)
    valid_fraction: float = setting(0.05, "Share of documents for validation.", gt=0, lt=0.5)
    test_fraction: float = setting(0.05, "Share of documents for the test split.", gt=0, lt=0.5)
    max_bytes: int | None = setting(None, "Read documents until this much text is taken (None: all).", "bytes", gt=0)


class SyntheticCorpus(CorpusBase):
    """Stories from a seeded grammar: no network, any size, labelled synthetic in every figure."""

    source: Literal["synthetic"] = setting("synthetic", "Seeded story grammar shipped with the package.")
    bytes: int = setting(4_000_000, "How much text to generate, in whole stories.", "bytes", gt=0)


class TextCorpus(CorpusBase):
    """Documents in a local file, plain or compressed (.xz, .gz, .zst)."""

    source: Literal["text"] = setting("text", "A local file of documents.")
    path: str = setting(..., "The file; documents are separated by a line that holds only `separator`.", source="user")
    test_path: str | None = setting(None, "A second file of the same form to be the whole test split.", source="user")
    separator: str = setting("<|endoftext|>", "The line between two documents.", source="TinyStories", min_length=1)


class TinyStoriesCorpus(CorpusBase):
    """TinyStories from the hub at a pinned revision, verified by SHA-256; its validation file is the test split."""

    source: Literal["tinystories"] = setting("tinystories", "The roneneldan/TinyStories data set.", source="§4 data")
    keep_fraction: float = setting(0.1, "Share of the training stories to use.", source="paper", gt=0, le=1)


class PythonCorpus(CorpusBase):
    """The running interpreter's own standard library, one document per source file."""

    source: Literal["python_stdlib"] = setting("python_stdlib", "Python source files of the running interpreter.")


Corpus = Annotated[
    SyntheticCorpus | TextCorpus | TinyStoriesCorpus | PythonCorpus, Field(discriminator="source")
]  # fmt: skip


class Network(Block):
    """The shared network: encoder, quantizer, gater, decoder (paper §3; sizes of the authors' code in paper.yaml)."""

    width: int = setting(64, "Model width D.", "features", "paper: 1024", ge=8)
    head_width: int = setting(32, "Width of one attention head.", "features", "authors' code: 64", ge=4)
    encoder_layers: int = setting(4, "Transformer layers of the encoder.", "layers", "authors' code", ge=1)
    gater_layers: int = setting(2, "Transformer layers of the gater.", "layers", "authors' code", ge=1)
    decoder_layers: int = setting(4, "Feed-forward blocks of the decoder.", "blocks", "authors' code", ge=1)
    codebook_size: int = setting(1024, "Codes K in the codebook.", "codes", "paper: up to 50,000", ge=2)
    max_token_bytes: int = setting(10, "Longest token L; kernel of the decoder's transposed convolution.", "bytes", "paper", ge=1)
    max_pretoken_bytes: int = setting(16, "Longest piece T the network sees; longer pre-tokens are cut.", "bytes", "paper", ge=2)
    gate_logit_bound: float | None = setting(
        4.0, "Gate logits x become c·tanh(x/c) with this c, so that gradients survive (None: unbounded, as the paper)."
    )  # fmt: skip

    @model_validator(mode="after")
    def _heads_divide_width(self) -> Network:
        if self.width % self.head_width:
            raise ValueError(f"width {self.width} is not a multiple of head_width {self.head_width}")
        return self


class PaperObjective(Block):
    """The authors' objective: every position learns to decode all characters since the last gate (§2 of the method)."""

    name: Literal["paper"] = setting("paper", "Objective of the authors' code.", source="authors' code")
    alpha: float = setting(3.0, "Weight of the gate (compression) loss mean(g).", source="authors' code", ge=0)
    gamma: float = setting(1.0, "Weight of the length loss.", source="authors' code", ge=0)
    codebook_weight: float = setting(0.25, "Weight of ‖sg[z]−e‖² (the authors call it β).", source="authors' code", ge=0)
    commitment_weight: float = setting(1.0, "Weight of ‖z−sg[e]‖².", source="authors' code", ge=0)


class RateControlledObjective(Block):
    """Expected cost of the segmentation, with feedback on the rate: the user asks for a rate and gets it."""

    name: Literal["rate_controlled"] = setting("rate_controlled", "Our objective.", source="ours")
    tokens_per_pretoken: float = setting(1.25, "Target of the rate, ≥ 1.", "tokens per pre-token", ge=1)
    gamma: float = setting(1.0, "Weight of the length loss.", source="authors' code", ge=0)
    codebook_weight: float = setting(1.0, "Weight of ‖sg[z]−e‖².", source="VQ-VAE, arXiv 1711.00937", ge=0)
    commitment_weight: float = setting(0.25, "Weight of ‖z−sg[e]‖².", source="VQ-VAE, arXiv 1711.00937", ge=0)
    integral_gain: float = setting(0.05, "Feedback gain: α grows by this times the excess of the hard rate per step.", ge=0)
    proportional_gain: float = setting(8.0, "Immediate part of the feedback on the excess of the rate.", ge=0)


Objective = Annotated[PaperObjective | RateControlledObjective, Field(discriminator="name")]


class NetworkTraining(Block):
    """How a network is trained on unique pre-tokens, weighted by frequency."""

    steps: int = setting(600, "Optimiser steps.", "steps", ge=1)
    batch_pretokens: int = setting(
        2048, "Pre-tokens drawn from the stream per step; equal ones are merged and weighted.", "pre-tokens", "paper: 1024", ge=1
    )  # fmt: skip
    sampling_exponent: float = setting(
        0.5,
        "τ: pre-tokens are drawn by count^τ and weigh count^(1−τ); 1 draws as the stream does.",
        source="paper: 1",
        ge=0,
        le=1,
    )
    learning_rate: float = setting(2e-3, "Peak learning rate.", source="paper: 1e-4", gt=0)
    codebook_rate_factor: float = setting(
        10.0, "Learning rate of the codebook relative to the rest.", source="authors' code", gt=0
    )
    weight_decay: float = setting(1e-4, "L2 term of Adam.", source="authors' code", ge=0)
    amsgrad: bool = setting(True, "AMSGrad variant of Adam.", source="authors' code")
    warmup_steps: int = setting(
        50, "Linear warm-up from a tenth of the peak; cosine decay after it.", "steps", "paper: 1,000", ge=0
    )
    unquantized_steps: int = setting(
        30, "First steps without quantization, while the reservoir fills.", "steps", "paper: 500", ge=0
    )
    revival_every: int = setting(
        25, "Dead codes are re-initialised from the reservoir this often (0: never).", "steps", "paper: 250", ge=0
    )
    reservoir_vectors: int = setting(8192, "Vectors the reservoir holds.", "vectors", "paper: 131,072", ge=1)
    reservoir_per_batch: int = setting(256, "Worst vectors of each batch that enter it.", "vectors", "paper: 2,500", ge=1)
    usage_decay: float = setting(0.98, "Decay of the moving average of code usage.", ge=0, lt=1)
    measure_every: int = setting(50, "Steps between rows of the training history.", "steps", ge=1)
    gradient_clip: float | None = setting(1.0, "Largest gradient norm (None: no limit, as the authors' code).", gt=0)
    precision: Literal["auto", "32", "bf16"] = setting("auto", "auto: bf16 on GPUs that have it, else 32 bit.")
    checkpoint_seconds: float = setting(30.0, "Time between saved states for resumption.", "s", ge=0)


class ArmBase(Block):
    """One condition of the study."""

    language_model: bool = setting(True, "Train language models on this arm's tokens.")


class BytesArm(ArmBase):
    """One token per byte."""

    kind: Literal["bytes"] = setting("bytes", "The 256 bytes.")


class BPEArm(ArmBase):
    """Byte-level BPE by sentencepiece, confined to the same pre-tokens as every other arm."""

    kind: Literal["bpe"] = setting("bpe", "Byte-pair encoding.", source="paper")
    max_token_bytes: int = setting(16, "Longest piece.", "bytes", "paper", ge=1)
    match: str | None = setting(
        None, "Name of a learned arm: the vocabulary size is searched so that both compress equally (None: the study's size)."
    )  # fmt: skip


class FixedArm(ArmBase):
    """The same network with gates hard-set at every n-th byte of a pre-token and at its end."""

    kind: Literal["fixed"] = setting("fixed", "Fixed-length VQ-VAE.", source="paper")
    chunk_bytes: int = setting(3, "Bytes per token n.", "bytes", "paper", ge=1)
    codebook_size: int | None = setting(None, "Codes of this arm (None: the network's).", "codes", ge=2)


class GQVAEArm(ArmBase):
    """The gated quantized VAE."""

    kind: Literal["gqvae"] = setting("gqvae", "GQ-VAE.", source="paper")
    objective: Objective = setting(RateControlledObjective(), "Training objective.")
    encoder: Literal["neural", "distilled"] = setting(
        "neural", "Segmentation used downstream: the gates with fallback, or the fewest tokens of the vocabulary.", source="paper: neural"
    )  # fmt: skip
    codebook_size: int | None = setting(None, "Codes of this arm (None: the network's).", "codes", ge=2)


Arm = Annotated[BytesArm | BPEArm | FixedArm | GQVAEArm, Field(discriminator="kind")]


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


class LanguageModel(Block):
    """The downstream language model and its budget, identical for all arms."""

    layers: int = setting(2, "Transformer layers.", "layers", ge=1)
    width: int = setting(64, "Model width.", "features", ge=8)
    heads: int = setting(2, "Attention heads.", "heads", ge=1)
    context: int = setting(128, "Context length.", "tokens", ge=2)
    tied: bool = setting(False, "Share input and output embedding.")
    train_bytes: tuple[int, ...] = setting(
        (250_000, 500_000, 1_000_000), "Amounts of training text; the largest gives the convergence figure.", "bytes", min_length=1
    )  # fmt: skip
    epochs: float = setting(1.0, "Passes over that text.", "passes", gt=0)
    batch_windows: int = setting(16, "Windows of `context` tokens per step.", "windows", ge=1)
    learning_rate: float = setting(3e-3, "Peak learning rate of AdamW.", gt=0)
    weight_decay: float = setting(0.1, "Weight decay of matrices.", ge=0)
    warmup_fraction: float = setting(0.05, "Share of the steps of linear warm-up; cosine decay to a tenth after it.", ge=0, lt=1)
    gradient_clip: float = setting(1.0, "Largest gradient norm.", gt=0)
    evaluations: int = setting(10, "Log-spaced points at which validation bits per byte are measured.", "points", ge=2)
    valid_bytes: int = setting(50_000, "Validation text used at those points (whole documents).", "bytes", gt=0)
    precision: Literal["auto", "32", "bf16"] = setting("auto", "auto: bf16 on GPUs that have it, else 32 bit.")
    checkpoint_seconds: float = setting(30.0, "Time between saved states for resumption.", "s", ge=0)

    @model_validator(mode="after")
    def _shapes_fit(self) -> LanguageModel:
        if self.width % (2 * self.heads):
            raise ValueError(
                f"width {self.width} is not a multiple of twice the heads ({self.heads}): rotary embedding needs pairs"
            )
        if any(size <= 0 for size in self.train_bytes) or list(self.train_bytes) != sorted(set(self.train_bytes)):
            raise ValueError(f"train_bytes {list(self.train_bytes)} must be positive and strictly ascending")
        return self


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

    @model_validator(mode="after")
    def _arms_fit_together(self) -> Study:
        if len(set(self.seeds)) != len(self.seeds) or min(self.seeds) < 0:
            raise ValueError(f"seeds {list(self.seeds)} must be different and not negative")
        for name, arm in self.arms.items():
            if isinstance(arm, BPEArm) and arm.match is not None:
                target = self.arms.get(arm.match)
                if not isinstance(target, FixedArm | GQVAEArm):
                    raise ValueError(f"arms.{name}.match is {arm.match!r}: name a fixed or gqvae arm")
            if isinstance(arm, FixedArm) and arm.chunk_bytes > self.network.max_token_bytes:
                raise ValueError(
                    f"arms.{name}.chunk_bytes {arm.chunk_bytes} exceeds network.max_token_bytes {self.network.max_token_bytes}"
                )
        return self

    def network_run(self, arm: str) -> NetworkRun:
        """What trains the network of a learned arm: the shared sizes with the arm's own choices put in."""
        chosen = self.arms[arm]
        if not isinstance(chosen, FixedArm | GQVAEArm):
            raise UserError(f"arms.{arm} is of kind {chosen.kind}: it has no network; name a fixed or gqvae arm.")
        size = chosen.codebook_size or self.network.codebook_size
        return NetworkRun(
            objective=chosen.objective if isinstance(chosen, GQVAEArm) else RateControlledObjective(),
            chunk_bytes=chosen.chunk_bytes if isinstance(chosen, FixedArm) else None,
            network=self.network.model_copy(update={"codebook_size": size}),
            training=self.training,
        )


class NetworkRun(Block):
    """Everything that decides one trained network, but the seed and the data."""

    objective: Objective = setting(RateControlledObjective(), "Training objective.")
    chunk_bytes: int | None = setting(None, "Gates hard-set every so many bytes (None: learned gates).", "bytes", ge=1)
    network: Network = setting(Network(), "Sizes.")
    training: NetworkTraining = setting(NetworkTraining(), "Training.")


class Distillation(Block):
    """How a trained network becomes tokenizers, one for each vocabulary size."""

    encoder: Literal["neural", "distilled"] = setting("neural", "Segmentation used downstream.")
    sizes: tuple[int, ...] = setting(..., "Vocabulary sizes, all served by one network through pruning.", "tokens")


class BPETraining(Block):
    """Byte-level BPE at one or several sizes, or matched to another tokenizer's compression."""

    max_token_bytes: int = setting(16, "Longest piece.", "bytes", "paper", ge=1)
    sizes: tuple[int, ...] = setting((), "Vocabulary sizes.", "tokens")
    match_tolerance: float = setting(0.005, "Relative difference in bytes per token that counts as matched.", ge=0)


AnyBlock = TypeVar("AnyBlock", bound=Block)


def parse(model: type[AnyBlock], value: Any, origin: str) -> AnyBlock:
    """Validate `value`; the first thing wrong becomes one sentence that names the key and `origin`."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "(whole)"
        if first["type"] == "extra_forbidden":
            raise UserError(f"{origin}: unknown key {key!r}; configs/README.md lists the keys there are.") from None
        if first["type"] == "missing":
            raise UserError(f"{origin}: the key {key!r} is missing; configs/README.md says what it needs.") from None
        given = "" if isinstance(first["input"], dict) else f" (given: {first['input']!r})"
        raise UserError(f"{origin}: {key}: {first['msg']}{given}; correct it and run again.") from None


def load_settings(model: type[AnyBlock], text: str) -> AnyBlock:
    """Read settings given on the command line: a YAML/JSON file, or JSON itself."""
    value, origin = read_settings(text)
    return parse(model, value, origin)


def load_corpus(text: str) -> CorpusBase:
    """Read the settings of a corpus given on the command line; their `source` decides which kind they are."""
    value, origin = read_settings(text)
    kinds: dict[Any, type[CorpusBase]] = {
        kind.model_fields["source"].default: kind for kind in (SyntheticCorpus, TextCorpus, TinyStoriesCorpus, PythonCorpus)
    }
    source = value.get("source") if isinstance(value, dict) else None
    if not isinstance(source, str) or source not in kinds:
        raise UserError(f"{origin}: source is {source!r}: choose one of {', '.join(kinds)}.")
    return parse(kinds[source], value, origin)


def read_settings(text: str) -> tuple[Any, str]:
    """The value behind a `--settings` argument and where it came from, for messages."""
    if text.lstrip().startswith("{"):
        try:
            return json.loads(text), "--settings"
        except json.JSONDecodeError as error:
            raise UserError(f"--settings is not JSON ({error}): correct it and run again.") from None
    path = Path(text)
    try:
        value = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path} does not exist: give a config file, or settings as JSON.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is not YAML ({error}): correct it and run again.") from None
    return value or {}, str(path)
