"""Which source files decide the result of a verb: the static closure of its imports inside this package.

Snakemake does not track the code behind a shell command, but it compares small inputs by checksum. So every rule lists these files
as an input: an edit reruns what depends on it and nothing else, and a touched or reverted file reruns nothing.
Nothing is imported to find out (torch would take seconds): the syntax trees are read.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent

# Settings reach a verb as validated values, which Snakemake tracks on their own; the others only speak to the reader of a log.
# (The package's own __init__ is left out as well: a new version number is no reason to train again.)
WITHOUT_EFFECT = ("config", "errors.py", "progress.py")


def source_files(module: str, function: str | None = None, without: tuple[str, ...] = (), package: Path = PACKAGE) -> list[str]:
    """Files of a package that one of its modules imports, at any depth and from anywhere in its code, itself included.

    Args:
        module: dotted name, e.g. "gqvae.training.language_model".
        function: follow only what this top-level function uses: its own imports, those of the module's top level, and those of
            the module's functions that it names. A module of verbs holds several, and each verb has its own closure.
        without: dotted prefixes that are not followed.
        package: folder of the package.

    Returns:
        Sorted paths, relative to the working folder.

    Raises:
        ModuleNotFoundError: no such module, or no such function in it.
    """
    first = _module_file(package, module)
    if first is None:
        raise ModuleNotFoundError(f"there is no module {module} in {package}")
    found, waiting = {first}, list(_imports(package, first, function))
    while waiting:
        name = waiting.pop()
        if any(name == prefix or name.startswith(f"{prefix}.") for prefix in without):
            continue
        parts = name.split(".")
        # Importing a.b.c runs the __init__ of a.b as well; the last part may be a name inside a module, which has no file.
        for depth in range(2, len(parts) + 1):
            path = _module_file(package, ".".join(parts[:depth]))
            if path is not None and path not in found and path.relative_to(package).parts[0] not in WITHOUT_EFFECT:
                found.add(path)
                waiting.extend(_imports(package, path))
    return sorted(os.path.relpath(path) for path in found)


def _module_file(package: Path, module: str) -> Path | None:
    """The file of a module below the package, or None if there is no such module."""
    root, *parts = module.split(".")
    if root != package.name or not parts:
        return None
    path = package.joinpath(*parts)
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)


@cache
def _imports(package: Path, path: Path, function: str | None = None) -> tuple[str, ...]:
    """Dotted names below the package that a file imports; with `function`, only what that function and the top level import."""
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    nodes = tree.body if function is None else _reachable(tree, function, path)
    return tuple(sorted({name for node in nodes for name in _imported(node, package.name)}))


def _reachable(tree: ast.Module, function: str, path: Path) -> list[ast.stmt]:
    """Statements of the top level, and the definitions that `function` uses by name, directly or through one another."""
    definitions = {
        node.name: node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }
    if function not in definitions:
        raise ModuleNotFoundError(f"there is no function {function} in {path}")
    used, waiting = {function}, [function]
    while waiting:
        for node in ast.walk(definitions[waiting.pop()]):
            if isinstance(node, ast.Name) and node.id in definitions and node.id not in used:
                used.add(node.id)
                waiting.append(node.id)
    return [node for node in tree.body if getattr(node, "name", None) in used or node not in definitions.values()]


def _imported(tree: ast.AST, package: str) -> Iterator[str]:
    """Dotted names in the import statements of a syntax tree; `from a import b` may name a module, so that both are given."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        yield from (name for name in names if name.split(".")[0] == package)
