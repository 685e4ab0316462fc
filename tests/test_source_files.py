from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from gqvae.source_files import PACKAGE, source_files


def package(folder: Path, files: dict[str, str]) -> Path:
    root = folder / "toy"
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def names(paths: list[str], root: Path) -> list[str]:
    return [Path(path).resolve().relative_to(root.resolve()).as_posix() for path in paths]


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    return package(
        tmp_path,
        {
            "__init__.py": "__version__ = '1'\n",
            "errors.py": "",
            "config/__init__.py": "from toy.config.block import Block\n",
            "config/block.py": "",
            "low/__init__.py": "",
            "low/words.py": "from toy.config import Block\nfrom toy.errors import Oops\n",
            "low/numbers.py": "import math\n",
            "low/unused.py": "",
            "high/__init__.py": "",
            "high/train.py": "from toy.low import words\n\ndef train():\n    import toy.low.numbers\n",
            "verbs.py": (
                "import toy.errors\n"
                "def helper():\n    from toy.low.numbers import one\n"
                "def count():\n    helper()\n"
                "def train():\n    from toy.high.train import train as work\n"
                "def add_parsers():\n    return count, train\n"
            ),
        },
    )


def test_imports_are_followed_at_any_depth_and_inside_functions(toy: Path) -> None:
    found = names(source_files("toy.high.train", package=toy), toy)
    assert found == ["high/train.py", "low/__init__.py", "low/numbers.py", "low/words.py"]


def test_each_function_has_its_own_closure(toy: Path) -> None:
    assert names(source_files("toy.verbs", "count", package=toy), toy) == ["low/__init__.py", "low/numbers.py", "verbs.py"]
    assert "high/train.py" in names(source_files("toy.verbs", "train", package=toy), toy)


def test_prefixes_left_out_are_not_followed(toy: Path) -> None:
    found = names(source_files("toy.verbs", "train", without=("toy.low",), package=toy), toy)
    assert found == ["high/__init__.py", "high/train.py", "verbs.py"]


def test_unknown_modules_and_functions_are_errors(toy: Path) -> None:
    with pytest.raises(ModuleNotFoundError, match=r"toy\.missing"):
        source_files("toy.missing", package=toy)
    with pytest.raises(ModuleNotFoundError, match="nothing_here"):
        source_files("toy.verbs", "nothing_here", package=toy)


def test_paths_are_relative_to_the_working_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PACKAGE.parents[1])
    assert source_files("gqvae.study.layout") == ["src/gqvae/study/layout.py"]


def test_package_root_imports_nothing_so_that_leaving_it_out_is_sound() -> None:
    # Its public names are imported when someone asks for them, which no module of the package does (the layers forbid it).
    code = "import sys, gqvae; assert not [name for name in sys.modules if name.startswith('gqvae.')]"
    subprocess.run([sys.executable, "-c", code], check=True)
