"""Uploads an exported tokenizer to a model repository of the hub, as one commit."""

from __future__ import annotations

import importlib
import os
from pathlib import Path

from gqvae.corpus.hub import transport_errors
from gqvae.errors import UserError, first_line
from gqvae.report.model_card import CARD
from gqvae.tokenizers.base import EXPORTED
from gqvae.tokenizers.export import CONFIG
from gqvae.tokenizers.tiktoken_files import ENCODING, RANKS

FILES = (EXPORTED, CONFIG, RANKS, ENCODING, CARD)  # of an export; a folder may hold more, such as a network


def upload(folder: Path, name: str) -> str:
    """Create the repository if necessary and upload the files of an export; returns the address of the commit.

    The token is that of `hf auth login` or HF_TOKEN, the server that of HF_ENDPOINT.

    Raises:
        UserError: the hub cannot be reached or refuses; nothing is uploaded then, but the repository may have been made.
    """
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalTokenNotFoundError, OfflineModeIsEnabled

    importlib.import_module("huggingface_hub.utils").disable_progress_bars()
    refusals: tuple[type[Exception], ...] = (HFValidationError, LocalTokenNotFoundError, HfHubHTTPError, OSError)
    hub = HfApi(endpoint=os.environ.get("HF_ENDPOINT", "").rstrip("/") or None)
    try:
        repository = hub.create_repo(name, exist_ok=True).repo_id
        return str(hub.upload_folder(repo_id=repository, folder_path=folder, allow_patterns=list(FILES)).commit_url)
    except OfflineModeIsEnabled:
        raise UserError("--push-to-hub: HF_HUB_OFFLINE is set: unset it, or leave the option out.") from None
    except (*refusals, *transport_errors()) as error:
        raise UserError(
            f"--push-to-hub {name}: the hub refuses ({first_line(error)}): check the name, `hf auth login` and HF_ENDPOINT."
        ) from None
