"""The transformer of `language_models/transformer.py` as a Llama model of `transformers`, which is not needed to write it.

The two compute the same. Llama has a matrix for each of query, key, value, gate and up where ours has one for several. Its heads
rotate the same pairs (x_i, x_{i + head width / 2}) by the same angles. Its norms name their ε, which ours take from the precision.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from gqvae.config import END_OF_DOCUMENT, LanguageModel
from gqvae.errors import UserError
from gqvae.language_models.base import Model
from gqvae.language_models.transformer import ROTARY_BASE, DecoderOnlyTransformer, hidden_width


def llama_config(settings: LanguageModel, vocab_size: int) -> dict[str, Any]:
    """The `config.json`.

    Padding is the end of a document: the vocabulary stays that of the model, so that no probability goes to an id that it never
    saw.
    """
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": vocab_size,
        "hidden_size": settings.width,
        "intermediate_size": hidden_width(settings.width),
        "num_hidden_layers": settings.layers,
        "num_attention_heads": settings.heads,
        "num_key_value_heads": settings.heads,
        "head_dim": settings.width // settings.heads,
        "hidden_act": "silu",
        "max_position_embeddings": settings.context,
        "rms_norm_eps": torch.finfo(torch.float32).eps,
        "rope_theta": ROTARY_BASE,
        "attention_bias": False,
        "mlp_bias": False,
        "tie_word_embeddings": False,
        "bos_token_id": END_OF_DOCUMENT,
        "eos_token_id": END_OF_DOCUMENT,
        "pad_token_id": END_OF_DOCUMENT,
    }


def llama_weights(model: Model) -> dict[str, Tensor]:
    """The weights under the names of `LlamaForCausalLM`, as float32 on the CPU.

    Raises:
        UserError: the model is of another kind.
    """
    if not isinstance(model, DecoderOnlyTransformer):
        raise UserError(
            f"a language model of class {type(model).__name__} has no counterpart in transformers: it cannot be exported."
        )
    found = dict(_weights(model.state_dict()))
    return {name: value.float().cpu().contiguous() for name, value in found.items()}


def _weights(ours: dict[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    for name, value in ours.items():
        if name in _WHOLE:
            yield _WHOLE[name], value
            continue
        _, layer, part = name.split(".", 2)
        names = _PARTS[part]
        for theirs, piece in zip(names, value.chunk(len(names)), strict=True):
            yield f"model.layers.{layer}.{theirs}.weight", piece


_WHOLE = {"embedding.weight": "model.embed_tokens.weight", "norm.weight": "model.norm.weight", "head.weight": "lm_head.weight"}
# What a weight of a layer holds, one below the other.
_PARTS = {
    "attention_norm.weight": ("input_layernorm",),
    "attention.project.weight": ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
    "attention.output.weight": ("self_attn.o_proj",),
    "feed_forward_norm.weight": ("post_attention_layernorm",),
    "feed_forward.project.weight": ("mlp.gate_proj", "mlp.up_proj"),
    "feed_forward.output.weight": ("mlp.down_proj",),
}
