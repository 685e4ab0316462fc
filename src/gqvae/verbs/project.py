"""Verbs about the project itself: generated documentation, configs, this machine."""

from __future__ import annotations

from pathlib import Path

from gqvae.verbs.parsers import Verbs, add_verb, argument

CHECK = argument("--check", action="store_true", help="write nothing; fail if a file is stale")


def add_parsers(verbs: Verbs) -> None:
    """Register the verbs of this module."""
    generated = "configs/README.md and workflow/schemas/config.schema.yaml"
    add_verb(verbs, "project.config_docs", f"write {generated} from the models of gqvae.config", "--check", CHECK)
    text = "write the tables of results in README.md and docs/ from results/published/"
    add_verb(verbs, "project.results_docs", text, "--check", CHECK)
    add_verb(
        verbs, "project.check_config", "check a study's config and what it reads, and print its name", "configs/default.yaml",
        argument("config", type=Path, nargs="+", help="the YAML file; a further one changes what it says, as with --configfile"),
    )  # fmt: skip
    add_verb(verbs, "project.doctor", "show versions, device, precision and threads as a job would find them", "")
