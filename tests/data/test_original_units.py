import numpy as np
import pytest

from dag_gfn.data import data_warnings, from_array
from dag_gfn.data.original_units import raw_column, rounding


def test_whole_numbers_survive_standardizing(rng):
    values = np.column_stack([rng.integers(-50, 50, 500), 1e6 + rng.normal(size=500)])
    plain = from_array(values)
    data = plain.standardize()
    np.testing.assert_array_equal(raw_column(data, 0), values[:, 0])
    difference = np.abs(raw_column(data, 1) - values[:, 1]).max()
    assert difference <= rounding(data, 1, values[:, 1]) < 1e-7
    np.testing.assert_array_equal(raw_column(plain, 1), values[:, 1])
    assert rounding(plain, 1, values[:, 1]) == 0


@pytest.mark.parametrize("scale", [1e-200, 1e-9, 1.0, 1e9, 1e200])
def test_warnings_do_not_depend_on_units(rng, scale):
    values = rng.normal(size=(300, 4))
    values[:, 1] = np.exp(2 * values[:, 1])
    values[:, 3] = 3 * values[:, 2] + 1e-4 * values[:, 3]
    plain = from_array(values)
    scaled = from_array(values * scale)
    assert data_warnings(plain) == data_warnings(scaled) == data_warnings(scaled.standardize())
    far, copies = data_warnings(scaled)
    assert "far from normal" in far
    assert "nearly copies" in copies


def test_few_whole_numbers_are_counted_in_any_unit(rng):
    values = rng.normal(size=(300, 2)) * 1e-9
    assert data_warnings(from_array(values).standardize()) == []
    values[:, 1] = rng.integers(0, 3, 300) * 1e12
    (sentence,) = data_warnings(from_array(values, strict=True).standardize())
    assert "distinct whole numbers: 'x1'" in sentence
