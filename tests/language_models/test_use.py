"""`gqvae lm`: an exported model is ours in another library, and a sample is what the model says."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from documented import blocks, run_commands
from gqvae.cli import main
from gqvae.config import END_OF_DOCUMENT
from gqvae.corpus.documents import DocumentStore
from gqvae.errors import UserError
from gqvae.jobs.lm_files import load_trained
from gqvae.jobs.lm_llama import llama_weights
from gqvae.jobs.lm_measuring import measure
from gqvae.jobs.lm_sampling import PROMPT_BYTES, TEMPERATURE, TEXT_BYTES, continuation
from gqvae.language_models.base import Model
from gqvae.language_models.transformer import DecoderOnlyTransformer
from gqvae.measures.bits_per_byte import bits_per_byte
from gqvae.tokenizers.base import load_tokenizer
from gqvae.tokenizers.bytes import BytesTokenizer
from gqvae.tokenizers.readable import readable
from gqvae.tokenizers.token_files import TokenFile
from gqvae.training.windows import join_documents

CONTEXT = 24
PROMPT = "the cat sat"


def results_of(run: Path) -> Path:
    return run.parents[1]


@pytest.fixture(scope="module")
def exported(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported") / "llama"
    for _ in range(2):  # the same again
        assert main(["lm", "export", "--run", str(run), "--out", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def llama(exported: Path):
    transformers = pytest.importorskip("transformers")
    return transformers.AutoModelForCausalLM.from_pretrained(exported, local_files_only=True).eval()


def ours(run: Path) -> Model:
    model, _, _ = load_trained(run)
    return model.eval()


def test_logits_are_those_of_llama(run: Path, llama) -> None:
    assert type(llama).__name__ == "LlamaForCausalLM"
    ids = torch.randint(0, 270, (3, CONTEXT), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        mine, theirs = ours(run)(ids), llama(ids).logits
    assert mine.shape == theirs.shape
    assert (mine - theirs).abs().max() < 1e-4 < 1 < mine.std()
    assert {name: value.dtype for name, value in llama.state_dict().items() if value.dtype != torch.float32} == {}


def test_bits_per_byte_are_those_of_the_study(run: Path, exported: Path, llama) -> None:
    transformers = pytest.importorskip("transformers")
    tokenizer = transformers.AutoTokenizer.from_pretrained(exported, local_files_only=True)
    results = results_of(run)
    documents = [document.decode() for document in DocumentStore.open(results / "corpus", "test")]
    ids = [END_OF_DOCUMENT]
    for document in documents:
        ids += [*tokenizer(document)["input_ids"], tokenizer.eos_token_id]
    stored = TokenFile.open(results / "tokens" / "bpe" / "v270", "test")
    assert ids == join_documents(stored, range(len(stored))).tolist()
    lengths = [len(one) for one in load_tokenizer(results / "tokenizers" / "bpe" / "v270").token_bytes]
    size = sum(len(document.encode()) for document in documents)
    found = bits_per_byte(lambda window, first: llama(window).logits[:, first:], np.array(ids), lengths, size, context=CONTEXT)
    measure(run, results / "tokens" / "bpe" / "v270", results / "corpus", results / "measured", threads=1)
    expected = json.loads((results / "measured" / "result.json").read_text())["test_bpb"]
    assert found.value == pytest.approx(expected, rel=1e-6) and expected < 3


def test_padded_batches_continue_as_each_text_alone(exported: Path, llama) -> None:
    """Padding is an id of the model: the end of a document."""
    transformers = pytest.importorskip("transformers")
    tokenizer = transformers.AutoTokenizer.from_pretrained(exported, local_files_only=True, padding_side="left")
    assert tokenizer.pad_token_id == tokenizer.eos_token_id == llama.config.eos_token_id == END_OF_DOCUMENT
    assert len(tokenizer) == llama.config.vocab_size == 270
    texts = ["the cat", "a mat ran on the"]
    options = {"max_new_tokens": 8, "do_sample": False}
    batch = llama.generate(**tokenizer(texts, padding=True, return_tensors="pt"), **options)
    for row, text in zip(batch, texts, strict=True):
        alone = llama.generate(**tokenizer([text], return_tensors="pt"), **options)[0]
        assert row.tolist()[-len(alone) :] == alone.tolist()


def test_export_does_not_need_transformers(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    assert main(["lm", "export", "--run", str(run), "--out", str(tmp_path / "out")]) == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"
    }  # fmt: skip


def test_a_model_of_another_kind_is_refused() -> None:
    with pytest.raises(UserError, match="class Model has no counterpart in transformers"):
        llama_weights(Model())


def test_every_line_of_the_page_runs(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a fresh process, the export is loaded without our code."""
    pytest.importorskip("transformers")
    monkeypatch.chdir(tmp_path)
    shell, python = (block for _, block in blocks("docs/language-models.md", "sh", "python"))
    (named,) = set(re.findall(r"--run (\S+)", shell))
    copy = shutil.copytree(results_of(run), tmp_path / "results" / "default")
    (copy / "language_models" / run.name).rename(tmp_path / named)
    assert run_commands(shell) == shell.splitlines()
    assert "Once upon a time" in capsys.readouterr().out
    code = f"import sys; sys.modules['gqvae'] = None\n{python}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("<|endoftext|>Once upon a time") and len(done.stdout) > 60


# Samples


def sampled(capsys: pytest.CaptureFixture[str], run: Path, *options: str) -> str:
    capsys.readouterr()
    assert main(["lm", "sample", "--run", str(run), "--prompt", PROMPT, *options]) == 0
    return capsys.readouterr().out.removesuffix("\n")


def test_a_seed_repeats_its_text_and_another_gives_another(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    texts = [sampled(capsys, run, "--seed", seed, "--tokens", "40") for seed in ("0", "0", "1", "2")]
    assert texts[0] == texts[1] and len(set(texts)) == 3
    assert all(text.startswith(PROMPT) for text in texts)


def test_temperature_0_is_what_llama_finds_most_probable(run: Path, capsys: pytest.CaptureFixture[str], llama) -> None:
    tokenizer = load_tokenizer(results_of(run) / "tokenizers" / "bpe" / "v270")
    ids = torch.tensor([[END_OF_DOCUMENT, *tokenizer.encode(PROMPT)]])
    count = CONTEXT - ids.shape[1]
    expected = llama.generate(ids, max_new_tokens=count, do_sample=False, attention_mask=torch.ones_like(ids))[0]
    options = ("--tokens", str(count), "--temperature")
    assert sampled(capsys, run, *options, "0") == tokenizer.decode(expected.tolist())
    assert sampled(capsys, run, *options, "1e-30") == tokenizer.decode(expected.tolist())


class Counted(DecoderOnlyTransformer):
    """Remembers how much it was given to read."""

    def forward(self, ids: torch.Tensor, first: int = 0) -> torch.Tensor:
        self.read = [*getattr(self, "read", []), ids[0].tolist()]
        return super().forward(ids, first)


def test_no_more_than_the_context_is_read_again() -> None:
    torch.manual_seed(0)
    model = Counted(300, layers=1, width=16, heads=2, context=6).eval()
    drawn = list(islice(continuation(model, [END_OF_DOCUMENT, 97], context=6), 20))
    whole = [END_OF_DOCUMENT, 97, *drawn]
    assert len(drawn) == 20 and model.read == [whole[max(0, end - 6) : end] for end in range(2, 22)]


def test_draws_follow_the_probabilities_of_the_model() -> None:
    torch.manual_seed(0)
    model = DecoderOnlyTransformer(5, layers=1, width=16, heads=2, context=6).eval()
    with torch.no_grad():
        model.head.weight *= 10
        expected = torch.softmax(model(torch.tensor([[1, 2]]))[0, -1] / 0.7, 0)
    draws = [next(continuation(model, [1, 2], context=6, temperature=0.7, seed=seed)) for seed in range(1000)]
    shares = torch.bincount(torch.tensor(draws), minlength=5) / len(draws)
    assert expected.max() < 0.9 and (shares - expected).abs().max() < 0.05  # three standard errors


def test_a_document_ends_the_text() -> None:
    class Ends(DecoderOnlyTransformer):
        def forward(self, ids: torch.Tensor, first: int = 0) -> torch.Tensor:
            logits = torch.zeros(1, 1, 300)
            logits[..., END_OF_DOCUMENT if ids.shape[1] == 4 else 98] = 1
            return logits

    model = Ends(300, layers=1, width=16, heads=2, context=6)
    assert list(continuation(model, [END_OF_DOCUMENT, 97], context=6)) == [98, 98, END_OF_DOCUMENT]


def test_samples_of_a_study_continue_the_first_test_document(run: Path, tmp_path: Path) -> None:
    results = results_of(run)
    tokenizer = load_tokenizer(results / "tokenizers" / "bpe" / "v270")
    tokens, corpus = results / "tokens" / "bpe" / "v270", results / "corpus"
    measure(run, tokens, corpus, tmp_path, threads=1, tokenizer=results / "tokenizers" / "bpe" / "v270")
    (row,) = pd.read_csv(tmp_path / "samples.csv").to_dict("records")
    first = next(iter(DocumentStore.open(corpus, "test"))).decode()
    assert first.startswith(row["prompt"]) and PROMPT_BYTES <= len(row["prompt"].encode()) < PROMPT_BYTES + 5
    ids, written = [END_OF_DOCUMENT, *tokenizer.encode(row["prompt"])], b""
    model, generator = ours(run), torch.Generator().manual_seed(0)
    while len(written) < TEXT_BYTES:
        with torch.no_grad():
            shares = torch.softmax(model(torch.tensor([ids[-CONTEXT:]]))[0, -1].double() / TEMPERATURE, 0)
        ids.append(int(torch.multinomial(shares, 1, generator=generator)))
        written += tokenizer.token_bytes[ids[-1]]
        if ids[-1] == END_OF_DOCUMENT:
            break
    assert row["text"] == readable(written) and row["ended"] == (ids[-1] == END_OF_DOCUMENT)


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_one_line_of_a_table(data: bytes) -> None:
    text = readable(data)
    assert text.isprintable() or not text
    assert not data.isascii() or not data.decode().isprintable() or text == data.decode()


# Bad input


def complaint(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """What `gqvae lm` says when it refuses: one line that ends as a sentence."""
    capsys.readouterr()
    assert main(["lm", *map(str, arguments)]) == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert "gqvae: error:" in said and said.endswith(".")
    return said


def test_a_folder_that_is_no_run_is_named(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for folder in (tmp_path, tmp_path / "nowhere", results_of(run) / "tokenizers" / "bpe" / "v270"):
        assert f"{folder / 'training.json'} does not exist" in complaint(capsys, "sample", "--run", folder)


def test_weights_that_do_not_fit_are_refused(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = shutil.copytree(run, tmp_path / "language_models" / "run")
    record = json.loads((copy / "training.json").read_text())
    record["settings"]["width"] = 32
    (copy / "training.json").write_text(json.dumps(record))
    assert "does not describe model.safetensors" in complaint(capsys, "export", "--run", copy, "--out", tmp_path / "out")
    (copy / "model.safetensors").write_bytes(b"torn")
    assert "model.safetensors is damaged" in complaint(capsys, "sample", "--run", copy)
    (copy / "model.safetensors").unlink()
    assert "model.safetensors does not exist" in complaint(capsys, "sample", "--run", copy)
    assert not (tmp_path / "out").exists()


def test_the_tokenizer_must_be_that_of_the_model(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    BytesTokenizer().save(tmp_path / "bytes")
    other = ("--tokenizer", tmp_path / "bytes")
    for verb in (("export", "--out", tmp_path / "out"), ("sample",)):
        said = complaint(capsys, *verb, "--run", run, *other)
        assert f"{tmp_path / 'bytes'} is not the tokenizer that {run} was trained with (bpe/v270)" in said
    alone = shutil.copytree(run, tmp_path / "language_models" / "run")
    said = complaint(capsys, "sample", "--run", alone)
    assert "tokenizers/bpe/v270, the tokenizer of" in said and "give its folder with --tokenizer" in said
    assert main(["lm", "sample", "--run", str(alone), "--tokenizer", str(results_of(run) / "tokenizers" / "bpe" / "v270")]) == 0
    assert not (tmp_path / "out").exists()


def test_a_run_is_never_overwritten_by_its_export(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (run / "model.safetensors").read_bytes()
    assert "is not part of an export" in complaint(capsys, "export", "--run", run, "--out", run)
    assert (run / "model.safetensors").read_bytes() == before and not (run / "tokenizer.json").exists()


@pytest.mark.parametrize("value", ["-1", "nan", "inf", "warm"])
def test_a_temperature_is_a_number_of_0_or_more(value: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["lm", "sample", "--run", "x", f"--temperature={value}"])
    assert "is not a number of 0 or more" in capsys.readouterr().err


def test_samples_need_the_tokenizer(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results = results_of(run)
    text = ["--tokens", str(results / "tokens" / "bpe" / "v270"), "--corpus", str(results / "corpus")]
    measured = ["measure-lm", "--model", str(run), *text, "--out", str(tmp_path / "out"), "--main", str(tmp_path / "out")]
    assert main(measured) == 2
    assert "--main needs the tokenizer" in capsys.readouterr().err
    BytesTokenizer().save(tmp_path / "bytes")
    assert main([*measured, "--tokenizer", str(tmp_path / "bytes")]) == 2
    assert "is not the tokenizer that the model was trained with" in capsys.readouterr().err
