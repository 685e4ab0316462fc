"""`gqvae tokenizer train`: every method from a text file to folders that load everywhere."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import tokenizers as huggingface
import yaml

from gqvae import load_tokenizer
from gqvae.cli import main
from gqvae.config import NetworkRun, PaperObjective, Study, parse
from gqvae.corpus.documents import SPLITS, DocumentStore
from gqvae.corpus.pretokens import PretokenCounts, count_pretokens
from gqvae.corpus.sources import open_source
from gqvae.corpus.sources.text import Settings as TextCorpus
from gqvae.corpus.splits import choose_split, write_corpus
from gqvae.errors import UserError
from gqvae.tokenizers import from_text
from gqvae.tokenizers.base import Tokenizer
from gqvae.tokenizers.counted import trainer
from gqvae.training import default_run as defaults
from gqvae.training import tokenizer as by_network
from test_product import TEXT, TINY, refused, run

ROOT = Path(__file__).resolve().parents[1]
COUNTED = ("pathpiece", "bpe", "unigram")
SIZES = (300, 320)


@pytest.fixture(scope="module")
def train_split(stories: Path, tmp_path_factory: pytest.TempPathFactory) -> PretokenCounts:
    """As `gqvae prepare-corpus` and `count-pretokens` make it for a study."""
    corpus, folder = TextCorpus(path=str(stories)), tmp_path_factory.mktemp("corpus")
    write_corpus(folder, open_source(corpus), corpus)
    return count_pretokens(DocumentStore.open(folder, "train"))


def command(stories: Path, method: str, out: Path, *sizes: int) -> list[str]:
    settings = ["--settings", json.dumps(TINY)] if method == "gqvae" else []
    return ["train", "--method", method, "--text", str(stories), "--vocab-size", *map(str, sizes), "--out", str(out), *settings]


@pytest.fixture(scope="module", params=["gqvae", *COUNTED])
def made(request: pytest.FixtureRequest, stories: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A method, and the folder of its tokenizers of two sizes."""
    out = tmp_path_factory.mktemp("made") / request.param
    run(*command(stories, request.param, out, *SIZES))
    return request.param, out


def test_one_call_makes_a_folder_of_each_size_that_loads_everywhere(made: tuple[str, Path]) -> None:
    method, out = made
    assert sorted(path.name for path in out.iterdir()) == ["v300", "v320"]
    for size in SIZES:
        tokenizer = load_tokenizer(out / f"v{size}")
        assert tokenizer.requested_size == size
        assert 257 < tokenizer.vocab_size <= size if method == "gqvae" else tokenizer.vocab_size == size
        ids = tokenizer.encode(TEXT)
        assert tokenizer.decode_bytes(ids) == TEXT.encode() and len(ids) < len(TEXT.encode())
        assert huggingface.Tokenizer.from_file(str(out / f"v{size}" / "tokenizer.json")).encode(TEXT).ids == ids


@pytest.mark.parametrize("method", COUNTED)
def test_counted_methods_see_what_a_study_trains_on(
    method: str, stories: Path, train_split: PretokenCounts, tmp_path: Path
) -> None:
    run(*command(stories, method, tmp_path / "out", 310))
    trainer(method, {})(train_split, [310])[310].save(tmp_path / "expected")
    assert (tmp_path / "out" / "gqvae.json").read_bytes() == (tmp_path / "expected" / "gqvae.json").read_bytes()
    assert not (tmp_path / "out" / "counting").exists()


def test_the_network_sees_the_same_text(
    stories: Path, train_split: PretokenCounts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []

    def killed(run: NetworkRun, train: PretokenCounts, *others: object, **more: object) -> None:
        seen.extend([run, train])
        raise KeyboardInterrupt

    monkeypatch.setattr(by_network, "train_network", killed)
    # Without --settings, and for two sizes: the network is that of the larger one.
    assert (
        main(["tokenizer", "train", "--text", str(stories), "--vocab-size", "300", "5000", "--out", str(tmp_path / "x")]) == 130
    )
    assert seen[0] == defaults.default_run(5000)
    assert seen[1].pretokens == train_split.pretokens and (seen[1].counts == train_split.counts).all()


def test_the_default_network_is_the_one_whose_quality_is_published() -> None:
    config = yaml.safe_load((ROOT / "configs" / "tinystories-sample.yaml").read_text(encoding="utf-8"))
    published = parse(Study, config, "tinystories-sample.yaml").network_run("gqvae")
    assert [size for size in range(512, 4097) if defaults.default_run(size) != published] == []
    larger = defaults.default_run(16_384)
    assert larger.network.codebook_size == 40_960
    assert larger.network.model_copy(update={"codebook_size": published.network.codebook_size}) == published.network


def test_counted_methods_need_no_torch(stories: Path, tmp_path: Path) -> None:
    commands = [["tokenizer", *command(stories, method, tmp_path / method, 300)] for method in COUNTED]
    code = f"import sys; sys.modules['torch'] = None; from gqvae.cli import main; sys.exit(sum(map(main, {commands!r})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert all((tmp_path / method / "tokenizer.json").exists() for method in COUNTED)


@pytest.mark.parametrize("option", ["--bytes-per-token=2", "--encoder=neural", "--steps=9", "--seed=0", "--threads=1"])
@pytest.mark.parametrize("method", COUNTED)
def test_options_of_the_network_are_refused_elsewhere(
    stories: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], method: str, option: str
) -> None:
    said = refused(capsys, *command(stories, method, tmp_path / "x", 300), option)
    assert f"--method {method} has no {option.partition('=')[0]}: leave it out" in said
    assert not (tmp_path / "x").exists()


def test_settings_are_those_of_the_method(stories: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for method, settings in (("bpe", {"max_token_bytes": 3}), ("pathpiece", {"candidates": "substrings", "max_token_bytes": 3})):
        file = tmp_path / f"{method}.yaml"
        file.write_text(yaml.safe_dump(settings), encoding="utf-8")
        run(*command(stories, method, tmp_path / method, 300), "--settings", file)
        assert max(map(len, load_tokenizer(tmp_path / method).strings)) == 3
    wrong = [*command(stories, "unigram", tmp_path / "x", 300), "--settings", '{"network": {}}']
    assert "settings of unigram: unknown key 'network'; its keys are max_token_bytes (docs/training.md describes" in refused(
        capsys, *wrong
    )
    assert not (tmp_path / "x").exists()


def test_settings_differ_from_the_default_in_what_they_name_only() -> None:
    named = {"network": {"width": 32}, "training": {"steps": 120, "unquantized_steps": 60, "gradient_clip": None}}
    expected = defaults.default_run(512).model_dump()
    expected["network"]["width"] = 32
    expected["training"] |= {"steps": 120, "unquantized_steps": 60, "gradient_clip": None}
    assert defaults.run_with(named, "x", 512).model_dump() == expected
    assert defaults.run_with({"training": {"steps": 200}}, "x", 512) == defaults.default_run(512, 200)
    assert defaults.run_with({}, "x", 512, 200) == defaults.default_run(512, 200)
    assert defaults.default_run(512, 200).training.unquantized_steps == 130  # the share of the default
    assert defaults.default_run(512, 1).training.steps == 1
    assert defaults.run_with({"objective": {"name": "paper"}}, "x", 512).objective == PaperObjective()
    for wrong in ([], {"training": 3}, {"training": {"steps": {}}}, {"training": {"steps": 0}}, {"network": {"width": {}}}):
        with pytest.raises(UserError, match=r"^x: "):
            defaults.run_with(wrong, "x", 512)


def test_a_pipe_is_a_text(stories: Path, train_split: PretokenCounts, tmp_path: Path) -> None:
    trainer("bpe", {})(train_split, [300])[300].save(tmp_path / "expected")
    command = (
        f"{sys.executable} -m gqvae tokenizer train --method bpe --text <(head -c 30000 {stories}; sleep 0.3; tail -c +30001 {stories}) "
        f"--vocab-size 300 --out {tmp_path / 'x'}"
    )
    subprocess.run(["bash", "-c", command], check=True)
    assert (tmp_path / "x" / "gqvae.json").read_bytes() == (tmp_path / "expected" / "gqvae.json").read_bytes()
    assert json.loads((tmp_path / "x" / "training.json").read_text())["text"] == "a pipe"


@pytest.mark.parametrize("as_file", [True, False])
def test_standard_input_is_a_text(stories: Path, train_split: PretokenCounts, tmp_path: Path, as_file: bool) -> None:
    trainer("bpe", {})(train_split, [300])[300].save(tmp_path / "expected")
    program = [sys.executable, "-m", "gqvae", "tokenizer", "train", "--method", "bpe", "--vocab-size", "300", "--text", "-"]
    with open(stories, "rb") as stream:
        given: dict[str, Any] = {"stdin": stream} if as_file else {"input": stories.read_bytes()}
        subprocess.run([*program, "--out", str(tmp_path / "x")], check=True, **given)
    assert (tmp_path / "x" / "gqvae.json").read_bytes() == (tmp_path / "expected" / "gqvae.json").read_bytes()
    record = json.loads((tmp_path / "x" / "training.json").read_text())
    assert record["text"] == record["corpus"]["path"] == "standard input"


def test_only_the_training_split_is_needed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Equal documents share a split, which their hash decides."""
    same = [f"{number} little foxes walked and talked. " * 3 for number in range(99)]
    splits = {split: next(one for one in same if choose_split(one.encode(), 0, 0.05, 0.05) == split) for split in SPLITS}
    for split, document in splits.items():
        (tmp_path / f"{split}.txt").write_text("\n<|endoftext|>\n".join([document] * 600))
    for split in ("valid", "test"):
        said = refused(capsys, *command(tmp_path / f"{split}.txt", "bpe", tmp_path / "x", 270))
        assert (
            "600 documents leave the train split empty: give more documents, or change the corpus's `seed`, or give --all-text"
            in said
        )
    for method in ("bpe", "gqvae"):
        run(*command(tmp_path / "train.txt", method, tmp_path / method, 270))
        assert load_tokenizer(tmp_path / method).encode("a")
    assert "no document is in the validation split: the training is watched on its own text" in capsys.readouterr().err


def test_steps_make_a_short_training(stories: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small = json.dumps({"network": TINY["network"], "training": {"batch_pretokens": 64}})
    run("train", "--text", stories, "--vocab-size", 300, "--steps", 7, "--settings", small, "--out", tmp_path / "x")
    assert '"steps":7,' in json.loads((tmp_path / "x" / "training.json").read_text())["settings"]
    twice = json.dumps({"training": {"steps": 9}})
    said = refused(capsys, "train", "--text", stories, "--vocab-size", 300, "--steps", 7, "--settings", twice, "--out", tmp_path)
    assert "--steps 7 and training.steps in --settings mean the same" in said


def test_a_folder_with_a_tokenizer_is_refused_before_any_work(
    stories: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run(*command(stories, "bpe", tmp_path / "x" / "v300", 300))
    (tmp_path / "exported").mkdir()
    (tmp_path / "exported" / "tokenizer.json").write_bytes((tmp_path / "x" / "v300" / "tokenizer.json").read_bytes())
    (tmp_path / "file").touch()
    monkeypatch.delattr(from_text, "write_corpus")
    for method in ("gqvae", "pathpiece"):
        for out, sizes in (
            ("x/v300", [300]),
            ("x", [300, 320]),
            ("x/v300", [310, 320]),
            ("exported", [300]),
            ("exported", [310, 320]),
        ):
            assert "holds a tokenizer already" in refused(capsys, *command(stories, method, tmp_path / out, *sizes))
        assert "is not a folder" in refused(capsys, *command(stories, method, tmp_path / "file", 300))


def test_a_text_without_separators_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "text").write_text(TEXT.replace("<|endoftext|>", ""), encoding="utf-8")
    for method in ("gqvae", "bpe"):
        assert "no '<|endoftext|>' was found, so set `separator` to" in refused(
            capsys, *command(tmp_path / "text", method, tmp_path / "x", 300)
        )
    assert not (tmp_path / "x").exists()


def killed(*arguments: object) -> None:
    raise KeyboardInterrupt


def test_training_goes_on_where_it_was_killed(
    made: tuple[str, Path], stories: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    method, finished = made
    again = ["tokenizer", *command(stories, method, tmp_path, *SIZES)]
    if method == "gqvae":
        with monkeypatch.context() as patch:
            patch.setattr(by_network, "distill", killed)
            assert main(again) == 130
    monkeypatch.setattr(by_network, "train_network", killed)  # it has been trained
    with monkeypatch.context() as patch:
        save = Tokenizer.save
        patch.setattr(Tokenizer, "save", lambda self, folder: killed() if self.requested_size == 320 else save(self, folder))
        assert main(again) == 130
    assert [(tmp_path / f"v{size}" / "gqvae.json").exists() for size in SIZES] == [True, False]
    other = "bpe" if method == "unigram" else "unigram"
    assert "v300 holds a tokenizer" in refused(capsys, *command(stories, other, tmp_path, *SIZES))
    assert "from other settings or text" in refused(capsys, *command(stories, method, tmp_path, 300, 330))
    assert main(again) == 0
    for size in SIZES:
        for name in ("gqvae.json", "tokenizer.json"):
            assert (tmp_path / f"v{size}" / name).read_bytes() == (finished / f"v{size}" / name).read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["v300", "v320"]


def test_a_method_that_counts_leaves_the_training_of_a_network_alone(stories: Path, tmp_path: Path) -> None:
    state = tmp_path / "training" / "state" / "last.ckpt"
    state.parent.mkdir(parents=True)
    state.touch()
    run(*command(stories, "bpe", tmp_path, 300))
    assert state.exists() and load_tokenizer(tmp_path).vocab_size == 300


def test_a_compression_that_is_asked_for_sets_the_gates(stories: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    distill = by_network.distill
    monkeypatch.setattr(
        by_network, "distill", lambda folder, wanted, train: asked.append(wanted) or distill(folder, wanted, train)
    )
    corpus = json.dumps({"source": "text", "path": str(stories)})
    out = tmp_path / "x"
    run("train", "--corpus", corpus, "--vocab-size", 300, "--bytes-per-token", 1.3, "--settings", json.dumps(TINY), "--out", out)
    (wanted,) = asked  # what it does with that is tested where rates are
    assert wanted.bytes_per_token == 1.3
    tokenizer = load_tokenizer(out)
    assert tokenizer.encoder == "neural" and tokenizer.decode(tokenizer.encode(TEXT)) == TEXT
