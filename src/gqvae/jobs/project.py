"""The project itself: its generated documentation, its configs, this machine."""

from __future__ import annotations

import argparse
import logging
import sys
from types import ModuleType

logger = logging.getLogger("gqvae")

# Two machines can be expected to agree only with the same versions of these.
PACKAGES = ("torch", "lightning", "numpy", "pandas", "sentencepiece", "safetensors", "pydantic", "snakemake", "matplotlib")


def config_docs(arguments: argparse.Namespace) -> None:
    """Write the documentation of the configuration, or check it.

    Raises:
        UserError: with --check, a file is stale; or the working folder is not the repository.
    """
    from gqvae import config_docs as documentation

    _write_or_check(documentation, arguments.check)


def results_docs(arguments: argparse.Namespace) -> None:
    """Write the tables of results in the documentation, or check them.

    Raises:
        UserError: with --check, a table is stale; or the working folder is not the repository.
    """
    from gqvae.report import pages as documentation

    _write_or_check(documentation, arguments.check)


def _write_or_check(documentation: ModuleType, check: bool) -> None:
    if check:
        documentation.check()
        logger.info("nothing is stale")
    for path in () if check else documentation.write():
        logger.info("wrote %s", path)


def check_config(arguments: argparse.Namespace) -> None:
    """Print the name of the study that config files define, and check what it reads.

    Raises:
        UserError: a file is missing or is not YAML, they define no study, its text or a tokenizer from elsewhere does not exist, or
            the beginning of the text shows that it cannot be read.
    """
    from gqvae.config import given_study
    from gqvae.study.inputs import check_lenders, external_files, read_study, text_files
    from gqvae.study.text_beginning import check_beginning

    given = given_study(arguments.config)
    study = read_study(given)
    text_files(study, given)
    external_files(study, given, read=True)
    check_lenders(study, given)
    for note in check_beginning(study, given):
        logger.warning("note: %s", note)
    sys.stdout.write(study.study + "\n")


def doctor(arguments: argparse.Namespace) -> None:
    """Print versions, device, precision and threads, one per line."""
    import platform
    from importlib import metadata

    import torch

    from gqvae import __version__

    lines = [
        ("gqvae", __version__),
        ("python", f"{platform.python_version()} at {sys.executable}"),
        ("system", platform.platform()),
    ]
    for name in PACKAGES:
        try:
            lines.append((name, metadata.version(name)))
        except metadata.PackageNotFoundError:
            lines.append((name, "missing: install the project's requirements.lock or environment.yml"))
    lines.append(("CUDA of this torch", torch.version.cuda or "none (a build for CPUs)"))
    if torch.cuda.is_available():
        for index in range(torch.cuda.device_count()):
            gpu = torch.cuda.get_device_properties(index)
            lines.append((f"device cuda:{index}", f"{gpu.name}, {gpu.total_memory / 2**30:.0f} GiB"))
        # Emulated bf16 (older GPUs) is slower than 32 bit, so it does not count.
        native = torch.cuda.is_bf16_supported(including_emulation=False)
        lines.append(("precision auto", "bf16" if native else "32 bit (this GPU has no bf16)"))
    else:
        lines += [("device", "cpu (no usable NVIDIA GPU)"), ("precision auto", "32 bit")]
    lines.append(("threads", str(torch.get_num_threads())))
    for label, value in lines:
        print(f"{label + ':':<20} {value}")
