"""What the command line says to mistyped commands, and which values it takes."""

from __future__ import annotations

import subprocess
import sys

import pytest

from gqvae.cli import build_parser

TRAIN = ("tokenizer", "train", "--text", "a.txt", "--vocab-size", "300", "--out", "x")
ENCODE = ("tokenizer", "encode", "--tokenizer", "x")


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as stopped:
        build_parser().parse_args(arguments)
    assert stopped.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith("usage: gqvae") and said.count("error:") == 1
    return said.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("tokeniser", "train"), "gqvae: error: argument <verb>: there is no 'tokeniser': did you mean 'tokenizer'? `gqvae --help` "),
        (("tokenizer", "trian"), "gqvae tokenizer: error: argument <verb>: there is no 'trian': did you mean 'train'? choose one of train, "),
        (("tokenizer", "qqq"), "gqvae tokenizer: error: argument <verb>: there is no 'qqq': choose one of train, "),
        ((*TRAIN, "--method", "pathpice"), "'pathpice': did you mean 'pathpiece'? choose one of gqvae, pathpiece, bpe, unigram"),
        ((*ENCODE, "--format", "npi"), "argument --format: there is no 'npi': did you mean 'npy'? choose one of text, npy, u16, u32"),
        ((*TRAIN, "--vocabsize=3"), "gqvae tokenizer train: error: there is no option --vocabsize: did you mean '--vocab-size'? see "),
    ],
)  # fmt: skip
def test_the_name_that_was_perhaps_meant_is_told(
    arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    line = refusal(capsys, *arguments)
    assert said in line and len(line) < 250


def test_a_pattern_that_the_shell_expands_must_be_quoted(capsys: pytest.CaptureFixture[str]) -> None:
    said = refusal(capsys, *TRAIN[:4], "b.txt", "c.txt", *TRAIN[4:])
    assert said.startswith("gqvae tokenizer train: error: too many arguments: b.txt c.txt: ")
    assert "a pattern such as '*.txt' must be in quotes" in said


@pytest.mark.parametrize("separator", ["---", "-----"])
@pytest.mark.parametrize("command", [TRAIN, (*ENCODE, "a.txt")])
def test_a_separator_of_dashes_is_no_option(command: tuple[str, ...], separator: str) -> None:
    for given in (["--separator", separator], [f"--separator={separator}"]):
        parsed = build_parser().parse_args([*command, *given, *(["--method", "bpe"] if command == TRAIN else [])])
        assert parsed.separator == separator
    assert build_parser().parse_args([*command, "--separator=-*-"]).separator == "-*-"


def test_dashes_take_no_value_from_another_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert "argument --separator: expected one argument" in refusal(capsys, *TRAIN, "--separator", "--method", "bpe")
    assert "there is no option ---: see" in refusal(capsys, "doctor", "---")


def test_arguments_come_from_the_command_itself() -> None:
    done = subprocess.run([sys.executable, "-m", "gqvae", "docter"], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "did you mean 'doctor'?" in done.stderr


def test_a_list_may_be_given_in_parts(capsys: pytest.CaptureFixture[str]) -> None:
    compare = ("tokenizer", "compare", "--text", "a", "--tokenizers", "x", "y", "--text", "b", "c", "--tokenizers", "z")
    parsed = build_parser().parse_args(compare)
    assert [path.name for path in parsed.text] == ["a", "b", "c"] and [path.name for path in parsed.tokenizers] == ["x", "y", "z"]
    assert build_parser().parse_args([*TRAIN, "--vocab-size", "400", "500"]).vocab_size == [300, 400, 500]


def test_a_training_takes_one_text(capsys: pytest.CaptureFixture[str]) -> None:
    said = refusal(capsys, *TRAIN, "--text", "b.txt")
    assert said.endswith("argument --text: it is given twice: give one folder or one quoted pattern that names all files")
