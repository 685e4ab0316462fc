from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from gqvae.measures.power_laws import fit, power_laws_table


def test_an_exact_power_law_is_found() -> None:
    amounts = np.array([1e5, 2e5, 8e5, 16e5])
    exponent, constant = fit(amounts, 7.5 * amounts**-0.12)
    assert exponent == pytest.approx(0.12, rel=1e-9) and constant == pytest.approx(7.5, rel=1e-9)


def test_noise_is_fitted_as_by_a_regression_of_logarithms() -> None:
    random = np.random.default_rng(0)
    amounts = random.uniform(1e5, 1e7, 12)
    losses = 5 * amounts**-0.1 * random.lognormal(0, 0.05, 12)
    line = stats.linregress(np.log(amounts), np.log(losses))
    assert fit(amounts, losses) == pytest.approx((-line.slope, np.exp(line.intercept)), rel=1e-9)


def test_there_is_a_law_for_each_kind_of_amount_and_arm() -> None:
    text = pd.DataFrame([("bpe", seed, x, 3 * x ** -(0.1 + seed / 10)) for seed in (0, 1) for x in (1e5, 2e5, 4e5)])
    text = text.set_axis(["arm", "seed", "train_bytes_used", "test_bpb"], axis=1)
    sizes = text.rename(columns={"train_bytes_used": "parameters_non_embedding"})
    sizes["test_bpb"] = 2 * sizes["parameters_non_embedding"] ** -0.05
    laws = power_laws_table(["bpe"], {"learnability": text, "model_sizes": sizes}).set_index("against")
    assert laws["exponent"].to_dict() == pytest.approx({"training text": 0.15, "parameters": 0.05})
    assert laws.loc["training text", "high"] - 0.15 == pytest.approx(stats.t.ppf(0.975, 1) * 0.05)
    few = text[text["train_bytes_used"] < 4e5]
    assert power_laws_table(["bpe"], {"learnability": few, "model_sizes": sizes.iloc[:0]}).empty  # two points lie on any line


def test_intervals_of_exponents_hold_the_true_one_as_often_as_they_say() -> None:
    random, amounts, exponent, repetitions, held = np.random.default_rng(3), np.array([1e5, 3e5, 1e6]), 0.12, 400, 0
    for _ in range(repetitions):
        own = exponent + random.normal(0, 0.01, 3)  # every seed has a law of its own around the common one
        rows = [
            ("bpe", seed, amount, 7 * amount ** -own[seed] * random.lognormal(0, 0.01)) for seed in range(3) for amount in amounts
        ]
        runs = pd.DataFrame(rows, columns=["arm", "seed", "train_bytes_used", "test_bpb"])
        none = pd.DataFrame(columns=["arm", "seed", "parameters_non_embedding", "test_bpb"])
        (law,) = power_laws_table(["bpe"], {"learnability": runs, "model_sizes": none}).itertuples()
        assert law.low is not None and law.high is not None
        held += law.low <= exponent <= law.high
    assert abs(held / repetitions - 0.95) < 3 * np.sqrt(0.95 * 0.05 / repetitions)  # three standard errors
