"""Verbs about the project itself: generated documentation, configs, this machine."""

from __future__ import annotations

from gqvae.verbs.parsers import Verbs, add_verb


def add_parsers(verbs: Verbs) -> None:
    """Register the verbs of this module."""
    for name, run, text in (
        (
            "config-docs",
            "config_docs",
            "write configs/README.md and workflow/schemas/config.schema.yaml from the models of gqvae.config",
        ),
        ("results-docs", "results_docs", "write the tables of results in README.md and docs/ from results/published/"),
    ):
        parser = add_verb(verbs, name, f"project.{run}", text, f"gqvae {name} --check")
        parser.add_argument("--check", action="store_true", help="write nothing; fail if a file is stale")

    parser = add_verb(
        verbs, "check-config", "project.check_config", "check a study's config file and print the study's name",
        "gqvae check-config configs/default.yaml",
    )  # fmt: skip
    parser.add_argument("config", help="the YAML file")

    add_verb(
        verbs, "doctor", "project.doctor", "show versions, device, precision and threads as a job would find them", "gqvae doctor"
    )
