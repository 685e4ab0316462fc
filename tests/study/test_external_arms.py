"""External tokenizers as arms: their text is documents, their losses are recorded, and lossy ones have no bits per byte."""

from __future__ import annotations

import argparse
import json
import lzma
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tokenizers as huggingface

import external_files as files
from documented import ROOT, blocks, run_commands
from gqvae import config
from gqvae.cli import main
from gqvae.corpus.documents import DocumentStore, Shard
from gqvae.corpus.sources import Source, open_source
from gqvae.corpus.sources.synthetic import Settings as SyntheticCorpus
from gqvae.corpus.splits import write_corpus
from gqvae.errors import UserError
from gqvae.files import read_json
from gqvae.jobs import tokenizers as jobs
from gqvae.jobs.lm_sampling import token_bytes
from gqvae.jobs.lm_text import Split
from gqvae.measures.losses import OWN_PLACE, TokenCosts, breakdown, by_document
from gqvae.study import layout
from gqvae.study.claims import claims_table
from gqvae.tokenizers.encode import encode_corpus
from gqvae.tokenizers.external import read_external, require_text_back
from gqvae.tokenizers.readable import readable
from gqvae.tokenizers.token_files import TokenFile, Vocabulary
from gqvae.tokenizers.token_parts import merge_tokens
from gqvae.training.windows import BLOCK_BYTES, Windows, join_documents

MAKERS = {"llama": ("a.json", files.llama), "wordpiece": ("b.json", files.wordpiece), "byte_level": ("c.json", files.byte_level)}
PAGE = "docs/external-tokenizers.md"
CORPUS = '{"source": "synthetic", "bytes": 60000, "seed": 0, "valid_fraction": 0.1, "test_fraction": 0.1}'


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus, its counts, and the tokenizers with the encoded corpus."""
    folder = tmp_path_factory.mktemp("study")
    assert main(["prepare-corpus", "--settings", CORPUS, "--out", str(folder / "corpus")]) == 0
    assert main(["count-pretokens", "--corpus", str(folder / "corpus"), "--out", str(folder / "pretokens")]) == 0
    for arm, (name, make) in MAKERS.items():
        make(folder / name)
        out = folder / "tokenizers" / arm / "external"
        assert main(["import-tokenizer", "--tokenizer", str(folder / name), "--pattern=", "--out", str(out)]) == 0
        tokens = folder / "tokens" / arm
        assert main(["encode-corpus", "--tokenizer", str(out), "--corpus", str(folder / "corpus"), "--out", str(tokens)]) == 0
    return folder


def tokenizer(study: Path, arm: str) -> str:
    return str(study / "tokenizers" / arm / "external")


def test_token_files_know_the_tokenizer_and_what_it_loses(study: Path) -> None:
    for arm, lossless in (("llama", True), ("byte_level", True), ("wordpiece", False)):
        record = read_json(study / "tokens" / arm / "tokens.json")
        assert record["tokenizer"] == read_json(Path(tokenizer(study, arm)) / "gqvae.json")["digest"]
        for row in record["splits"].values():
            assert (row["documents_changed"], row["bytes_lost"] > 0) == (0 if lossless else row["documents"], not lossless)


def test_bytes_of_tokens_add_up_to_the_text_of_every_document(study: Path) -> None:
    store, tokens = DocumentStore.open(study / "corpus", "test"), TokenFile.open(study / "tokens" / "llama", "test")
    vocabulary = Vocabulary.of(study / "tokens" / "llama")
    stream = join_documents(tokens, range(len(tokens)))
    costs = np.ones(len(stream) - 1, dtype=np.float32)
    losses = TokenCosts(
        stream[1:], costs, float(costs.sum()), store.total_bytes, vocabulary.byte_lengths, np.ones(len(vocabulary.byte_lengths), int),
        store, vocabulary.pretokenizer,
    )  # fmt: skip
    assert by_document(losses)["bytes"].tolist() == store.sizes.tolist()
    parts = breakdown(losses)
    assert (parts.groupby("kind")["bytes"].sum() == store.total_bytes).all()
    assert set(parts.query("kind == 'place'")["bin"]) == {OWN_PLACE, "end of document"}
    windows = Windows(stream, vocabulary.byte_lengths, context=32, batch=2, epochs=2, seed=0)
    assert windows.total_bytes == store.total_bytes and windows.consumed(windows.steps)[0] == 2 * store.total_bytes


def test_a_window_may_start_at_the_byte_that_the_end_takes_back() -> None:
    lengths = np.array([1] * 256 + [-1])
    for size in range(BLOCK_BYTES - 3, BLOCK_BYTES + 3):  # the text and its blank; the last window is the end of the document
        ids = np.array([256, *[97] * size, 256], dtype=np.int32)
        windows = Windows(ids, lengths, context=1, batch=100, epochs=1, seed=0)
        seen = np.concatenate([windows.chosen(step) for step in range(windows.steps)])
        assert sorted(seen.tolist()) == list(range(size + 1)) and windows.total_bytes == size - 1


def test_language_models_of_lossless_tokens_alone(study: Path) -> None:
    assert Split.open(study / "tokens" / "llama", study / "corpus", "train").byte_lengths[256] == -1
    with pytest.raises(UserError, match=r"documents of test do not come back from the tokens in .*: set language_model: false"):
        Split.open(study / "tokens" / "wordpiece", study / "corpus", "train")


def test_a_tokenizer_that_loses_text_is_refused_before_the_corpus_is_encoded(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for arm, (name, _) in MAKERS.items():
        asked = ["import-tokenizer", "--tokenizer", str(study / name), "--pattern=", "--corpus", str(study / "corpus")]
        code = main([*asked, "--out", str(tmp_path / arm)])
        said = [line for line in capsys.readouterr().err.splitlines() if "error" in line]
        if arm != "wordpiece":
            assert (code, said) == (0, []) and (tmp_path / arm / "gqvae.json").exists()
            continue
        assert code == 2 and not (tmp_path / arm).exists() and len(said) == 1
        first = readable(next(iter(DocumentStore.open(study / "corpus", "train")))[:12])
        assert f"{study / name} does not give back document 0 of train (“{first}” becomes “" in said[0]
        assert said[0].endswith("set language_model: false for this arm, or use a lossless tokenizer.")


def test_a_loss_is_shown_where_it_is(study: Path, tmp_path: Path) -> None:
    """Also behind the first document, and where text is missing at the end."""
    corpus = tmp_path / "corpus"
    documents = (f"Story {number}: a cat sat on a mat.".encode() + (b"  " if number == 7 else b"") for number in range(40))
    write_corpus(corpus, Source("cats", True, documents), SyntheticCorpus(valid_fraction=0.1, test_fraction=0.1))
    model = files.sentencepiece_model(tmp_path / "a.model", "unigram", lossless=True)
    require_text_back(read_external(model), "a.model", corpus)
    dropped = files.sentencepiece_model(tmp_path / "b.model", "unigram", lossless=True, remove_extra_whitespaces=True)
    with pytest.raises(
        UserError, match=r"b\.model does not give back document \d+ of \w+ \(“at on a mat\.  ” becomes “at on a mat\.”\)"
    ):
        require_text_back(read_external(dropped), "b.model", corpus)


def test_measures_in_bits_per_byte_are_left_out_where_text_is_lost(study: Path, tmp_path: Path) -> None:
    found = {}
    for arm in MAKERS:
        asked = {"tokens": study / "tokens" / arm, "tokenizer": Path(tokenizer(study, arm)), "corpus": study / "corpus"}
        jobs.measure_distribution(argparse.Namespace(**asked, out=tmp_path / arm))
        found[arm] = json.loads((tmp_path / arm / "distribution.json").read_text(encoding="utf-8"))
    in_bits = ("unigram_bpb", "bigram_bpb", "unigram_entropy", "bigram_entropy")
    assert all(found["wordpiece"][name] is None and found["llama"][name] > 0 for name in in_bits)
    assert found["wordpiece"]["documents_changed"] == 1 and 0.1 < found["wordpiece"]["bytes_lost"] < 0.5
    assert found["llama"]["documents_changed"] == found["llama"]["bytes_lost"] == 0
    assert all(0 < facts["renyi_efficiency"] < 1 for facts in found.values())


def test_shards_are_merged_into_the_same_files(study: Path, tmp_path: Path) -> None:
    for arm in ("llama", "wordpiece"):
        parts = []
        for number in (1, 2):
            parts.append(tmp_path / arm / str(number))
            read = read_external(study / MAKERS[arm][0])
            digest = read_json(study / "tokens" / arm / "tokens.json")["tokenizer"]
            encode_corpus(read, digest, study / "corpus", parts[-1], Shard(number, 2))
        merge_tokens(parts, study / "corpus", tmp_path / arm / "whole")
        for name in ("tokens.json", "train.bin", "test.offsets.npy"):
            assert (tmp_path / arm / "whole" / name).read_bytes() == (study / "tokens" / arm / name).read_bytes()


def test_the_manifest_alone_tells_the_bytes_of_every_token(study: Path) -> None:
    for arm, (name, _) in MAKERS.items():
        folder = Path(tokenizer(study, arm))
        assert token_bytes(folder, read_json(folder / "gqvae.json")["digest"]) == read_external(study / name).token_bytes


def test_compression_is_measured_on_documents(study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "compression.csv"
    asked = ["measure-compression", "--arm", "wordpiece", "--tokenizers", tokenizer(study, "wordpiece"), "--pretokens",
             str(study / "pretokens"), "--out", str(table)]  # fmt: skip
    assert main(asked) == 2 and "give --corpus as well" in capsys.readouterr().err
    assert main([*asked, "--corpus", str(study / "corpus")]) == 0
    row = table.read_text(encoding="utf-8").splitlines()[2].split(",")
    split = read_json(study / "tokens" / "wordpiece" / "tokens.json")["splits"]["test"]
    assert row[2] == "external" and row[7] == "test" and [int(row[8]), int(row[9])] == [split["bytes"], split["tokens"]]


def test_counted_tokenizers_are_matched_to_it(study: Path, tmp_path: Path) -> None:
    asked = ["match-compression", "--settings", '{"tokenizer": "bpe", "match_tolerance": 0.05}', "--target", tokenizer(study, "byte_level"),
             "--pretokens", str(study / "pretokens"), "--corpus", str(study / "corpus"), "--out", str(tmp_path / "matched")]  # fmt: skip
    assert main(asked) == 0
    record = read_json(tmp_path / "matched" / "matching.json")
    split = read_json(study / "tokens" / "byte_level" / "tokens.json")["splits"]["valid"]
    assert record["target_bytes_per_token"] == split["bytes"] / split["tokens"] and record["within_tolerance"]


def test_commands_take_files_and_folders_of_other_programs(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = tmp_path / "text.txt"
    text.write_text("Once upon a time, there was a Café.\n", encoding="utf-8")
    names = [str(study / name) for name in ("a.json", "b.json")]
    assert main(["tokenizer", "compare", "--tokenizers", *names, tokenizer(study, "llama"), "--text", str(text)]) == 0
    lines = capsys.readouterr().out.partition("\n\n")[0].splitlines()
    assert [line.split()[-2:] for line in lines] == [
        ["comes_back", "bytes_lost"],
        ["yes", "0.000"],
        ["no", "0.135"],
        ["yes", "0.000"],
    ]
    assert main(["tokenizer", "inspect", "--tokenizer", names[1], "--text", str(text), "--csv", str(tmp_path / "v.csv")]) == 0
    assert "own pre-tokens" in capsys.readouterr().out and "256,(end of document),0,0" in (tmp_path / "v.csv").read_text()
    page = tmp_path / "page.html"
    assert main(["tokenizer", "explore", "--tokenizers", *names, "--out", str(page)]) == 0
    (data,) = [line for line in page.read_text().splitlines() if 'id="data"' in line]
    arms = json.loads(data.partition(">")[2].removesuffix("</script>"))["arms"]
    assert [arm["how"] for arm in arms] == ["fixed", "fixed"] and len(arms[0]["first"]) == 256
    (tmp_path / "empty").mkdir()
    for verb in (["inspect", "--tokenizer"], ["compare", "--text", str(text), "--tokenizers"]):
        assert main(["tokenizer", *verb, str(tmp_path / "empty")]) == 2
        assert "gqvae.json does not exist" in capsys.readouterr().err


ARMS = {"mine": {"kind": "external", "path": "a.json"}, "bpe": {"kind": "bpe"}, "matched": {"kind": "bpe", "match": "mine"}}


def parsed(arms: dict, **settings: object) -> config.Study:
    return config.parse(config.Study, {"arms": arms, **settings}, "study.yaml")


def test_a_config_names_it_and_matches_it() -> None:
    study = parsed(ARMS, seeds=[3])
    assert list(layout.external_arms(study)) == ["mine"]
    assert layout.families(study) == ["bpe", "matched", "mine"] and layout.variants(study, "mine") == ("external",)
    assert layout.match_target(study, "matched") == ("mine", "external")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"mine": {"kind": "external", "path": "a.tiktoken"}}, "pattern is for .tiktoken files"),
        ({"mine": {"kind": "external", "path": "a.json", "pattern": "x"}}, "pattern is for .tiktoken files"),
        ({"mine": {"kind": "external"}}, "'arms.mine.path' is missing"),
        ({"matched": {"kind": "bpe", "match": "bpe"}}, "name a fixed, gqvae or external arm"),
    ],
)
def test_bad_configs_are_refused(change: dict, said: str) -> None:
    with pytest.raises(UserError, match=said):
        parsed({**ARMS, **change})


def test_own_pretokens_are_no_choice_for_a_study() -> None:
    with pytest.raises(UserError, match="whole is that of external tokenizers"):
        parsed(ARMS, pretokenizer="whole")


def test_a_claim_about_missing_bits_per_byte_is_an_error() -> None:
    claim = {"text": "x", "measure": "bigram_bpb", "first": "mine", "second": "bpe"}
    study = parsed({"mine": {**ARMS["mine"], "language_model": False}, "bpe": {"kind": "bpe"}}, claims={"X": claim})
    tables = {
        "distribution": pd.DataFrame(
            {"arm": ["mine", "bpe"], "seed": pd.array([None, None], "Int64"), "bigram_bpb": [math.nan, 2.0]}
        )
    }
    with pytest.raises(UserError, match="no value of bigram_bpb of mine, seed 0: its tokens do not hold the whole text"):
        claims_table(study, tables, "text")


def test_the_page_shows_the_config_and_its_code_makes_what_that_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = ROOT / "configs" / "external.yaml"
    (shown,) = (block for _, block in blocks(PAGE, "yaml"))
    assert path.read_text(encoding="utf-8").partition("\n")[2] == shown and len(shown.splitlines()) <= 15
    study = config.load_settings(config.Study, str(path))
    assert set(layout.decidable_claims(study)) == {"E1", "E2"} and {"bpe", "pathpiece", "gqvae"} < set(study.arms)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    text = b"\n<|endoftext|>\n".join(open_source(SyntheticCorpus(bytes=400_000)).documents)
    (tmp_path / "data" / "tinystories_train.txt.xz").write_bytes(lzma.compress(text))
    (tmp_path / "story.txt").write_bytes(text[:5000])
    byte_level = huggingface.Tokenizer.from_file(str(files.byte_level(tmp_path / "any.json")))
    for made, name in zip(byte_level.model.save(str(tmp_path)), ("encoder.json", "vocab.bpe"), strict=True):
        Path(made).rename(tmp_path / name)
    for _, code in blocks(PAGE, "python"):
        exec(code, {})
    (_, shell), *_ = blocks(PAGE, "sh")
    capsys.readouterr()
    (line,) = run_commands(shell)
    assert "compare" in line
    assert [row.split()[-2:] for row in capsys.readouterr().out.partition("\n\n")[0].splitlines()[1:]] == [["yes", "0.000"]] * 2
    assert read_external(Path(study.arms["sp"].path)).vocab_size == study.vocabulary.size
    assert read_external(Path(study.arms["gpt2"].path)).encode("a time") == read_external(tmp_path / "any.json").encode("a time")
