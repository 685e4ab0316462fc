"""The job of `gqvae tokenizer export`: files for other libraries, a model card, an upload."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from gqvae.errors import UserError
from gqvae.jobs.streams import show

if TYPE_CHECKING:
    from gqvae.report.model_card import Measured
    from gqvae.tokenizers.base import Tokenizer
    from gqvae.tokenizers.special_tokens import SpecialTokens


def export(arguments: argparse.Namespace) -> None:
    """Write the files, upload them if asked, and say how to load them."""
    from gqvae.tokenizers.export import export as write
    from gqvae.tokenizers.load import load_tokenizer
    from gqvae.tokenizers.special_tokens import special_tokens
    from gqvae.tokenizers.tiktoken_files import export_tiktoken

    if arguments.text and not arguments.card:
        raise UserError("--text is measured for the model card: add --card, or leave it out.")
    if arguments.format == "tiktoken" and arguments.parse_special:
        raise UserError("tiktoken is told at every call which special tokens a text may spell: leave out --parse-special.")
    if arguments.out.exists() and not arguments.out.is_dir():
        raise UserError(f"--out: {arguments.out} is not a folder: give another path.")
    tokenizer = load_tokenizer(arguments.tokenizer)
    specials = special_tokens(tokenizer.vocab_size, arguments.special)
    measured = _measured(tokenizer, arguments) if arguments.text else None  # before files are written: it may be unreadable
    if arguments.format == "tiktoken":
        export_tiktoken(tokenizer, arguments.out, specials)
    else:
        write(tokenizer, arguments.out, specials, arguments.format, parse_special=arguments.parse_special)
    if arguments.card:
        from gqvae.report.model_card import write_card

        library = "tiktoken" if arguments.format == "tiktoken" else "transformers"
        name = arguments.push_to_hub or arguments.out.name
        write_card(_exported(tokenizer), arguments.tokenizer, arguments.out, specials, library, name, measured)
    if arguments.push_to_hub:
        from gqvae.jobs.uploads import upload

        show(upload(arguments.out, arguments.push_to_hub))
    show(_how_to_load(arguments, tokenizer, specials))


def _exported(tokenizer: Tokenizer) -> Tokenizer:
    """The tokenizer with the encoder that is exported."""
    return next((one for one in tokenizer.encoders() if one.encoder == "distilled"), tokenizer)


def _measured(tokenizer: Tokenizer, arguments: argparse.Namespace) -> Measured:
    """The compression of a text, for the card."""
    import numpy as np

    from gqvae.jobs.parts import read_documents
    from gqvae.report.model_card import Measured

    exported = _exported(tokenizer)
    lengths = np.array([len(token) for token in exported.token_bytes])
    documents = read_documents(arguments.text, arguments.field, arguments.separator)
    found = [(int(lengths[ids].sum()), len(ids)) for ids in exported.encode_documents(documents)]
    return Measured(arguments.text.name, sum(size for size, _ in found), sum(tokens for _, tokens in found))


def _how_to_load(arguments: argparse.Namespace, tokenizer: Tokenizer, specials: SpecialTokens) -> str:
    """The last lines: special tokens, rows of an embedding, and which class loads the folder."""
    found = ", ".join(f"{text} {token}" for text, token in specials.ids.items())
    rows = specials.rows(tokenizer.vocab_size)
    lines = [f"{arguments.out}: special tokens {found}; an embedding needs {rows:,} rows."]
    if arguments.format == "tiktoken":
        return f"{lines[0]}\nHow to load it: docs/exports.md."
    if specials.others and not arguments.parse_special:
        lines.append("Text that spells a special token stays text, in chat templates, too: --parse-special changes that.")
    lines.append(
        "Load it with transformers.PreTrainedTokenizerFast: beside the config.json of a model, AutoTokenizer may give other ids."
    )
    return "\n".join(lines)
