"""The code behind a job: followed through imports, blind to what Python does not execute."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gqvae import code_state as module
from gqvae.code_state import code_state

FILES = {
    "__init__.py": "__version__ = '1'\n",
    "errors.py": "",
    "config/__init__.py": "from toy.config.block import Block\n",
    "config/block.py": "",
    "low/__init__.py": "",
    "low/words.py": "from toy.config import Block\nfrom toy.errors import Oops\n\ndef say():\n    return 'hello'\n",
    "low/numbers.py": "import math\n",
    "low/unused.py": "",
    "high/__init__.py": "",
    "high/train.py": "from toy.low import words\n\ndef train():\n    import toy.low.numbers\n    return words\n",
    "jobs.py": (
        "import toy.errors\n"
        "from toy.high.train import train as work\n"
        "from toy.low.numbers import one, two\n"
        "STEPS = 3\n"
        "RATE = 1\n"
        "def helper():\n    return one\n"
        "def count():\n    helper()\n"
        "def train():\n    work(STEPS)\n"
        "def other():\n    return RATE\n"
    ),
}


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / "toy" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "toy"


def modules(lines: list[str]) -> list[str]:
    return [line.split()[0] for line in lines]


def after(toy: Path, name: str, old: str, new: str, function: str = "toy.jobs.train") -> bool:
    """Whether an edit of a file changes the code of a function."""
    path, before = toy / name, code_state(function, package=toy)
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    for cached in (module._tree, module._facts, module._file, module._root, module._code_state):
        cached.cache_clear()
    return code_state(function, package=toy) != before


def test_imports_are_followed_at_any_depth_and_inside_functions(toy: Path) -> None:
    found = modules(code_state("toy.high.train.train", package=toy))
    assert found == ["toy.high.train", "toy.low", "toy.low.numbers", "toy.low.words"]


def test_each_function_has_its_own_code(toy: Path) -> None:
    assert modules(code_state("toy.jobs.count", package=toy)) == ["toy.jobs", "toy.low", "toy.low.numbers"]
    assert "toy.high.train" in modules(code_state("toy.jobs.train", package=toy))


def test_prefixes_left_out_are_not_followed_and_modules_found_by_name_are(toy: Path) -> None:
    found = code_state("toy.jobs.train", also=["toy.low.unused"], without=["toy.high"], package=toy)
    assert modules(found) == ["toy.jobs", "toy.low", "toy.low.unused"]


@pytest.mark.parametrize(
    ("name", "old", "new", "changes"),
    [
        ("low/words.py", "    return 'hello'", '    """Greets."""\n    return \'hello\'  # politely', False),
        ("low/words.py", "'hello'", "'goodbye'", True),
        ("jobs.py", "STEPS = 3", "STEPS = 4", True),
        ("jobs.py", "RATE = 1", "RATE = 2", False),
        ("jobs.py", "    return RATE", "    return -RATE", False),
        ("jobs.py", "def helper():", "import os\n\n\ndef helper():", False),
        ("errors.py", "", "x = 1", False),
        ("config/block.py", "", "x = 1", False),
    ],
)
def test_only_what_is_executed_for_the_function_counts(toy: Path, name: str, old: str, new: str, changes: bool) -> None:
    assert after(toy, name, old, new) == changes


def test_of_a_module_found_by_name_one_function_can_count(toy: Path) -> None:
    whole, part = (code_state("toy.high.train", also=[name], package=toy) for name in ("toy.jobs", "toy.jobs.other"))
    assert dict(line.split() for line in whole)["toy.jobs"] != dict(line.split() for line in part)["toy.jobs"]
    assert modules(part) == ["toy.high.train", "toy.jobs", "toy.low", "toy.low.numbers", "toy.low.words"]


def test_unknown_modules_and_functions_are_errors(toy: Path) -> None:
    with pytest.raises(ModuleNotFoundError, match=r"toy\.missing"):
        code_state("toy.missing.train", package=toy)
    with pytest.raises(ModuleNotFoundError, match="nothing_here"):
        code_state("toy.jobs.nothing_here", package=toy)
    with pytest.raises(ModuleNotFoundError, match=r"toy\.absent"):
        code_state("toy.jobs.train", also=["toy.absent"], package=toy)


def test_package_root_imports_nothing_so_that_leaving_it_out_is_sound() -> None:
    # Its public names are imported when someone asks for them, which no module of the package does (the layers forbid it).
    code = "import sys, gqvae; assert not [name for name in sys.modules if name.startswith('gqvae.')]"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_is_remembered_is_what_is_found(toy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the memory, with it, with a damaged one, in a folder that cannot be written to."""

    def found() -> list[str]:
        for cached in (module._tree, module._facts, module._file, module._root, module._code_state, module._memory):
            cached.cache_clear()
        return code_state("toy.jobs.train", package=toy)

    monkeypatch.setattr(module.sys, "dont_write_bytecode", False)
    first = found()
    (memory,) = (toy / "__pycache__").glob("code_state.*.json")
    with monkeypatch.context() as patched:
        patched.setattr(module.ast, "parse", lambda *_: pytest.fail("parsed again"))
        assert found() == first
    for damage in (b"", b"[1]", b'{"version": "0"}', memory.read_bytes()[:50]):
        memory.write_bytes(damage)
        assert found() == first
    memory.unlink()
    memory.mkdir()
    assert found() == first
