"""The README.md of an exported tokenizer, a model card of the hub: what it is, how it was made and how to load it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

from gqvae import __version__
from gqvae.code_state import PACKAGE
from gqvae.errors import UserError
from gqvae.files import atomic_open, read_json
from gqvae.report.markdown import cell, markdown_table
from gqvae.study.provenance import git_state
from gqvae.tokenizers.base import Tokenizer, tokenizer_digest
from gqvae.tokenizers.from_text import TRAINING
from gqvae.tokenizers.special_tokens import SpecialTokens

CARD = "README.md"
MADE = "<!-- written by gqvae tokenizer export --card -->"
SEGMENTATIONS = {
    "fewest": "the fewest tokens",
    "merges": "merged pairs, in the order of training",
    "own": "the most probable tokens",
}
LOAD = {
    "transformers": 'from transformers import PreTrainedTokenizerFast\n\ntokenizer = PreTrainedTokenizerFast.from_pretrained("{name}")',
    "tiktoken": (
        "import base64, json, pathlib, tiktoken\n\n"
        'folder = pathlib.Path("{name}")\n'
        'lines = (line.split() for line in (folder / "ranks.tiktoken").read_text().splitlines())\n'
        "ranks = {{base64.b64decode(token): int(rank) for token, rank in lines}}\n"
        'tokenizer = tiktoken.Encoding(**json.loads((folder / "tiktoken.json").read_text()), mergeable_ranks=ranks)'
    ),
}


class Measured(NamedTuple):
    """The compression of a text."""

    text: str  # its name
    size: int  # bytes
    tokens: int


def write_card(
    exported: Tokenizer, source: Path, out: Path, specials: SpecialTokens, library: str, name: str, measured: Measured | None
) -> None:
    """Write the card.

    Args:
        exported: the tokenizer, with the encoder that is exported.
        source: its folder.
        out: where the card goes.
        specials: its special tokens.
        library: a key of `LOAD`.
        name: how the tokenizer is loaded: a folder or the name of a repository.
        measured: what the card says about compression, if anything.

    Raises:
        UserError: the folder has a README.md that is not such a card.
    """
    path = out / CARD
    if path.exists() and MADE not in path.read_text(encoding="utf-8", errors="replace"):
        raise UserError(f"{path} is not a card that was written here: give another folder, or delete it.")
    facts = [
        ("kind", exported.kind),
        ("vocabulary size V", f"{exported.vocab_size:,}: 256 bytes, the end of a document, {len(exported.strings):,} strings"),
        ("text is split into", SEGMENTATIONS[exported.segmentation]),
        ("no token crosses", f"pre-tokens of {exported.pretokenizer}"),
        ("rows of an embedding", f"{specials.rows(exported.vocab_size):,}"),
        *_training(source),
        ("digest of the tokenizer", tokenizer_digest(source)),
        ("exported by", f"gqvae {__version__}{_commit()}"),
    ]
    if measured is not None and measured.tokens:
        per_token = measured.size / measured.tokens
        facts.append(("compression", f"{per_token:.3f} bytes per token on {measured.text} ({measured.size:,} bytes of UTF-8)"))
    roles = {text: ", ".join(role for role, named in specials.roles.items() if named == text) for text in specials.ids}
    tokens = [(f"`{text}`", roles[text] or "–", str(token)) for text, token in specials.ids.items()]
    lines = [
        f"---\nlibrary_name: {library}\ntags: [tokenizer]\n---\n{MADE}\n\n# A tokenizer of kind {exported.kind}",
        "It is lossless on any UTF-8 text.",
        "\n".join(["| | |", "|---|---|", *(f"| {what} | {cell(value)} |" for what, value in facts)]),
        markdown_table(("special token", "role", "id"), tokens),
        f"```python\n{LOAD[library].format(name=name)}\n```",
    ]
    out.mkdir(parents=True, exist_ok=True)
    with atomic_open(path) as stream:
        stream.write("\n\n".join(lines) + "\n")


def _training(source: Path) -> list[tuple[str, str]]:
    """What `gqvae tokenizer train` wrote down; nothing for the tokenizers of a study."""
    if not (source / TRAINING).exists():
        return []
    record = read_json(source / TRAINING)
    text = [("training text", str(record["text"]))]
    if "train" in record:  # earlier versions did not write it
        train, read = record["train"], json.dumps(record["corpus"], ensure_ascii=False)
        text.append(("trained on", f"{train['documents']:,} documents, {train['bytes']:,} bytes, SHA-256 {train['sha256']}"))
        text.append(("read with", f"`{read}`"))
    return [
        *text,
        ("settings", f"`{record['settings']}`"),
        ("trained by", f"gqvae {record['gqvae']}"),
    ]


def _commit() -> str:
    state = git_state(PACKAGE)
    return "" if state is None else f", commit {state['commit'][:12]}{' with changes' if state['dirty'] else ''}"
