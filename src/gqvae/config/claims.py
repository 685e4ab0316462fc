"""What a study is to decide, written down before it runs: each claim compares two arms by one measure."""

from __future__ import annotations

from typing import Literal

from gqvae.config.block import Block, setting

Measure = Literal["bytes_per_token", "test_bpb", "convergence", "learnability", "renyi_efficiency"]


class Claim(Block):
    """One arm is better than another, or falls short by no more than a margin."""

    text: str = setting(..., "The claim in words.", min_length=1)
    measure: Measure = setting(
        ...,
        "`bytes_per_token` (test split), `test_bpb` (most training text), `convergence` (mean validation bits per byte over the bytes of that "
        "training), `learnability` (geometric mean of test bits per byte over all amounts of text), `renyi_efficiency` (training split).",
    )
    first: str = setting(..., "The arm the claim is about.")
    second: str = setting(
        ..., "The arm it is compared with; with `*`, the best of those whose names fit, chosen on the validation split."
    )
    margin: float = setting(0.0, "How far behind, relatively, still counts as reached: 0.05 for “comes within 5 %”.", ge=0, lt=1)


TOKENIZER_MEASURES = ("bytes_per_token", "renyi_efficiency")  # the others are of language models

# The paper's claims on the arms as the configurations name them; §1 of the paper, in its order.
PAPER_CLAIMS: dict[str, Claim] = {
    "C1": Claim(
        text="GQ-VAE compresses better than a fixed-length VQ-VAE of the same vocabulary size",
        measure="bytes_per_token", first="gqvae", second="fixed*",
    ),
    "C2": Claim(
        text="GQ-VAE comes within 5 % of the compression of BPE of the same vocabulary size",
        measure="bytes_per_token", first="gqvae", second="bpe", margin=0.05,
    ),
    "C3a": Claim(
        text="language models are better on GQ-VAE than on fixed-length tokens of the same vocabulary size",
        measure="test_bpb", first="gqvae", second="fixed*",
    ),
    "C3b": Claim(
        text="language models on GQ-VAE come within 2 % of those on BPE of the same vocabulary size",
        measure="test_bpb", first="gqvae", second="bpe", margin=0.02,
    ),
    "C4a": Claim(
        text="at equal compression, language models converge faster on GQ-VAE than on BPE",
        measure="convergence", first="gqvae", second="bpe_matched",
    ),
    "C4b": Claim(
        text="at equal compression, language models learn more from equal text on GQ-VAE than on BPE",
        measure="learnability", first="gqvae", second="bpe_matched",
    ),
    "C5": Claim(
        text="tokens of GQ-VAE are spread more evenly than those of BPE of the same vocabulary size",
        measure="renyi_efficiency", first="gqvae", second="bpe",
    ),
}  # fmt: skip
