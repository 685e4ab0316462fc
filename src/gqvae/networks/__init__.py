"""The networks behind learned tokenizers, a module each, found by name.

Such a module holds

* `Settings`, a block;
* `train_network(settings, train, valid, *, seed, label, out, state, threads)`, which trains on counts of pre-tokens, goes on from the
  folder `state` where an earlier process was killed, and writes `history.csv` (a row for each measurement, with a column `step`) and,
  last, `network.json` (with "seconds" and "device") beside whatever else it keeps in the folder `out`;
* `make_tokenizers(folder, settings, train)`, which makes a tokenizer of each of `settings.sizes` from that folder.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType


def network_module(name: str) -> ModuleType:
    """The module of a network."""
    return import_module(f"{__package__}.{name}")
