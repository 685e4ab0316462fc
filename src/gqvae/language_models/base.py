"""Interface of downstream language models. Shapes: B windows, T tokens, V vocabulary."""

from __future__ import annotations

from abc import abstractmethod
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

if TYPE_CHECKING:
    from gqvae.config import LanguageModel

IGNORED = -100  # target that losses ignore


class ParameterCounts(NamedTuple):
    """Parameters of a model: `embedding` grows with the vocabulary (embedding and output head), `non_embedding` does not."""

    embedding: int
    non_embedding: int

    @property
    def total(self) -> int:
        """All parameters."""
        return self.embedding + self.non_embedding


class Model(nn.Module):
    """A causal language model over token ids.

    Attributes:
        embedding: of the ids, without weight decay.
        head: from final hidden states to logits.
    """

    embedding: nn.Embedding
    head: nn.Linear

    @abstractmethod
    def forward(self, ids: Tensor, first: int = 0) -> Tensor:
        """Logits of the token after each position.

        Args:
            ids: (B, T), T at most the context.
            first: first position to compute logits for; the head is the costly part of a small model.

        Returns:
            (B, T − first, V).
        """

    @abstractmethod
    def flops_per_token(self, context: int) -> int:
        """Floating-point operations of training on one token, forward and backward."""

    def repeated_layers(self) -> list[nn.Module]:
        """Layers of equal structure, compiled on a GPU; may be empty."""
        return []

    def loss(self, ids: Tensor, targets: Tensor) -> Tensor:
        """Mean cross-entropy in nats per target (float32, whatever the precision), without targets of −100.

        `ids` and `targets` are (B, T); a target is the token after its id.
        """
        logits = self.forward(ids)
        return functional.cross_entropy(logits.flatten(0, 1).float(), targets.flatten(), ignore_index=IGNORED)

    def parameter_counts(self) -> ParameterCounts:
        """Parameter counts, split by whether they depend on the vocabulary."""
        embedding = self.embedding.weight.numel() + self.head.weight.numel()
        return ParameterCounts(embedding, sum(parameter.numel() for parameter in self.parameters()) - embedding)


def build_model(settings: LanguageModel, vocab_size: int, seed: int) -> Model:
    """A new model of the kind in the settings, with weights from the seed.

    Weights that do not depend on the vocabulary are equal for all vocabularies, if the model draws them before the others.
    """
    torch.manual_seed(seed)
    model: Model = import_module(f"{__package__}.{settings.kind}").build(settings, vocab_size)
    return model
