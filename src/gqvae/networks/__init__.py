"""The networks behind learned tokenizers, one module each, looked up by name.

Such a module has

* `Settings`, a block;
* `train_network(settings, train, valid, *, seed, label, out, state, threads)`, which trains on pre-token counts, resumes from the
  folder `state` if an earlier process was killed, and writes to the folder `out`: `history.csv` (one row per measurement, with a
  column `step`), any other files, and, last, `network.json` (with "seconds" and "device");
* `make_tokenizers(folder, settings, train)`, which makes a tokenizer of each of `settings.sizes` from the folder `out`.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType


def network_module(name: str) -> ModuleType:
    """The module of a network."""
    return import_module(f"{__package__}.{name}")
