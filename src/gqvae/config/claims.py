"""The claims that a study decides, fixed before it runs. Each compares two arms by one measure.

A measure is a module of `gqvae.measures` that declares `MEASURE` and, depending on its level, defines `of`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import field_validator

from gqvae.config.block import Block, setting
from gqvae.declarations import declarations

MEASURES = Path(__file__).resolve().parents[1] / "measures"

# Tokenizers: "compression" is bytes per token, "tokens" is computed from the encoded corpus.
# Language models: "losses" uses test-token losses, "curve" the course of training, "amounts" all amounts of text.
Level = Literal["compression", "tokens", "losses", "curve", "amounts"]


@dataclass(frozen=True, kw_only=True)
class Measure:
    """What a measure declares about itself."""

    level: Level  # what it is computed from
    more_is_better: bool  # whether larger is better
    text: str  # what it is, with its unit

    @property
    def of_tokenizer(self) -> bool:
        """Whether it needs no language model."""
        return self.level in ("compression", "tokens")


def measures(*levels: Level) -> dict[str, Measure]:
    """The measures of these levels (default: all) by name, sorted."""
    found = declarations(MEASURES, "MEASURE", Measure)
    return {name: measure for name, measure in found.items() if not levels or measure.level in levels}


class Claim(Block):
    """One arm is better than another, or falls short by no more than a margin."""

    text: str = setting(..., "The claim in words.", min_length=1)
    measure: str = setting(
        ..., "A module of `gqvae.measures`: " + "; ".join(f"`{name}`, {one.text}" for name, one in measures().items()) + "."
    )
    first: str = setting(..., "The arm the claim is about.")
    second: str = setting(
        ..., "The arm it is compared with; a name with `*` is the best such arm on the validation (or the measure's only) split."
    )
    margin: float = setting(0.0, "Relative shortfall that still counts as reached: 0.05 for “comes within 5 %”.", ge=0, lt=1)

    @field_validator("measure")
    @classmethod
    def _measure_exists(cls, name: str) -> str:
        if name not in measures():
            raise ValueError(f"there is no measure {name!r}: name one of {', '.join(measures())}, or add its module")
        return name

    @property
    def measured(self) -> Measure:
        """The declaration of its measure."""
        return measures()[self.measure]


# The arms have the names that the configurations use.
# C: the claims of the paper's §1, in the paper's order. C5b measures learnability without a network.
# N: GQ-VAE beats `pathpiece`, which prunes strings that no network proposed. Only gains in these claims are due to the network.
# O: GQ-VAE compresses better than any dictionary of fixed-length chunks.
# S: a sanity check; the measures show that a deliberately worse tokenizer is worse.
_CLAIMS: dict[str, Claim] = {
    "C1": Claim(measure="bytes_per_token", first="gqvae", second="fixed*",
        text="GQ-VAE compresses better than a fixed-length VQ-VAE of the same vocabulary size"),
    "C2": Claim(measure="bytes_per_token", first="gqvae", second="bpe", margin=0.05,
        text="GQ-VAE comes within 5 % of the compression of BPE of the same vocabulary size"),
    "C3a": Claim(measure="test_bpb", first="gqvae", second="fixed*",
        text="language models are better on GQ-VAE than on fixed-length tokens of the same vocabulary size"),
    "C3b": Claim(measure="test_bpb", first="gqvae", second="bpe", margin=0.02,
        text="language models on GQ-VAE come within 2 % of those on BPE of the same vocabulary size"),
    "C4a": Claim(measure="convergence", first="gqvae", second="bpe_matched",
        text="at equal compression, language models converge faster on GQ-VAE than on BPE"),
    "C4b": Claim(measure="learnability", first="gqvae", second="bpe_matched",
        text="at equal compression, language models learn more from equal text on GQ-VAE than on BPE"),
    "C5a": Claim(measure="renyi_efficiency", first="gqvae", second="bpe",
        text="tokens of GQ-VAE are spread more evenly than those of BPE of the same vocabulary size"),
    "C5b": Claim(measure="bigram_bpb", first="gqvae", second="bpe_matched",
        text="at equal compression, a bigram model needs fewer bits per byte on tokens of GQ-VAE than on those of BPE"),
    "N1": Claim(measure="bytes_per_token", first="gqvae", second="pathpiece",
        text="GQ-VAE compresses better than a vocabulary that the same pruning makes without a network"),
    "N2": Claim(measure="test_bpb", first="gqvae", second="pathpiece",
        text="language models are better on GQ-VAE than on a vocabulary of the same size that the same pruning makes without a "
        "network"),
    "N3a": Claim(measure="convergence", first="gqvae", second="pathpiece_matched",
        text="at equal compression, language models converge faster on GQ-VAE than on a vocabulary made without a network"),
    "N3b": Claim(measure="learnability", first="gqvae", second="pathpiece_matched",
        text="at equal compression, language models learn more from equal text on GQ-VAE than on a vocabulary made without a "
        "network"),
    "O1": Claim(measure="bytes_per_token", first="gqvae", second="dictionary*",
        text="GQ-VAE compresses better than the best fixed-length dictionary, in which nothing is learned by a network"),
    "S1": Claim(measure="test_bpb", first="bpe", second="bpe_weak",
        text="language models on BPE trained on shuffled text are worse than on BPE"),
}  # fmt: skip

# Objectives of the authors, by the end of the names of their claims and arms.
PAPER_OBJECTIVES = {"paper": "the paper's objective", "forced": "the paper's objective and the last gate forced"}


def _of_the_paper(claim: Claim, end: str) -> Claim:
    """The same claim about networks with the authors' objective."""
    own = ("gqvae", "bpe_matched", "pathpiece_matched")  # arms that this objective has for itself
    arms = {arm: f"{arm}_{end}" for arm in own} | {"fixed*": "paper_fixed*"}
    text = claim.text.replace("GQ-VAE", f"GQ-VAE with {PAPER_OBJECTIVES[end]}")
    first, second = (arms.get(arm, arm) for arm in (claim.first, claim.second))
    return claim.model_copy(update={"text": text, "first": first, "second": second})


DEFAULT_CLAIMS = _CLAIMS | {
    f"{name}-{end}": _of_the_paper(claim, end)
    for end in PAPER_OBJECTIVES
    for name, claim in _CLAIMS.items()
    if claim.first == "gqvae"
}
