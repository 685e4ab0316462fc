"""Read what modules declare about themselves without importing them.

Every figure and measure describes itself in its module. Rules and help texts need the descriptions, but not the libraries
that draw or measure, which take seconds to import. A declaration is therefore a call with literal values,
`PLOT = Plot(title="…")`, and is read from the syntax tree.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import TypeVar

Declared = TypeVar("Declared")


@cache
def declarations(folder: Path, constant: str, kind: type[Declared]) -> dict[str, Declared]:
    """The declarations in the modules of a folder, by module name.

    Args:
        folder: folder of a package.
        constant: name that a declaring module binds at its top level.
        kind: class that it calls, with literal keyword arguments.

    Raises:
        ValueError: a declaration has another form; the message names the file.
    """
    found = {}
    for path in sorted(folder.glob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8"), str(path)).body:
            if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == [constant]:
                found[path.stem] = _read(node.value, kind, path)
    return found


@cache
def defined_names(path: Path) -> frozenset[str]:
    """The names that a module defines or imports at its top level."""
    found: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8"), str(path)).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.ImportFrom):
            found |= {alias.asname or alias.name for alias in node.names}
    return frozenset(found)


def _read(value: ast.expr, kind: type[Declared], path: Path) -> Declared:
    try:
        if not isinstance(value, ast.Call) or ast.unparse(value.func) != kind.__name__ or value.args:
            raise ValueError(f"it is not a call of {kind.__name__} with keyword arguments")
        return kind(**{str(keyword.arg): ast.literal_eval(keyword.value) for keyword in value.keywords})
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path}: the declaration of a {kind.__name__} cannot be read: {error}") from None
