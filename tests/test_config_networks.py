"""What a config says about networks: arms make runs, and runs are consistent."""

from __future__ import annotations

from typing import Any

import pytest

from gqvae.config import GQVAEArm, NetworkRun, RateControlledObjective, Study, load_settings, parse
from gqvae.errors import UserError
from test_config import CONFIGS, error_of


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"training.revival": 0}, "unknown key 'arms.a.changes.training.revival'"),
        ({"nonsense.x": 0}, "unknown key 'arms.a.changes.nonsense.x'"),
        ({"chunk_bytes.x": 0}, "arms.a.changes.chunk_bytes.x must be a whole number"),
        ({"objective.alpha": 1.0}, "unknown key 'arms.a.changes.objective.alpha'"),  # a key of the other objective
        ({"network.width": 64, "training.revival_every": -1}, "arms.a.changes.training.revival_every must be at least 0"),
        ({"network.rates": ["x", 2]}, "arms.a.changes.network.rates must be a number (given: 'x')"),
        ({"network.width": 65}, "arms.a.changes.network.width: width 65 is not a multiple"),
        (
            {"training.steps": 90, "training.unquantized_steps": 90},
            "training.steps, training.unquantized_steps: unquantized_steps 90",
        ),
        ({"training": {"steps": 900}}, "arms.a.changes.training: each change must name one setting inside a block"),
        ({"objective.name": "paper"}, "arms.a.changes.objective.name: each change must name one setting"),
    ],
)
def test_wrong_changes_of_an_arm_are_named_by_their_dotted_key(changes: dict[str, Any], said: str) -> None:
    message = error_of({"arms": {"a": {"kind": "gqvae", "changes": changes}}})
    assert said in message
    assert message.startswith("study.yaml: ") and message.endswith(".") and "\n" not in message


def test_changes_of_an_arm_reach_its_run_and_nothing_else() -> None:
    changes = {"training.revival_every": 0, "network.length_head": "end_symbol", "objective.force_last_gate": False}
    arms = {"a": {"kind": "gqvae", "changes": changes, "codebook_size": 9}, "b": {"kind": "gqvae", "codebook_size": 9}}
    study = parse(Study, {"arms": arms, "training": {"steps": 900}}, "study.yaml")
    changed, base = study.network_run("a"), study.network_run("b")
    assert (changed.training.revival_every, changed.network.length_head) == (0, "end_symbol")
    assert isinstance(changed.objective, RateControlledObjective) and not changed.objective.force_last_gate
    assert (
        changed.model_copy(
            update={
                "training": changed.training.model_copy(update={"revival_every": base.training.revival_every}),
                "network": changed.network.model_copy(update={"length_head": base.network.length_head}),
                "objective": base.objective,
            }
        )
        == base
    )
    assert changed.training.steps == 900 and changed.network.codebook_size == 9


def test_a_network_run_holds_the_choices_of_its_arm() -> None:
    study = parse(
        Study,
        {
            "arms": {
                "small": {"kind": "fixed", "chunk_bytes": 2, "codebook_size": 9},
                "paper": {"kind": "gqvae", "objective": {"name": "paper"}},
                "bpe": {"kind": "bpe"},
            }
        },
        "study.yaml",
    )
    small, paper = study.network_run("small"), study.network_run("paper")
    assert (small.chunk_bytes, small.network.codebook_size) == (2, 9)
    assert (paper.chunk_bytes, paper.objective.name, paper.network) == (None, "paper", study.network)
    with pytest.raises(UserError, match=r"arms\.bpe"):
        study.network_run("bpe")


@pytest.mark.parametrize(
    ("run", "message"),
    [
        ({"chunk_bytes": 11}, "chunk_bytes 11 exceeds network.max_token_bytes 10"),
        ({"network": {"rates": None}}, "the rate-controlled objective needs network.rates"),
        ({"objective": {"name": "paper"}, "network": {"length_head": "end_symbol"}}, "the paper's objective needs 'softmax'"),
    ],
)
def test_a_network_alone_is_checked_as_in_a_study(run: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        parse(NetworkRun, run, "run.json")


def test_paper_config_has_the_sizes_of_the_paper() -> None:
    path = next(path for path in CONFIGS if path.stem == "paper")
    study = load_settings(Study, str(path))
    network, training = study.network, study.training
    assert (network.width, network.head_width, network.max_token_bytes, network.max_pretoken_bytes) == (1024, 64, 10, 16)
    assert (training.batch_pretokens, training.learning_rate, training.warmup_steps) == (1024, 1e-4, 1000)
    assert (training.unquantized_steps, training.revival_every) == (500, 250)
    assert (training.reservoir_vectors, training.reservoir_per_batch) == (131_072, 2500)
    arm = study.arms["gqvae_paper"]
    assert isinstance(arm, GQVAEArm)
    assert arm.objective.model_dump() == {
        "name": "paper", "alpha": 3.0, "gamma": 1.0, "codebook_weight": 0.25, "commitment_weight": 1.0, "force_last_gate": False
    }  # fmt: skip
