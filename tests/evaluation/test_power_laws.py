from __future__ import annotations

import numpy as np
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


def test_two_amounts_make_no_law() -> None:
    study = fabricated_settings()
    few = study.model_copy(update={"language_model": study.language_model.model_copy(update={"train_bytes": (1, 2)})})
    assert power_laws_table(few, None).empty  # type: ignore[arg-type]
