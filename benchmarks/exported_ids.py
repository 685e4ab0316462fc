"""Check that an exported tokenizer gives the ids of the original for every document, in both libraries that load it.

python benchmarks/exported_ids.py --tokenizers mine bpe --texts tinystories_train.txt.xz shakespeare.txt
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import tokenizers
import transformers
from streaming import quickly_trained

from gqvae import load_tokenizer
from gqvae.config import CorpusBase
from gqvae.corpus.sources import open_source
from gqvae.corpus.sources.synthetic import Settings as SyntheticCorpus
from gqvae.corpus.sources.text import Settings as TextCorpus
from gqvae.tokenizers.export import export


def mismatches(folder: Path, corpus: CorpusBase) -> tuple[int, int]:
    """Number of documents, and of those with other ids in one of the libraries or without a lossless round trip."""
    tokenizer = load_tokenizer(folder)
    tokenizer = next((one for one in tokenizer.encoders() if one.encoder == "distilled"), tokenizer)
    with tempfile.TemporaryDirectory() as exported:
        export(tokenizer, Path(exported))
        fast = tokenizers.Tokenizer.from_file(str(Path(exported) / "tokenizer.json"))
        automatic = transformers.AutoTokenizer.from_pretrained(exported)
    documents = wrong = 0
    for document in open_source(corpus).documents:
        text = document.decode()
        ids = tokenizer.encode(text)
        same = fast.encode(text).ids == ids == automatic(text)["input_ids"] and automatic.decode(ids) == text
        documents, wrong = documents + 1, wrong + (not same)
    return documents, wrong


def main() -> int:
    """Print counts → 1 if any document differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokenizers", type=Path, nargs="+", help="folders (default: one trained on stories for a minute)")
    parser.add_argument("--texts", type=Path, nargs="+", help="files of documents (default: synthetic stories)")
    parser.add_argument("--separator", default="<|endoftext|>", help="line between documents, '' for blank lines (%(default)s)")
    arguments = parser.parse_args()
    corpora: list[CorpusBase] = [TextCorpus(path=str(path), separator=arguments.separator) for path in arguments.texts or ()]
    found = 0
    with tempfile.TemporaryDirectory() as directory:
        for folder in arguments.tokenizers or [quickly_trained(Path(directory) / "tokenizer")]:
            for corpus in corpora or [SyntheticCorpus(bytes=5_000_000)]:
                documents, wrong = mismatches(folder, corpus)
                found += wrong
                print(
                    f"{folder}  {getattr(corpus, 'path', 'synthetic stories')}: {documents:,} documents, {wrong:,} mismatches",
                    flush=True,
                )
    return int(found > 0)


if __name__ == "__main__":
    sys.exit(main())
