from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from fabricated_study import fabricated_settings
from gqvae.evaluation.power_laws import fit, power_laws_table


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
    study = fabricated_settings(seeds=(0, 1))
    text = pd.DataFrame([("bpe", seed, x, 3 * x ** -(0.1 + seed / 10)) for seed in (0, 1) for x in (1e5, 2e5, 4e5)])
    text = text.set_axis(["arm", "seed", "train_bytes_used", "test_bpb"], axis=1)
    sizes = text.rename(columns={"train_bytes_used": "parameters_non_embedding"})
    sizes["test_bpb"] = 2 * sizes["parameters_non_embedding"] ** -0.05
    laws = power_laws_table(study, {"learnability": text, "model_sizes": sizes}).set_index("against")
    assert laws["exponent"].to_dict() == pytest.approx({"training text": 0.15, "parameters": 0.05})
    assert laws.loc["training text", "high"] - 0.15 == pytest.approx(stats.t.ppf(0.975, 1) * 0.05)
    few = text[text["train_bytes_used"] < 4e5]
    assert power_laws_table(study, {"learnability": few, "model_sizes": sizes.iloc[:0]}).empty  # two points lie on any line
