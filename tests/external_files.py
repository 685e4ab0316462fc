"""Tokenizers of other programs, trained by their libraries on a small text and written as those programs write them."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import sentencepiece
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from gqvae.config import BYTE_VALUES
from gqvae.corpus.pretokens import count_pretokens
from gqvae.tokenizers.bpe import train_bpe

TEXT = ["Once upon a time, there was a café. It wasn't raining!  Two  blanks\n\nand lines: Zażółć gęślą jaźń, 日本. "] * 6
BYTES = pre_tokenizers.ByteLevel.alphabet()
PATTERN = r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s"


def byte_level(path: Path, *, prefix: bool = False) -> Path:
    """As GPT-2's, with everything that belongs to a model: a template, padding and truncation."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=prefix)
    made.decoder = decoders.ByteLevel()
    made.train_from_iterator(
        TEXT,
        trainers.BpeTrainer(vocab_size=330, initial_alphabet=BYTES, special_tokens=["<|endoftext|>"], show_progress=False),
    )
    made.post_processor = processors.TemplateProcessing(
        single="<|endoftext|> $A <|endoftext|>", special_tokens=[("<|endoftext|>", 0)]
    )
    made.enable_truncation(4)
    made.enable_padding(length=64)
    made.save(str(path))
    return path


def bpe_with_unknown(path: Path) -> Path:
    """Of characters, not bytes; words are cut at blanks, which are dropped."""
    made = Tokenizer(models.BPE(unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.train_from_iterator(
        TEXT, trainers.BpeTrainer(vocab_size=60, special_tokens=["[UNK]"], limit_alphabet=20, show_progress=False)
    )
    made.save(str(path))
    return path


def wordpiece(path: Path) -> Path:
    """As BERT's."""
    made = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer()
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.decoder = decoders.WordPiece()
    made.train_from_iterator(TEXT, trainers.WordPieceTrainer(vocab_size=90, special_tokens=["[UNK]"], show_progress=False))
    made.save(str(path))
    return path


def unigram(path: Path) -> Path:
    """As T5's: a mark for each blank, and one in front."""
    made = Tokenizer(models.Unigram())
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    made.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(vocab_size=70, special_tokens=["<unk>"], unk_token="<unk>", show_progress=False)
    made.train_from_iterator(TEXT, trainer)
    made.save(str(path))
    return path


def llama(path: Path) -> Path:
    """As Llama's: BPE with bytes to fall back on, blanks as marks, one in front of every text."""
    pieces = ["<unk>", *(f"<0x{value:02X}>" for value in range(BYTE_VALUES)), *"▁Onceupatimhrwo", "▁a", "on", "▁t", "re"]
    merges = [("▁", "a"), ("o", "n"), ("▁", "t"), ("r", "e")]
    vocabulary = {piece: place for place, piece in enumerate(dict.fromkeys(pieces))}
    made = Tokenizer(models.BPE(vocabulary, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    made.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    made.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    made.save(str(path))
    return path


def sentencepiece_model(path: Path, kind: str, *, lossless: bool, **options: object) -> Path:
    """A model as sentencepiece trains it by default, or one that falls back on bytes and changes nothing, with other options."""
    model = io.BytesIO()
    changes: dict[str, object] = (
        {"byte_fallback": True, "normalization_rule_name": "identity", "remove_extra_whitespaces": False} if lossless else {}
    )
    changes |= options
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(TEXT), model_writer=model, model_type=kind, vocab_size=325 if lossless else 69,
        hard_vocab_limit=False, character_coverage=0.98, num_threads=1, minloglevel=2, **changes,
    )  # fmt: skip
    path.write_bytes(model.getvalue())
    return path


def ranks(path: Path) -> Path:
    """A .tiktoken file: the bytes in the order of GPT-2's alphabet, then merges."""
    strings = train_bpe(count_pretokens([text.encode() for text in TEXT]), 320).strings
    tokens = [bytes([value]) for value in (*range(33, BYTE_VALUES), *range(33))] + strings
    path.write_bytes(b"".join(base64.b64encode(token) + b" %d\n" % rank for rank, token in enumerate(tokens)))
    return path
