"""Settings of the learned tokenizers: sizes, objectives, training, and the settings of each stage."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from gqvae.config.block import MODULE_NAME, RESERVED_IDS, Block, setting


class Network(Block):
    """The shared network: encoder, quantizer, gater, decoder (paper §3; sizes of the authors' code in paper.yaml)."""

    width: int = setting(64, "Model width D.", "features", "paper: 1024", ge=8)
    head_width: int = setting(32, "Width of one attention head.", "features", "authors' code: 64", ge=4)
    encoder_layers: int = setting(4, "Transformer layers of the encoder.", "layers", "authors' code", ge=1, le=1000)
    gater_layers: int = setting(2, "Transformer layers of the gater.", "layers", "authors' code", ge=1, le=1000)
    decoder_layers: int = setting(4, "Feed-forward blocks of the decoder.", "blocks", "authors' code", ge=1, le=1000)
    codebook_size: int = setting(1024, "Codes K in the codebook.", "codes", "paper: up to 50,000", ge=2)
    max_token_bytes: int = setting(10, "Longest token L; kernel of the decoder's transposed convolution.", "bytes", "paper", ge=1)
    max_pretoken_bytes: int = setting(16, "Longest piece T the network sees; longer pre-tokens are cut.", "bytes", "paper", ge=2)
    length_head: Literal["softmax", "end_symbol"] = setting(
        "softmax", "How the decoder marks where a token begins: a softmax over lengths, or an end symbol among the characters.",
        source="authors' code: softmax",
    )  # fmt: skip
    rates: tuple[float, float] | None = setting(
        (1.02, 2.6),
        "Range of rates that can be requested; the network gets a rate with each pre-token (none with the paper's objective).",
        "tokens per pre-token",
    )
    rate_skew: float = setting(
        3.7, "Exponent that skews the rates requested in training; above 1, more are near the lowest (1: log-uniform).", gt=0
    )

    @model_validator(mode="after")
    def _heads_divide_width(self) -> Network:
        if self.width % self.head_width:
            raise ValueError(f"width {self.width} is not a multiple of head_width {self.head_width}")
        return self

    @model_validator(mode="after")
    def _rates_ascend(self) -> Network:
        if self.rates is not None and not 1 < self.rates[0] <= self.rates[1]:
            raise ValueError(f"rates {list(self.rates)} must be above 1 token per pre-token and ascend")
        return self


class PaperObjective(Block):
    """The authors' objective: every position learns to decode all characters since the last gate (docs/paper-to-code.md)."""

    name: Literal["paper"] = setting("paper", "Objective of the authors' code.", source="authors' code")
    alpha: float = setting(3.0, "Weight of the gate (compression) loss mean(g).", source="authors' code", ge=0)
    gamma: float = setting(1.0, "Weight of the length loss.", source="authors' code", ge=0)
    codebook_weight: float = setting(0.25, "Weight of ‖sg[z]−e‖² (the authors call it β).", source="authors' code", ge=0)
    commitment_weight: float = setting(1.0, "Weight of ‖z−sg[e]‖².", source="authors' code", ge=0)
    force_last_gate: bool = setting(False, "A token always ends where its pre-token ends (ours: true).", source="authors' code")


class RateControlledObjective(Block):
    """Expected cost of the segmentation, with feedback that steers the rate to the requested one."""

    name: Literal["rate_controlled"] = setting("rate_controlled", "Our objective.", source="ours")
    gamma: float = setting(1.0, "Weight of the length loss.", source="authors' code", ge=0)
    commitment_weight: float = setting(0.25, "Weight of ‖z−sg[e]‖².", source="VQ-VAE, arXiv 1711.00937", ge=0)
    code_decay: float = setting(
        0.9, "Decay, per emitted token, of the moving average that defines a code.", source="arXiv 1711.00937", ge=0, lt=1
    )
    unquantized_share: float = setting(
        0.5, "Share of pre-tokens left unquantized after `unquantized_steps`, so encodings keep their meaning.", ge=0, lt=1
    )
    rate_bins: int = setting(8, "Ranges of requested rates, each with separate feedback.", "bins", ge=1)
    integral_gain: float = setting(0.03, "Integral gain: per step, α grows by this times (hard rate − requested rate).", ge=0)
    proportional_gain: float = setting(4.0, "Proportional gain: this times the same difference is added to α in the loss.", ge=0)
    gate_bounds: tuple[float, float] = setting(
        (2.0, 5.0), "First and last bound c of gate logits x, which become c·tanh(x/c), so that gates start soft and end sharp."
    )
    sharpen_between: tuple[float, float] = setting((0.35, 0.6), "Shares of the steps between which c grows.", "share of steps")
    gate_wall: float = setting(0.05, "Weight of max(0, |x| − c)², which keeps gate logits x where gradients reach them.", ge=0)
    force_last_gate: bool = setting(True, "A token always ends where its pre-token ends.")

    @model_validator(mode="after")
    def _gates_sharpen(self) -> RateControlledObjective:
        if not 0 < self.gate_bounds[0] <= self.gate_bounds[1]:
            raise ValueError(f"gate_bounds {list(self.gate_bounds)} must be positive and must not fall")
        if not 0 <= self.sharpen_between[0] <= self.sharpen_between[1] <= 1:
            raise ValueError(
                f"sharpen_between {list(self.sharpen_between)} must be two shares of the steps, from 0 to 1, in order"
            )
        return self


Objective = Annotated[PaperObjective | RateControlledObjective, Field(discriminator="name")]


class NetworkTraining(Block):
    """How a network is trained on unique pre-tokens, weighted by frequency."""

    retired: ClassVar[dict[str, Any]] = {"prune_codes": True}

    steps: int = setting(1000, "Optimiser steps.", "steps", ge=1)
    batch_pretokens: int = setting(
        512, "Pre-tokens drawn per step; duplicates are merged and weighted.", "pre-tokens", "paper: 1024", ge=1
    )
    sampling_exponent: float = setting(
        0.5, "τ: pre-tokens are drawn in proportion to count^τ (1: as in the text).", source="paper: 1", ge=0, le=1
    )
    weighting_exponent: float = setting(
        0.75, "ω: a pre-token has weight count^ω in the losses, so each draw weighs count^(ω−τ).", source="paper: 1", ge=0, le=1
    )
    learning_rate: float = setting(3e-3, "Peak learning rate.", source="paper: 1e-4", gt=0)
    codebook_rate_factor: float = setting(
        10.0, "Learning rate of the codebook relative to the rest (paper objective).", source="authors' code", gt=0
    )
    weight_decay: float = setting(
        0.0, "L2 term of Adam. Above 0, a weight that gets no gradient shrinks by a full learning rate per step.",
        source="authors' code: 1e-4", ge=0,
    )  # fmt: skip
    amsgrad: bool = setting(True, "AMSGrad variant of Adam.", source="authors' code")
    warmup_steps: int = setting(50, "Linear warm-up from a tenth of the peak; then cosine decay.", "steps", "paper: 1,000", ge=0)
    unquantized_steps: int = setting(
        600, "Initial steps without quantization; then codes start at the mean encodings of the most frequent spans.", "steps",
        "paper: 500", ge=0,
    )  # fmt: skip
    quantize: bool = setting(True, "False: a continuous autoencoder with gates and no codes, which yields no tokenizer.")
    revival_every: int = setting(
        25, "Steps between re-initialisations of dead codes from the reservoir (0: never).", "steps", "paper: 250", ge=0
    )
    reservoir_vectors: int = setting(65_536, "Capacity of the reservoir of encodings.", "vectors", "paper: 131,072", ge=1)
    reservoir_per_batch: int = setting(1024, "Worst vectors per batch that enter the reservoir.", "vectors", "paper: 2,500", ge=1)
    usage_decay: float = setting(0.98, "Decay of the moving average of code usage.", ge=0, lt=1)
    measure_every: int = setting(50, "Steps between rows of the training history.", "steps", ge=1)
    gradient_clip: float | None = setting(1.0, "Largest gradient norm (None: no limit, as in the authors' code).", gt=0)
    precision: Literal["auto", "32", "bf16"] = setting("auto", "auto: bf16 on GPUs that have it, else 32 bit.")
    compile: bool = setting(
        False, "Compile the layers on a GPU: faster steps after some seconds of compilation, which torch caches."
    )
    checkpoint_seconds: float = setting(30.0, "Time between saved states for resumption.", "s", ge=0)

    @model_validator(mode="after")
    def _quantizes_in_time(self) -> NetworkTraining:
        if self.unquantized_steps >= self.steps:
            raise ValueError(
                f"unquantized_steps {self.unquantized_steps} must be below steps {self.steps}: otherwise no code is trained"
            )
        return self


VocabularySize = Annotated[int, Field(gt=RESERVED_IDS)]


class NetworkRun(Block):
    """Everything that determines a trained network, except seed and data."""

    objective: Objective = setting(RateControlledObjective(), "Training objective.")
    chunk_bytes: int | None = setting(None, "Bytes between hard-set gates (None: learned gates).", "bytes", ge=1)
    network: Network = setting(Network(), "Sizes.")
    training: NetworkTraining = setting(NetworkTraining(), "Training.")

    on_page: ClassVar[bool] = False

    @model_validator(mode="after")
    def _objective_fits_the_network(self) -> NetworkRun:
        if isinstance(self.objective, PaperObjective):
            if self.network.length_head != "softmax":
                raise ValueError(f"network.length_head is {self.network.length_head!r}: the paper's objective needs 'softmax'")
        elif self.network.rates is None and self.chunk_bytes is None:
            raise ValueError("the rate-controlled objective needs network.rates, the range of rates that it controls")
        if self.chunk_bytes is not None and self.chunk_bytes > self.network.max_token_bytes:
            raise ValueError(f"chunk_bytes {self.chunk_bytes} exceeds network.max_token_bytes {self.network.max_token_bytes}")
        return self


class RequestedRate(Block):
    """The rate of a trained network's gates. If neither key is set, it is the rate that yields the fewest tokens."""

    bytes_per_token: float | None = setting(
        None, "Compression that the neural encoder is set to, fallback included.", "bytes per token", ge=1
    )
    tokens_per_pretoken: float | None = setting(None, "The same in tokens per pre-token.", "tokens per pre-token", ge=1)

    @model_validator(mode="after")
    def _one_request(self) -> Self:
        if self.bytes_per_token is not None and self.tokens_per_pretoken is not None:
            raise ValueError("bytes_per_token and tokens_per_pretoken are both set, but mean the same: set only one")
        return self


class Distillation(RequestedRate):
    """How a trained network becomes tokenizers, one for each vocabulary size.

    Without a requested rate, each size gets the rate that yields the fewest tokens after fallback, found by a search.
    """

    encoder: Literal["neural", "distilled"] = setting("neural", "Segmentation used downstream.")
    sizes: tuple[VocabularySize, ...] = setting(..., "Vocabulary sizes, all pruned from one network.", "tokens")


class CountedTokenizer(Block):
    """A method that makes tokenizers from pre-token counts only."""

    tokenizer: str = setting(..., "A module of `gqvae.tokenizers` with `Settings` and `train`.", pattern=MODULE_NAME)
    settings: dict[str, Any] = setting({}, "Its settings.")


class CountedTraining(CountedTokenizer):
    """A method that needs only pre-token counts, and the vocabulary sizes to make."""

    sizes: tuple[VocabularySize, ...] = setting(..., "Vocabulary sizes.", "tokens", min_length=1)


class Matching(CountedTokenizer):
    """A method that needs only pre-token counts, with a vocabulary size searched to match another tokenizer's compression."""

    match_tolerance: float = setting(0.005, "Relative difference in bytes per token that counts as matched.", ge=0)
