import numpy as np
import pandas as pd
import pytest
from effect_cases import certain
from scipy import stats

from dag_gfn.data import from_frame
from dag_gfn.errors import NotTractable
from dag_gfn.parameters import discrete as module
from dag_gfn.parameters import parameter_posterior
from dag_gfn.parameters.discrete import expected_table, sample_tables

EMPTY = np.zeros((3, 3), dtype=bool)


def table(**intervened):
    frame = pd.DataFrame(
        {
            "a": ["u", "u", "v", "v", "v", "u"],
            "b": ["x", "y", "z", "z", "x", "x"],
            "c": ["0", "1", "0", "1", "1", "1"],
        }
    )
    return from_frame(frame, **intervened)


def test_concentrations_are_pseudo_counts_plus_counts():
    parameters = parameter_posterior(certain(table(), EMPTY, "bdeu", equivalent_sample_size=3.0))
    found = parameters.concentrations(1, (0,))  # b given a
    np.testing.assert_allclose(found, 3.0 / 6 + np.array([[2, 1, 0], [1, 0, 2]]))
    np.testing.assert_allclose(parameters.concentrations(2, ()), 1.5 + np.array([2, 4]))
    np.testing.assert_allclose(
        parameters.concentrations(1, (2, 0)).transpose(1, 0, 2), parameters.concentrations(1, (0, 2))
    )
    assert parameters.states == (("u", "v"), ("x", "y", "z"), ("0", "1"))


def test_rows_in_which_a_node_was_set_do_not_count_for_it():
    intervened = np.zeros((6, 3), dtype=bool)
    intervened[:3, 1] = True
    parameters = parameter_posterior(certain(table(intervened=intervened), EMPTY))
    assert parameters.concentrations(1, ()).sum() == pytest.approx(1 + 3)
    assert parameters.concentrations(2, ()).sum() == pytest.approx(1 + 6)


def test_tables_are_dirichlet(rng):
    concentrations = np.array([[0.5, 2.0, 3.5], [1.0, 1.0, 1.0]])
    drawn = sample_tables(concentrations, 4000, rng)
    np.testing.assert_allclose(drawn.sum(axis=-1), 1.0)
    for c in range(2):
        for x in range(3):
            a, total = concentrations[c, x], concentrations[c].sum()
            assert stats.kstest(drawn[:, c, x], stats.beta(a, total - a).cdf).pvalue > 0.001
    np.testing.assert_allclose(expected_table(concentrations), [[1 / 12, 1 / 3, 7 / 12], [1 / 3] * 3])


def test_tiny_concentrations_put_all_on_one_state(rng):
    drawn = sample_tables(np.array([1e-5, 2e-5, 1e-5]), 4000, rng)
    assert np.isfinite(drawn).all()
    assert (drawn.max(axis=1) > 0.999).mean() > 0.99
    share = drawn.argmax(axis=1) == 1
    assert abs(share.mean() - 0.5) < 4 * np.sqrt(0.25 / 4000)


def test_tables_that_are_too_large_are_refused(monkeypatch):
    monkeypatch.setattr(module, "MAX_TABLE_CELLS", 11)
    parameters = parameter_posterior(certain(table(), EMPTY))
    with pytest.raises(NotTractable, match="2 parents would need a table of 12"):
        parameters.concentrations(1, (0, 2))
