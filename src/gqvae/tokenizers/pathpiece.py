"""PathPiece: a vocabulary from counts only, segmented into the fewest tokens. The control for every arm with a network.

Candidate strings are pruned from the top down: those whose loss costs the fewest tokens go first (Schmidt et al. 2024, arXiv
2402.18376; Lim et al. 2025, arXiv 2501.06246, instead select greedily from the bottom up). The arms with a network prune in the
same way, so their gain over this arm is what the network adds.

Deviations from PathPiece: candidates come by default from counts of spans at random cuts, not from a large BPE (also available);
each round drops a tenth of the strings; dropped strings are exchanged for kept ones at the end (`vocabularies/pruning.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Literal

from pydantic import Field

from gqvae.config import RESERVED_IDS, Block, setting
from gqvae.corpus.pretokens import PretokenCounts
from gqvae.errors import VocabularyTooLargeError
from gqvae.kernels.packing import Packed
from gqvae.tokenizers.base import Tokenizer
from gqvae.vocabularies import candidates
from gqvae.vocabularies.pruning import enough_candidates, prune
from gqvae.vocabularies.segmentation import Fewest

Probability = Annotated[float, Field(gt=0, lt=1)]


class Settings(Block):
    """Settings of the arm."""

    candidates: Literal["random_gates", "bpe", "substrings", "chunks"] = setting(
        "random_gates",
        "Where candidate strings come from: spans between gates that open at random, the strings of a larger BPE, frequent pre-tokens and "
        "substrings, or chunks of `max_token_bytes`.",
    )
    count: int | None = setting(
        None, "Number of candidates (None: 2.5 per id of the largest size, at least 10,240, as for networks).", "strings", ge=1
    )  # fmt: skip
    max_token_bytes: int = setting(10, "Longest token; the default is the network's.", "bytes", ge=2, le=512)
    cut_probabilities: tuple[Probability, ...] = setting(
        (0.02, 0.1, 0.3, 0.5), "Probabilities that a random gate opens; each gives one set of spans.", min_length=1
    )


class PathPieceTokenizer(Tokenizer):
    """Segments into the fewest tokens of a vocabulary of `strings` of two or more bytes, the most used first."""

    kind = "pathpiece"
    segmentation = "fewest"

    def __init__(self, strings: Sequence[bytes], requested_size: int | None = None) -> None:
        super().__init__(strings, requested_size)
        self._fewest = Fewest(strings)

    def segment(self, pretokens: Sequence[bytes]) -> Iterable[Sequence[int]]:
        """Each pre-token separately."""
        return map(self._fewest.segment, pretokens)

    def segment_packed(self, pretokens: Packed) -> Packed:
        """The same, by a kernel."""
        return self._fewest.segment_packed(pretokens)


def train(counts: PretokenCounts, sizes: Sequence[int], settings: Settings) -> dict[int, PathPieceTokenizer]:
    """Prune the candidates once, from size to size. A size that they cannot fill gets all candidates that are used.

    Raises:
        VocabularyTooLargeError: `count` is below what the largest size needs, or a larger BPE has fewer strings than `count`.
    """
    if settings.count is not None and settings.count + RESERVED_IDS < max(sizes):
        largest = settings.count + RESERVED_IDS
        raise VocabularyTooLargeError(max(sizes), largest, f"a `count` of {settings.count} fills", "raise `count`")
    found = prune(_candidates(counts, settings, max(sizes)), counts.pairs(), sizes)
    return {size: PathPieceTokenizer(found[size], size) for size in sizes}


def _candidates(counts: PretokenCounts, settings: Settings, largest: int) -> list[bytes]:
    """The candidates for vocabularies up to a size."""
    number, longest = settings.count or enough_candidates(largest), settings.max_token_bytes
    if settings.candidates == "random_gates":
        return candidates.random_gates(counts, number, longest, settings.cut_probabilities)
    if settings.candidates == "substrings":
        return candidates.substrings(counts, number, longest)
    if settings.candidates == "chunks":
        return candidates.chunks(counts, number, longest)
    from gqvae.tokenizers.bpe import train_bpe  # imports sentencepiece, which a loaded vocabulary does not need
    from gqvae.tokenizers.sentencepieces import LARGEST

    try:
        return train_bpe(counts, min(number + RESERVED_IDS, LARGEST), longest).strings
    except VocabularyTooLargeError as error:
        if settings.count is not None:
            raise
        # Nobody asked for this number, which is only the most that pruning needs: take all that there are.
        return train_bpe(counts, error.largest, longest).strings if error.largest > RESERVED_IDS else []
