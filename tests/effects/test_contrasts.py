import numpy as np
import pytest
from effect_cases import exact, mixed

from dag_gfn.effects.contrasts import contrasts, settings
from dag_gfn.parameters import parameter_posterior


@pytest.fixture
def parameters(rng):
    job = np.repeat(["cook", "nurse", "pilot"], [30, 50, 20])
    return parameter_posterior(exact(mixed({"job": job, "age": rng.normal(40.0, 9.0, 100)}).standardize()))


def test_the_most_frequent_level_is_the_reference(parameters):
    assert {contrast.from_ for contrast in contrasts(parameters, 0)} == {"nurse"}
    assert [contrast.to for contrast in contrasts(parameters, 0, reference="pilot")] == ["cook", "nurse"]


def test_contrasts_with_two_references_differ_by_one_step(parameters):
    by_nurse = {contrast.to: contrast.step for contrast in contrasts(parameters, 0)}
    by_pilot = {contrast.to: contrast.step for contrast in contrasts(parameters, 0, reference="pilot")}
    np.testing.assert_allclose(by_nurse["cook"] - by_nurse["pilot"], by_pilot["cook"])


def test_a_number_by_a_unit_and_by_its_standard_deviation(parameters):
    unit, spread = contrasts(parameters, 1, with_spread=True)
    assert str(unit) == "age one unit higher"
    assert spread.to.startswith("one standard deviation (")
    assert spread.step[0] == pytest.approx(1.0)  # z-scored
    low, high = settings(parameters, 1)
    assert float(high.point[0] - low.point[0]) == pytest.approx(4.0)
