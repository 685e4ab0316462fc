"""The code that determines a job's result: the modules that a function imports, at any depth, with a digest of each.

Snakemake does not track the code behind a shell command. Every rule has this list as a parameter, so an edit reruns
only the jobs that depend on it. Digests ignore comments, docstrings and layout. Modules are parsed, not imported: importing
torch takes seconds. What was found in a file is remembered in `__pycache__` until the file changes.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import json
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from gqvae.errors import UserError
from gqvae.files import atomic_open

PACKAGE = Path(__file__).resolve().parent

# Settings reach a job as validated values, which Snakemake tracks separately; errors and progress affect only the log.
WITHOUT_EFFECT = ("config", "errors", "progress")
SHOWN = 12  # hexadecimal digits of a digest


def code_state(function: str, also: Sequence[str] = (), without: Sequence[str] = (), package: Path = PACKAGE) -> list[str]:
    """List the code behind a function, one line per module: its name and digest.

    Args:
        function: dotted name of a module, or of a top-level function such as "gqvae.jobs.corpus.prepare_corpus"; for a
            function, only the statements of its module that it uses count.
        also: modules, or functions of modules, that it imports by name at run time.
        without: dotted prefixes of modules to skip.
        package: folder of the package.

    Raises:
        ModuleNotFoundError: a module or the function does not exist.
    """
    return list(_code_state(function, tuple(also), tuple(without), package))


@cache
def _code_state(function: str, also: tuple[str, ...], without: tuple[str, ...], package: Path) -> tuple[str, ...]:
    found, waiting = dict[Path, str](), [*also]
    for root in (function, *also):
        path, digest, imports = _root(package, root)
        found[path] = digest
        waiting += imports
    skipped = [*without, *(f"{package.name}.{name}" for name in WITHOUT_EFFECT)]
    while waiting:
        imported = waiting.pop()
        if any(imported == prefix or imported.startswith(f"{prefix}.") for prefix in skipped):
            continue
        parts = imported.split(".")
        # Importing a.b.c runs the __init__ of a.b as well; the last part may be a name inside a module, which has no file.
        for depth in range(2, len(parts) + 1):
            file = _file(package, ".".join(parts[:depth]))
            if file is not None and file not in found:
                found[file], imports = _facts(package, file, "")
                waiting.extend(imports)
    _memory(package).save()
    return tuple(sorted(f"{_name(package, file)} {digest}" for file, digest in found.items()))


@cache
def _file(package: Path, module: str) -> Path | None:
    """The file of a module below the package, or None if there is no such module."""
    root, *parts = module.split(".")
    if root != package.name or not parts:
        return None
    path = package.joinpath(*parts)
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)


@cache
def _root(package: Path, name: str) -> tuple[Path, str, tuple[str, ...]]:
    """The file of a module or function, and the digest and imports of its statements."""
    whole = _file(package, name)
    if whole is not None:
        return whole, *_facts(package, whole, "")
    module, _, function = name.rpartition(".")
    path = _file(package, module)
    if path is None:
        raise ModuleNotFoundError(f"there is no module or function {name} in {package}")
    return path, *_facts(package, path, function)


@cache
def _facts(package: Path, path: Path, function: str) -> tuple[str, tuple[str, ...]]:
    """The digest and the imports of a function of a file or, without a name, of the whole file."""
    remembered = _memory(package).of(path)
    if function not in remembered:
        body = _tree(path).body
        statements = _reachable(body, function, path) if function else body
        remembered[function] = [_digest(statements), *_imported(statements, package.name)]
        _memory(package).changed = True
    digest, *imports = remembered[function]
    return digest, tuple(imports)


class _Memory:
    """What was found in the files of a package, by the SHA-256 of each file, on disk beside Python's compiled code."""

    def __init__(self, package: Path) -> None:
        self._package, self._path = package, package / "__pycache__" / f"code_state.{sys.implementation.cache_tag}.json"
        self._version = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
        self._files: dict[str, dict[str, Any]] = {}
        self.changed = False
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            kept = json.loads(self._path.read_bytes())
            self._files = kept["files"] if kept["version"] == self._version else {}

    def of(self, path: Path) -> dict[str, list[str]]:
        """What is known of a file as it is now: for each of its functions, the digest and the imports."""
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        name = str(path.relative_to(self._package))
        entry = self._files.get(name)
        if entry is None or entry["sha256"] != digest:
            entry = self._files[name] = {"sha256": digest, "functions": {}}
        functions: dict[str, list[str]] = entry["functions"]
        return functions

    def save(self) -> None:
        """Write what is new, if this folder can be written to."""
        if self.changed and not sys.dont_write_bytecode:
            with contextlib.suppress(OSError, UserError), atomic_open(self._path) as stream:
                json.dump({"version": self._version, "files": self._files}, stream)
        self.changed = False


@cache
def _memory(package: Path) -> _Memory:
    return _Memory(package)


def _name(package: Path, file: Path) -> str:
    parts = file.relative_to(package.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def _tree(path: Path) -> ast.Module:
    """The syntax tree of a file without docstrings and `if TYPE_CHECKING` blocks."""
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    tree.body = [node for node in tree.body if not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")]
    for node in (tree, *_statements(tree.body)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and ast.get_docstring(
            node, False
        ):
            node.body = node.body[1:] or [ast.Pass()]
    return tree


def _statements(block: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """The statements of a block, at any depth: a small part of what `ast.walk` visits."""
    for node in block:
        yield node
        for inner in ("body", "orelse", "finalbody", "handlers", "cases"):
            yield from _statements(getattr(node, inner, ()))


def _digest(statements: Sequence[ast.stmt]) -> str:
    source = ast.unparse(ast.Module(list(statements), []))
    return hashlib.sha256(source.encode("utf-8")).hexdigest()[:SHOWN]


def _reachable(body: Sequence[ast.stmt], function: str, path: Path) -> list[ast.stmt]:
    """The top-level statements that `function` uses by name, directly or indirectly, and those that bind no name."""
    bound = defaultdict[str, list[ast.stmt]](list)
    for statement in body:
        for name in _bound(statement):
            bound[name].append(statement)
    if not bound[function]:
        raise ModuleNotFoundError(f"there is no function {function} in {path}")
    used, waiting = set[int](), [*bound[function], *(statement for statement in body if not _bound(statement))]
    while waiting:
        statement = waiting.pop()
        if id(statement) not in used:
            used.add(id(statement))
            waiting += [other for node in ast.walk(statement) if isinstance(node, ast.Name) for other in bound[node.id]]
    kept = [statement for statement in body if id(statement) in used]
    names = {node.id for statement in kept for node in ast.walk(statement) if isinstance(node, ast.Name)}
    return [_only(statement, names) for statement in kept]


def _bound(statement: ast.stmt) -> list[str]:
    """Names that a top-level statement binds."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [statement.name]
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return [(alias.asname or alias.name).split(".")[0] for alias in statement.names]
    if isinstance(statement, ast.Assign | ast.AnnAssign):
        return [node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    return []


def _only(statement: ast.stmt, names: set[str]) -> ast.stmt:
    """Reduce a `from` import to the names that are used; return other statements unchanged."""
    if isinstance(statement, ast.ImportFrom):
        return ast.ImportFrom(statement.module, [alias for alias in statement.names if (alias.asname or alias.name) in names], 0)
    return statement


def _imported(statements: Sequence[ast.stmt], package: str) -> Iterator[str]:
    """Dotted names imported from the package; `from a import b` yields `a` and `a.b`, since b may be a module."""
    for node in _statements(statements):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        yield from (name for name in names if name.split(".")[0] == package)
