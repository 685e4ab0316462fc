"""`gqvae provenance`: the facts needed to repeat a study: configuration, data, code, versions, machine, wall time.

It does not identify the machine or its user: no host name, no user name, no path (a corpus file is recorded by its name).
There is no date: except for wall times, the same study on the same machine gives the same file.
"""

from __future__ import annotations

import csv
import hashlib
import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path, PurePath
from typing import Any

from gqvae import __version__
from gqvae.code_state import PACKAGE
from gqvae.config import EXTERNAL, Study
from gqvae.files import read_json, write_json
from gqvae.study import layout, runs
from gqvae.study.tables import read_table
from gqvae.tokenizers.base import MANIFEST

PACKAGES = (
    "torch",
    "lightning",
    "numpy",
    "scipy",
    "pandas",
    "matplotlib",
    "sentencepiece",
    "tokenizers",
    "tiktoken",
    "pydantic",
    "snakemake",
)
PATH_KEYS = ("path", "test_path")
CONCURRENT_RULES = ("plot_", "explore", "summarize", "write_provenance")  # rules that run in parallel with this one


def write_provenance(study: Study, results: Path, out: Path) -> None:
    """Write the facts about a study that are not in its tables to `out`, as JSON with sorted keys."""
    corpus = read_json(results / "corpus" / "corpus.json")
    networks = [read_json(layout.network_path(results, name) / "network.json") for name in layout.learned_families(study)]
    models = [run.path(results) / "result.json" for run in runs.language_model_runs(study)]
    facts = {
        "study": study.study,
        "config": without_folders(study.model_dump(mode="json")),
        "seeds": list(study.seeds),
        "corpus": without_folders(corpus),
        "versions": versions(),
        "code": {"git": git_state(PACKAGE), "sha256": code_digest(PACKAGE)},
        "machine": machine(),
        "external_tokenizers": {arm: external_files(results, arm) for arm in layout.external_arms(study)},
        "network_devices": sorted({network.get("device", "not recorded") for network in networks}),
        "language_model_devices": sorted(set(read_table(results / "tables", "learnability")["device"])),
        "language_model_torch": sorted({read_json(path).get("torch", "not recorded") for path in models}),
        "wall_time": wall_time(results / "benchmarks"),
    }
    write_json(out, facts)


def external_files(results: Path, arm: str) -> dict[str, str]:
    """SHA-256 of the file of an external arm, by the name of its copy."""
    manifest = read_json(layout.tokenizer_path(results, arm, EXTERNAL) / MANIFEST)
    return dict(manifest["files"])


def wall_time(benchmarks: Path) -> dict[str, dict[str, float]]:
    """Number and seconds of the jobs behind the tables, by rule; jobs run in parallel, so a study takes less than their sum.

    Args:
        benchmarks: folder of Snakemake's benchmark files, with a file or a folder for each rule. It has only the last attempt of
            an interrupted job, includes jobs of earlier settings, and is empty for a study run without Snakemake.
    """
    found: dict[str, dict[str, float]] = {}
    for path in sorted(benchmarks.rglob("*.tsv")):
        rule = path.relative_to(benchmarks).parts[0].removesuffix(".tsv")
        if rule.startswith(CONCURRENT_RULES):
            continue
        with path.open(encoding="utf-8", newline="") as lines:
            seconds = [float(row["s"]) for row in csv.DictReader(lines, delimiter="\t")]
        taken = found.setdefault(rule, {"jobs": 0, "seconds": 0.0})
        taken["jobs"] += len(seconds)
        taken["seconds"] = round(taken["seconds"] + sum(seconds), 2)
    return found


def without_folders(value: Any) -> Any:
    """The JSON value with paths (keys `PATH_KEYS`) reduced to file names."""
    if isinstance(value, dict):
        return {
            key: PurePath(item).name if key in PATH_KEYS and isinstance(item, str) else without_folders(item)
            for key, item in value.items()
        }
    return [without_folders(item) for item in value] if isinstance(value, list) else value


def versions() -> dict[str, str | None]:
    """Versions of Python, this package and the packages its results depend on; None if not installed."""
    found: dict[str, str | None] = {"python": platform.python_version(), "gqvae": __version__}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = None
    return found


def machine() -> dict[str, Any]:
    """Kind of machine: system, processor family, number of processors, accelerator."""
    import torch

    if torch.cuda.is_available():
        device = f"cuda: {torch.cuda.device_count()} × {torch.cuda.get_device_name(0)}"
    else:
        device = "mps" if torch.backends.mps.is_available() else "cpu"
    return {
        "system": platform.system(),
        "release": platform.release(),
        "architecture": platform.machine(),
        "cpu_count": os.cpu_count(),
        "device": device,
        "cuda": torch.version.cuda,
    }


def code_digest(package: Path) -> str:
    """SHA-256 over names and contents of the package's source files: identifies the code where there is no git."""
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        digest.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def git_state(package: Path) -> dict[str, Any] | None:
    """Commit of the checkout that the package is part of, and whether tracked files differ from it; None outside of git.

    An installed package may be inside an unrelated checkout, which counts only if git tracks the package's files.
    """
    if not _git(package, "ls-files", "config"):
        return None
    commit = _git(package, "rev-parse", "--verify", "HEAD")
    if not commit:
        return None
    changes = _git(package, "status", "--porcelain", "--untracked-files=no")
    return {"commit": commit, "dirty": changes != ""}


def _git(folder: Path, *arguments: str) -> str | None:
    """The output of a git command, or None where git is absent or refuses."""
    try:
        command = ["git", "-C", str(folder), *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None
