"""What the columns of `gqvae tokenizer compare` mean; its help shows this. Nothing heavy is imported."""

from __future__ import annotations

import shutil
import textwrap

from gqvae.measures.edits import KINDS, Effect

NAMES = {
    "tokenizer": "the end of its path",
    "kind": "how it was trained",
    "encoder": "of a learned tokenizer: neural splits text at the gates, distilled into the fewest tokens",
}
ON_THE_WHOLE = {
    "vocab_size": "number of ids",
    "tokens": "of the whole text",
    "bytes_per_token": "UTF-8 bytes of the text ÷ tokens, fallback included: more is better compression",
    "asked": "bytes per token that the gates were set to",
    "reached": "bytes per token that the gates reached on the training text",
    "tokens_per_word": "fertility: tokens ÷ what stands between white space",
    "fallback_rate": "share of the pieces between gates that are no tokens of the vocabulary, so that others spell them",
    "cut_otherwise": "share of pre-tokens that the gates split in another way than into the fewest tokens of the same vocabulary",
    "cold_mb_per_s": "speed of encoding with no pre-token cached, on one thread; networks are loaded, but have not run",
    "warm_mb_per_s": "speed of encoding the same text again, with all pre-tokens cached; tokenizers of other programs cache nothing",
    "decode_mb_per_s": "speed of decoding",
    "comes_back": "whether the tokens give back every document",
}
MEASURED = ("bytes_lost",)  # with the words of the measures that have these names
OF_EDITS = tuple(f"{part}_by_{kind}" for part in Effect._fields for kind in KINDS)
OF_PARTS = {
    "parity": "cost of the dearest part ÷ that of the cheapest: 1 if all cost the same",
    "gini": "Gini coefficient of the costs, each part counted once: 0 if all cost the same",
}
OF_ONE_PART = {
    "part": "its file or label",
    "documents": "how many it has",
    "bytes": "of its documents, in UTF-8",
    "characters": "of its documents",
    "cost": "its tokens ÷ its size in units of --per",
    "premium": "its cost ÷ that of the cheapest part",
}
SPEEDS = "Speeds are of one run and vary, most on a busy machine: compare only those of one run, by their ratios."


def meanings() -> dict[str, str]:
    """The meaning of every column; of a part, `tokens` and `bytes_per_token` mean the same as on the whole."""
    from gqvae.config import measures

    known = measures("tokens")
    measured = {name: known[name].text for name in (*MEASURED, *OF_EDITS)}
    return {**NAMES, **ON_THE_WHOLE, **measured, **OF_PARTS, **OF_ONE_PART}


def notes() -> str:
    """The end of the help."""
    found, width = meanings(), shutil.get_terminal_size().columns - 2
    longest = max(map(len, found))
    lines = ["columns:"]
    for name, text in found.items():
        lines += textwrap.wrap(
            text, width, initial_indent=f"  {name:<{longest}}  ", subsequent_indent=" " * (longest + 4), break_on_hyphens=False
        )
    return "\n".join([*lines, "", *textwrap.wrap(SPEEDS, width)])
