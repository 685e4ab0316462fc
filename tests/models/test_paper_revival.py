"""When the paper's objective revives codes, which ones, and from which vectors."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import Tensor

from gqvae.config import Network, NetworkRun, NetworkTraining, PaperObjective, RateControlledObjective
from gqvae.corpus.pretokens import PretokenCounts
from gqvae.models.paper_revival import ZERO_USAGE, PaperRevival
from gqvae.models.quantizer import Quantizer
from gqvae.models.string_revival import StringRevival
from gqvae.training.network import NetworkTraining as Training
from gqvae.training.pretoken_batches import PretokenStream

SETTINGS = NetworkTraining(steps=100, unquantized_steps=6, revival_every=10, reservoir_vectors=8, reservoir_per_batch=2)


def losses(values: list[float], distances: list[float] | None = None) -> SimpleNamespace:
    """A batch of one-dimensional encodings, quantized at these distances or (None) unquantized."""
    quantization = None if distances is None else SimpleNamespace(commitment_loss=torch.tensor(distances))
    vectors = torch.tensor(values)[:, None].requires_grad_()
    return SimpleNamespace(encoded=SimpleNamespace(vectors=vectors, quantization=quantization))


def held(revival: PaperRevival) -> list[float]:
    return sorted(revival.vectors[: int(revival.written)].flatten().tolist())


def test_everything_enters_while_unquantized_then_the_worst_of_each_batch() -> None:
    revival = PaperRevival(SETTINGS, 1)
    revival.observe(1, losses([1.0, 2.0, 3.0]))
    assert held(revival) == [1.0, 2.0, 3.0]
    revival.observe(7, losses([4.0, 5.0, 6.0, 7.0], [0.1, 0.9, 0.2, 0.8]))
    assert held(revival) == [1.0, 2.0, 3.0, 5.0, 7.0]
    revival.observe(8, losses([8.0], [0.1]))  # fewer than the two that may enter
    assert held(revival) == [1.0, 2.0, 3.0, 5.0, 7.0, 8.0]


def test_last_unquantized_batch_enters_whole() -> None:
    """Its step is the one at which quantization starts, but it has no distances yet."""
    revival = PaperRevival(SETTINGS, 1)
    revival.observe(6, losses([1.0, 2.0, 3.0]))
    assert held(revival) == [1.0, 2.0, 3.0]


def test_full_reservoir_gives_up_its_oldest() -> None:
    revival = PaperRevival(SETTINGS, 1)
    for step in range(5):
        revival.observe(step + 1, losses([10.0 * step, 10.0 * step + 1]))
    assert held(revival) == [10.0, 11.0, 20.0, 21.0, 30.0, 31.0, 40.0, 41.0]
    revival.observe(6, losses([float(value) for value in range(100, 112)]))  # more than it holds
    assert held(revival) == [float(value) for value in range(100, 108)]


def test_revival_is_due_at_the_start_of_quantization_and_at_intervals_from_it_to_the_end() -> None:
    revival, quantizer = PaperRevival(SETTINGS, 1), Quantizer(3, 1)
    revival.observe(1, losses([1.0, 2.0, 3.0]))
    due = [step for step in range(1, 101) if len(revival.revive(step, quantizer))]  # usage stays zero all the time
    assert due == [6, 16, 26, 36, 46, 56, 66, 76, 86, 96]


def test_interval_of_zero_leaves_only_the_initialisation() -> None:
    revival, quantizer = PaperRevival(SETTINGS.model_copy(update={"revival_every": 0}), 1), Quantizer(3, 1)
    revival.observe(1, losses([1.0, 2.0, 3.0]))
    assert [step for step in range(1, 101) if len(revival.revive(step, quantizer))] == [6]


def test_all_codes_of_zero_usage_are_revived_and_no_other() -> None:
    revival, quantizer = PaperRevival(SETTINGS, 1), Quantizer(5, 1)
    quantizer.usage.copy_(torch.tensor([0.7, 0.0, ZERO_USAGE / 2, 2 * ZERO_USAGE, 1e-3]))
    before = quantizer.codebook.detach().clone()
    revival.observe(1, losses([10.0, 20.0, 30.0]))
    assert revival.revive(16, quantizer).tolist() == [1, 2]
    assert torch.equal(quantizer.codebook[[0, 3, 4]], before[[0, 3, 4]])
    first, second = quantizer.codebook[[1, 2]].flatten().tolist()
    assert first != second and {first, second} <= {10.0, 20.0, 30.0}
    assert quantizer.usage[[1, 2]].tolist() == [0.0, 0.0]


def test_reservoir_stays_after_a_revival_and_unused_codes_are_revived_again() -> None:
    revival, quantizer = PaperRevival(SETTINGS, 1), Quantizer(2, 1)
    revival.observe(1, losses([10.0, 20.0, 30.0]))
    assert revival.revive(6, quantizer).tolist() == [0, 1]
    assert held(revival) == [10.0, 20.0, 30.0]
    quantizer.count_usage(torch.tensor([1]), torch.ones(1))
    assert revival.revive(16, quantizer).tolist() == [0]


def test_more_codes_than_vectors_are_all_revived_with_no_vector_favoured() -> None:
    revival, quantizer = PaperRevival(SETTINGS, 1), Quantizer(7, 1)
    revival.observe(1, losses([10.0, 20.0, 30.0]))
    assert len(revival.revive(6, quantizer)) == 7
    counts = torch.unique(quantizer.codebook, return_counts=True)[1]
    assert sorted(counts.tolist()) == [2, 2, 3]


def test_vectors_are_drawn_at_random() -> None:
    drawn = set()
    for seed in range(20):
        torch.manual_seed(seed)
        revival, quantizer = PaperRevival(SETTINGS, 1), Quantizer(1, 1)
        revival.observe(1, losses([10.0, 20.0, 30.0]))
        revival.revive(6, quantizer)
        drawn.add(quantizer.codebook.item())
    assert drawn == {10.0, 20.0, 30.0}


def test_empty_reservoir_revives_nothing() -> None:
    quantizer = Quantizer(3, 1)
    before = quantizer.codebook.detach().clone()
    assert PaperRevival(SETTINGS, 1).revive(6, quantizer).tolist() == []
    assert torch.equal(quantizer.codebook, before)


@pytest.mark.parametrize(("unused_steps", "revived"), [(230, False), (245, True)])
def test_code_used_once_is_unused_again_after_about_one_interval_of_the_paper(unused_steps: int, revived: bool) -> None:
    quantizer = Quantizer(2, 1, usage_decay=0.98)
    positions = 1024 * 16
    quantizer.count_usage(torch.tensor([1] + [0] * (positions - 1)), torch.ones(positions))
    for _ in range(unused_steps):
        quantizer.count_usage(torch.tensor([0]), torch.ones(1))
    assert quantizer.usage[1] > 0  # decay alone does not bring it to zero
    revival = PaperRevival(SETTINGS, 1)
    revival.observe(1, losses([5.0]))
    assert revival.revive(16, quantizer).tolist() == ([1] if revived else [])


COUNTS = PretokenCounts([b" the", b" cat", b" walked", b".", b" talking"], np.array([50, 20, 10, 30, 5]))


def training(objective: PaperObjective | RateControlledObjective, **changes: object) -> Training:
    sizes = Network(
        width=16, head_width=8, encoder_layers=1, gater_layers=1, decoder_layers=1, codebook_size=64, max_token_bytes=8
    )
    schedule = SETTINGS.model_copy(
        update={"steps": 17, "batch_pretokens": 16, "reservoir_vectors": 512, "weight_decay": 1e-4, **changes}
    )
    stream = PretokenStream(COUNTS, 16)
    module = Training(NetworkRun(network=sizes, training=schedule, objective=objective), stream, stream, seed=0)
    optimizer = module.configure_optimizers()["optimizer"]
    module.optimizers = lambda use_pl_optimizer: optimizer  # type: ignore[method-assign,assignment]
    return module


def take_step(module: Training, step: int) -> None:
    """Step number `step` (from 1) as the loop does it."""
    optimizer = module.optimizers(use_pl_optimizer=False)
    optimizer.zero_grad()  # type: ignore[union-attr]
    module.training_loss(step - 1).backward()
    optimizer.step()  # type: ignore[union-attr]
    module.after_step(step)


def codes_not_moved_by_adam(module: Training) -> Tensor:
    state = module.optimizers(use_pl_optimizer=False).state[module.network.quantizer.codebook]  # type: ignore[union-attr]
    return (state["exp_avg_sq"].sum(1) == 0).nonzero().squeeze(1)


def test_objective_picks_the_policy() -> None:
    assert isinstance(training(PaperObjective()).revival, PaperRevival)
    assert isinstance(training(RateControlledObjective()).revival, StringRevival)


def test_training_revives_unused_codes_and_clears_their_optimiser_state() -> None:
    module = training(PaperObjective())
    quantizer = module.network.quantizer
    for step in range(1, 16):
        take_step(module, step)
        if step == 6:
            assert module.revived == 0  # that was the initialisation: no revival
            assert any(torch.equal(quantizer.codebook[0], vector) for vector in module.revival.vectors)  # type: ignore[union-attr]
    # Weight decay moves every code, used or not, so that all have moments by now.
    assert len(codes_not_moved_by_adam(module)) == 0
    unused = (quantizer.usage == 0).nonzero().squeeze(1)
    assert 0 < len(unused) < 64
    take_step(module, 16)
    unused = unused[quantizer.usage[unused] == 0]  # the last batch may have used another one
    assert torch.equal(codes_not_moved_by_adam(module), unused)
    assert module.revived == len(unused)


def test_no_code_is_revived_after_the_last_step() -> None:
    module = training(PaperObjective(), steps=16)
    for step in range(1, 17):
        take_step(module, step)
    assert (module.network.quantizer.usage == 0).any()
    assert len(codes_not_moved_by_adam(module)) == 0
    assert module.history[-1]["step"] == 16 and module.history[-1]["revived"] == 0
