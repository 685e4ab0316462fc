"""Data flows one way through the packages: a module imports from its own layer and from those below, never from above."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

from gqvae.code_state import PACKAGE

# From the bottom to the top; a layer is a sub-package or a set of modules of the package itself.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("errors", "config", "devices", "files", "units", "progress", "code_state", "declarations", "config_docs"),
    ("kernels",),
    ("corpus",),
    ("models", "language_models"),
    ("vocabularies",),
    ("tokenizers",),
    ("distillation",),
    ("training",),
    ("networks",),
    ("measures",),
    ("study",),
    ("figures",),
    ("report",),
    ("jobs",),
    ("verbs",),
    ("cli",),
    ("__main__",),
)


def rank(name: str) -> int:
    return next(place for place, layer in enumerate(LAYERS) if name in layer)


def upward_imports(package: Path) -> list[str]:
    """Every import that goes up, as "file:line imports module"."""
    found = []
    for path in sorted(package.rglob("*.py")):
        own = path.relative_to(package).parts[0].removesuffix(".py")
        if own == "__init__":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{path}:{node.lineno} imports relatively: write the whole name"
                # `from gqvae import x` names the module in its aliases.
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            for name in names:
                root, *parts = name.split(".")
                if root != package.name or not parts or parts[0] == "__version__":
                    continue
                if rank(parts[0]) > rank(own):
                    found.append(f"{path.relative_to(package).as_posix()}:{node.lineno} imports {name}")
    return found


def test_every_module_has_a_layer() -> None:
    known = {name for layer in LAYERS for name in layer} | {"__init__"}
    present = {
        path.name.removesuffix(".py") for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()
    }
    assert present <= known


def test_nothing_imports_upwards() -> None:
    assert upward_imports(PACKAGE) == []


def test_an_upward_import_is_found_wherever_it_hides(tmp_path: Path) -> None:
    package = tmp_path / "gqvae"
    for folder in ("corpus", "training"):
        (package / folder).mkdir(parents=True)
    (package / "training" / "loop.py").write_text("from gqvae.corpus.text import read\n", encoding="utf-8")
    (package / "corpus" / "text.py").write_text("def read():\n    from gqvae.training import loop\n", encoding="utf-8")
    (package / "errors.py").write_text("import gqvae.cli\n", encoding="utf-8")
    (package / "files.py").write_text("from gqvae import verbs\n", encoding="utf-8")
    assert upward_imports(package) == [
        "corpus/text.py:2 imports gqvae.training.loop",
        "errors.py:1 imports gqvae.cli",
        "files.py:1 imports gqvae.verbs",
    ]


def test_any_module_about_text_can_be_imported_first() -> None:
    """Sources of text and the configuration know each other."""
    names = [
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts) for path in sorted((PACKAGE / "corpus").rglob("*.py"))
    ]
    program = f"""
import importlib, sys
for name in {names}:
    for loaded in [loaded for loaded in sys.modules if loaded.partition(".")[0] == "gqvae"]:
        del sys.modules[loaded]
    importlib.import_module(name.removesuffix(".__init__"))
"""
    subprocess.run([sys.executable, "-c", program], check=True)
