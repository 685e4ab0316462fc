"""A trained network on disk: weights as safetensors, sizes and alphabet as JSON. Loading executes no code."""

from __future__ import annotations

import csv
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gqvae.config import Network, parse
from gqvae.devices import resolve_device
from gqvae.errors import UserError, first_line, is_out_of_memory
from gqvae.files import atomic_open, json_digest, read_json, require_digest
from gqvae.tokenizers.byte_level import to_bytes

if TYPE_CHECKING:
    from gqvae.models.network import GQVAE  # torch is imported only with a network, which distilled encoders do not need

WEIGHTS = "network.safetensors"
DESCRIPTION = "network.json"
CODEBOOK = "codebook.csv"
DESCRIBED = ("network", "alphabet", "chunk_bytes", "pads_as_text", "force_last_gate")


def describe(network: GQVAE) -> dict[str, Any]:
    """JSON values from which an untrained network of the same shape can be built."""
    return {
        "network": network.settings.model_dump(mode="json"),
        "alphabet": network.alphabet,
        "chunk_bytes": network.chunk_bytes,
        "pads_as_text": network.pads_as_text,
        "force_last_gate": network.force_last_gate,
    }


def described(record: Mapping[str, Any]) -> dict[str, Any]:
    """What `describe` put into a record. Earlier versions wrote no `force_last_gate`."""
    return {key: record[key] for key in DESCRIBED if key in record}


def save_weights(network: GQVAE, path: Path) -> None:
    """Write all parameters and buffers, atomically."""
    from safetensors.torch import save

    with atomic_open(path, "wb") as stream:  # `save_file` would make a file that no other user may read
        stream.write(save({name: value.contiguous().cpu() for name, value in network.state_dict().items()}))


def build_network(description: dict[str, Any], weights: Path) -> GQVAE:
    """A network in evaluation mode from its description and weights.

    Raises:
        UserError: the weights are missing, damaged or of another network.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    from gqvae.models.network import GQVAE

    try:
        network = GQVAE(
            parse(Network, description["network"], str(weights)),
            list(description["alphabet"]),
            description["chunk_bytes"],
            pads_as_text=description["pads_as_text"],
            force_last_gate=description.get("force_last_gate", False),
        )
        network.load_state_dict(load_file(weights))
    except KeyError as error:
        raise UserError(f"the description of {weights} lacks the key {error}: train the network again.") from None
    except (OSError, SafetensorError, RuntimeError, TypeError, ValueError, IndexError, ArithmeticError) as error:
        if is_out_of_memory(error):
            raise
        raise UserError(f"{weights} does not hold this network ({first_line(error)}): train it again.") from None
    return network.eval()


class NetworkFile:
    """A network on disk that is loaded once, on first use by any thread.

    Attributes:
        description: the result of `describe`.
        weights: file of the weights.
        lock: must be held while the network runs.
        device: device of the network; "auto" is the CUDA device if there is one.
    """

    def __init__(self, description: dict[str, Any], weights: Path) -> None:
        self.description, self.weights = description, weights
        self.lock = threading.RLock()
        self.device = "cpu"
        self._network: GQVAE | None = None

    @classmethod
    def of(cls, folder: Path) -> NetworkFile:
        """The network in a folder that `gqvae train-network` wrote.

        Raises:
            UserError: there is none, or its weights have changed.
        """
        record = read_json(Path(folder) / DESCRIPTION)
        if not isinstance(record, dict):
            raise UserError(f"{Path(folder) / DESCRIPTION} does not describe a network: train it again.")
        require_digest(Path(folder) / WEIGHTS, record.get("weights_sha256"), "train the network again")
        description = described(record)
        if record.get("description_sha256", digest := json_digest(description)) != digest:  # earlier versions wrote none
            raise UserError(f"{Path(folder) / DESCRIPTION} is damaged (its digest differs): train the network again.")
        return cls(description, Path(folder) / WEIGHTS)

    @property
    def network(self) -> GQVAE:
        """The network, in evaluation mode; raises the same error as `build_network`."""
        with self.lock:
            if self._network is None:
                network = build_network(self.description, self.weights)
                self._network = network.to(resolve_device() if self.device == "auto" else self.device)
            return self._network

    def to(self, device: str) -> None:
        """Run the network on this device from now on."""
        with self.lock:
            self.device, self._network = device, None

    def __getstate__(self) -> dict[str, Any]:
        state = {name: value for name, value in self.__dict__.items() if name != "lock"}
        return state if self.device == "cpu" else state | {"_network": None}  # loaded again after unpickling

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, lock=threading.RLock())


def trained_strings(folder: Path) -> list[bytes]:
    """The string of every trained code, including those dropped at the end.

    Raises:
        UserError: there is no codebook in the folder, or it is damaged.
    """
    path = Path(folder) / CODEBOOK
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            return [to_bytes(row["string"]) for row in csv.DictReader(stream)]
    except (OSError, KeyError, TypeError, ValueError, csv.Error) as error:
        raise UserError(f"{path} is missing or damaged ({type(error).__name__}): train the network again.") from None
