"""Verbs about the project itself: generated documentation, configs, this machine."""

from __future__ import annotations

from gqvae.verbs.parsers import Verbs, add_verb, argument

CHECK = argument("--check", action="store_true", help="write nothing; fail if a file is stale")


def add_parsers(verbs: Verbs) -> None:
    """Register the verbs of this module."""
    generated = "configs/README.md and workflow/schemas/config.schema.yaml"
    add_verb(verbs, "project.config_docs", f"write {generated} from the models of gqvae.config", "--check", CHECK)
    text = "write the tables of results in README.md and docs/ from results/published/"
    add_verb(verbs, "project.results_docs", text, "--check", CHECK)
    add_verb(
        verbs, "project.check_config", "check a study's config file and print the study's name", "configs/default.yaml",
        argument("config", help="the YAML file"),
    )  # fmt: skip
    add_verb(verbs, "project.doctor", "show versions, device, precision and threads as a job would find them", "")
