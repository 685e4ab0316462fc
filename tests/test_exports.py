"""`gqvae tokenizer export`, as a person runs it: formats, special tokens, a card, an upload to a server that answers as the hub."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import peers
import pytest

from documented import blocks, run_commands
from gqvae import __version__, load_tokenizer
from test_product import refused, run


@pytest.fixture(scope="module")
def bpe(stories: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("tokenizer") / "bpe"
    run("train", "--method", "bpe", "--text", stories, "--vocab-size", 320, "--out", out)
    return out


class Hub(BaseHTTPRequestHandler):
    """Makes repositories and takes commits."""

    protocol_version = "HTTP/1.1"
    answers: ClassVar[dict[str, tuple[int, dict[str, object]]]] = {}  # to the calls that it refuses
    files: ClassVar[dict[str, bytes]] = {}
    calls: ClassVar[list[str]] = []

    def log_message(self, *arguments: object) -> None:
        """Tests read the calls."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.calls.append(f"{self.path} {self.headers['Authorization']}")
        status, answer = self.answers.get(self.path, (200, {}))
        if status == 200 and self.path == "/api/repos/create":
            answer = {"url": f"http://{self.headers['Host']}/me/mine", "name": f"me/{json.loads(body)['name']}"}
        elif self.path == "/api/models/me/mine/preupload/main":
            answer = {
                "files": [
                    {"path": one["path"], "uploadMode": "regular", "shouldIgnore": False} for one in json.loads(body)["files"]
                ]
            }
        elif self.path == "/api/models/me/mine/commit/main":
            for line in map(json.loads, body.splitlines()):
                if line["key"] == "file":
                    self.files[line["value"]["path"]] = base64.b64decode(line["value"]["content"])
            answer = {"commitUrl": f"http://{self.headers['Host']}/me/mine/commit/abc", "commitOid": "abc"}
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Hub]]:
    handler = type("HubOfThisTest", (Hub,), {"answers": {}, "files": {}, "calls": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("HF_TOKEN", "hf_not_a_real_one")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    yield handler
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_last_line_says_what_to_load(bpe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--tokenizer", bpe, "--out", tmp_path / "x", "--special", "bos=<s>", "--special", "<|im_start|>")
    run("export", *options)
    first, text, last = capsys.readouterr().out.splitlines()
    assert "special tokens <|endoftext|> 256, <|pad|> 320, <s> 321, <|im_start|> 322; an embedding needs 323 rows." in first
    assert "--parse-special" in text and "transformers.PreTrainedTokenizerFast" in last
    config = json.loads((tmp_path / "x" / "tokenizer_config.json").read_text())
    assert config["split_special_tokens"] is True and config["bos_token"] == "<s>"
    run("export", *options, "--parse-special")
    assert "--parse-special" not in capsys.readouterr().out
    assert json.loads((tmp_path / "x" / "tokenizer_config.json").read_text())["split_special_tokens"] is False


def test_options_that_do_not_fit_are_refused(bpe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    export = ("export", "--tokenizer", bpe, "--out", tmp_path / "x")
    assert "add --card" in refused(capsys, *export, "--text", "story.txt")
    assert "leave out --parse-special" in refused(capsys, *export, "--format", "tiktoken", "--parse-special")
    assert "no role 'boss'" in refused(capsys, *export, "--special", "boss=<s>")
    assert not (tmp_path / "x").exists()
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "README.md").write_text("Mine.")
    assert "is not a card that was written here" in refused(capsys, *export, "--card")
    assert (tmp_path / "x" / "README.md").read_text() == "Mine."


def test_nothing_is_written_before_the_text_of_the_card_is_read(
    bpe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    export = ("export", "--tokenizer", bpe, "--out", tmp_path / "x", "--card", "--text")
    (tmp_path / "bad.txt").write_bytes(b"\xff")
    assert "does not exist" in refused(capsys, *export, tmp_path / "none.txt")
    assert "is not UTF-8" in refused(capsys, *export, tmp_path / "bad.txt")
    assert not (tmp_path / "x").exists()


def test_a_file_is_no_folder(bpe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    for options in ((), ("--format", "tiktoken")):
        said = refused(capsys, "export", "--tokenizer", bpe, "--out", tmp_path / "file", *options)
        assert f"--out: {tmp_path / 'file'} is not a folder: give another path." in said


def test_a_missing_tokenizer_is_told_without_words_of_the_workflow(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = refused(capsys, "export", "--tokenizer", tmp_path / "none", "--out", tmp_path / "x")
    assert f"{tmp_path / 'none' / 'gqvae.json'} does not exist or is not a file: check the path, or run the command" in said
    assert "rule" not in said


@pytest.mark.parametrize("form", ["tokenizers", "tokenizers-1", "tiktoken"])
def test_another_choice_of_special_tokens_needs_another_folder(
    bpe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    export = ("export", "--tokenizer", bpe, "--out", tmp_path / "x", "--format", form, "--special")
    run(*export, "bos=<s>")
    before = {path: path.read_bytes() for path in (tmp_path / "x").iterdir()}
    said = refused(capsys, *export, "bos=<other>")
    assert "holds an export with other strings or special tokens: give another folder or the options of that export" in said
    assert {path: path.read_bytes() for path in (tmp_path / "x").iterdir()} == before
    run(*export, "bos=<s>")


@pytest.mark.parametrize("form", ["tokenizers", "tokenizers-1", "tiktoken"])
def test_the_text_of_a_byte_is_no_special_token(bpe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str) -> None:
    for text in ("a", " ", "\n"):
        said = refused(capsys, "export", "--tokenizer", bpe, "--out", tmp_path / "x", "--format", form, "--special", text)
        assert f"The vocabulary holds {text!r}, the name of a special token" in said
    assert not (tmp_path / "x").exists()


def test_the_card_says_what_the_tokenizer_is(bpe: Path, stories: Path, tmp_path: Path) -> None:
    for out, options in ((tmp_path / "x", ()), (tmp_path / "t", ("--format", "tiktoken"))):
        for _ in range(2):  # over its own card
            run("export", "--tokenizer", bpe, "--out", out, "--special", "bos=<s>", "--card", "--text", stories, *options)
    card, other = ((tmp_path / folder / "README.md").read_text(encoding="utf-8") for folder in ("x", "t"))
    documents = stories.read_bytes().split(b"\n<|endoftext|>\n")
    size = sum(map(len, documents))
    per_token = size / sum(map(len, load_tokenizer(bpe).encode_documents(documents)))
    assert f"| compression | {per_token:.3f} bytes per token on stories.txt ({size:,} bytes of UTF-8) |" in card
    assert "| training text | stories.txt |" in card and f"| trained by | gqvae {__version__} |" in card
    assert re.search(r"\| settings \| `\{.*\"tokenizer\":\"bpe\".*\}` \|", card)
    assert "| `<s>` | bos | 321 |" in card and r"| `<\|pad\|>` | pad | 320 |" in card and "| rows of an embedding | 322 |" in card
    assert 'PreTrainedTokenizerFast.from_pretrained("x")' in card
    assert "library_name: tiktoken" in other and 'pathlib.Path("t")' in other


def test_an_export_is_uploaded_and_nothing_else(hub: type[Hub], bpe: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("export", "--tokenizer", bpe, "--out", bpe, "--card", "--push-to-hub", "mine")
    assert hub.files == {name: (bpe / name).read_bytes() for name in ("tokenizer.json", "tokenizer_config.json", "README.md")}
    assert 'from_pretrained("mine")' in hub.files["README.md"].decode()
    assert "/me/mine/commit/abc" in capsys.readouterr().out
    assert all(call.endswith("Bearer hf_not_a_real_one") for call in hub.calls)


def test_a_hub_that_refuses_is_one_sentence(
    hub: type[Hub], bpe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    push = ("export", "--tokenizer", bpe, "--out", tmp_path / "x", "--push-to-hub")
    hub.answers["/api/repos/create"] = (401, {"error": "Invalid credentials"})
    assert "--push-to-hub mine: the hub refuses (" in refused(capsys, *push, "mine")
    assert "check the name" in refused(capsys, *push, "not a name")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert "check the name, `hf auth login` and HF_ENDPOINT" in refused(capsys, *push, "mine")
    assert not hub.files


def test_every_line_of_the_documentation_runs(
    bpe: Path, hub: type[Hub], stories: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    transformers = pytest.importorskip("transformers")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").symlink_to(bpe)
    (tmp_path / "story.txt").write_bytes(stories.read_bytes())
    shell, tiktoken, python = (block for _, block in blocks("docs/exports.md", "sh", "python"))
    assert run_commands(shell) == shell.splitlines()
    exec(python, {})
    assert transformers and "README.md" in hub.files
    path = ":".join(peers.python_path("tiktoken"))
    found = subprocess.run([sys.executable, "-c", tiktoken], capture_output=True, text=True, env={"PYTHONPATH": path, "PATH": ""})
    if "No module named 'tiktoken'" not in found.stderr:
        assert found.returncode == 0, found.stderr
