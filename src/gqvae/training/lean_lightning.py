"""Lightning, imported without what training does not use: half a second of processor time instead of six.

`import lightning` imports two packages for the sake of one class each:

* torchmetrics loads scipy, matplotlib and transformers. Lightning uses it to test whether values are metrics. No run logs a metric.
* torch._dynamo, the compiler's front end, loads sympy. Lightning uses it to test whether a module is compiled. torch's optimisers
  call it around each step, without effect unless something is compiled.

Placeholders stand in for both. The placeholder of torchmetrics is removed after the import. That of torch._dynamo stays until
something, such as `torch.compile`, needs more of it than the optimisers do; then it loads the real module. If Lightning does not
import with placeholders, it is imported without them.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import sys
from collections.abc import Iterator, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.metadata import version
from types import ModuleType
from typing import Any

import torch

DYNAMO = "torch._dynamo"


class NoMetric:
    """Stands in for `torchmetrics.Metric` and `MetricCollection`; no object is an instance of it."""


class NoCompiledModule:
    """Stands in for `torch._dynamo.OptimizedModule`; no object is an instance of it."""


class LazyDynamo(ModuleType):
    """What optimisers use of `torch._dynamo` while nothing is compiled; any other attribute loads the real module."""

    OptimizedModule = NoCompiledModule

    @staticmethod
    def disable(fn: Any = None, *_: object, **__: object) -> Any:
        """Exclude a function from compilation."""
        return (lambda function: function) if fn is None else fn

    @staticmethod
    def graph_break(*_: object, **__: object) -> None:
        """End a compiled graph."""

    @staticmethod
    def set_stance(*_: object, **__: object) -> contextlib.nullcontext[None]:
        """Choose how compiled code is run."""
        return contextlib.nullcontext()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # tools that look at all modules ask for these
            raise AttributeError(name)
        return getattr(_real_dynamo(), name)


def _real_dynamo() -> ModuleType:
    """Put the real `torch._dynamo` in the place of its placeholder."""
    placeholder = sys.modules.get(DYNAMO)
    if isinstance(placeholder, LazyDynamo):
        del sys.modules[DYNAMO]
        try:
            vars(placeholder).update(vars(importlib.import_module(DYNAMO)))  # for those who hold the placeholder
        except BaseException:
            sys.modules[DYNAMO] = placeholder
            raise
    return sys.modules[DYNAMO]


class _SubmodulesOfDynamo(MetaPathFinder, Loader):
    """Loads the real `torch._dynamo` before one of its submodules is imported, and returns the submodule that came with it."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if not name.startswith(f"{DYNAMO}.") or not isinstance(sys.modules.get(DYNAMO), LazyDynamo):
            return None
        _real_dynamo()
        self.found = sys.modules.pop(name, None)  # left there, it would be executed again by the import system
        return None if self.found is None else ModuleSpec(name, self)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        if self.found is not None:
            self.spec = self.found.__spec__
        return self.found

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self.spec


def _place_dynamo() -> None:
    spec = importlib.util.find_spec(DYNAMO)
    if DYNAMO in sys.modules or spec is None:
        return
    placeholder = LazyDynamo(DYNAMO)
    vars(placeholder).update(__spec__=spec, __file__=spec.origin, __path__=spec.submodule_search_locations)
    sys.modules[DYNAMO] = torch._dynamo = placeholder
    sys.meta_path.insert(0, _SubmodulesOfDynamo())


@contextlib.contextmanager
def _without_torchmetrics() -> Iterator[None]:
    name = "torchmetrics"
    if name in sys.modules:
        yield
        return
    placeholder = ModuleType(name)
    vars(placeholder).update(__version__=version(name), Metric=NoMetric, MetricCollection=NoMetric)
    sys.modules[name] = placeholder
    try:
        yield
    finally:
        del sys.modules[name]


try:
    _place_dynamo()
    with _without_torchmetrics():
        import lightning.pytorch as pl
        from lightning.fabric.plugins import CheckpointIO
        from lightning.fabric.plugins.environments.lightning import LightningEnvironment
except (ImportError, AttributeError, TypeError):  # a version that uses more of them
    for module in [module for module in sys.modules if module.partition(".")[0] == "lightning"]:
        del sys.modules[module]
    _real_dynamo()
    import lightning.pytorch as pl
    from lightning.fabric.plugins import CheckpointIO
    from lightning.fabric.plugins.environments.lightning import LightningEnvironment

__all__ = ["CheckpointIO", "LightningEnvironment", "pl"]
