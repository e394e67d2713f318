import numpy as np
import pandas as pd
import pytest
from effect_cases import certain

from dag_gfn.data import from_frame
from dag_gfn.errors import NotTractable
from dag_gfn.parameters import discrete as module
from dag_gfn.parameters import parameter_posterior

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


def test_expected_tables_are_concentrations_that_sum_to_one():
    parameters = parameter_posterior(certain(table(), EMPTY, "bdeu", equivalent_sample_size=3.0))
    np.testing.assert_allclose(
        parameters.expected(1, (0,)), np.array([[2.5, 1.5, 0.5], [1.5, 0.5, 2.5]]) / 4.5
    )


def test_tables_that_are_too_large_are_refused(monkeypatch):
    monkeypatch.setattr(module, "MAX_TABLE_CELLS", 11)
    parameters = parameter_posterior(certain(table(), EMPTY))
    with pytest.raises(NotTractable, match="2 parents would need a table of 12"):
        parameters.concentrations(1, (0, 2))
    with pytest.raises(NotTractable, match="2 parents would need a table of 12"):
        parameters.expected(1, (0, 2))


def test_a_table_too_large_to_be_built_has_its_rows(monkeypatch):
    monkeypatch.setattr(module, "MAX_TABLE_CELLS", 11)
    parameters = parameter_posterior(certain(table(), EMPTY, "bdeu", equivalent_sample_size=12.0))
    rows = parameters.family(1, (0, 2)).expected_rows(np.array([3, 0]))  # (v, 1) has z and x; (u, 0) has x
    np.testing.assert_allclose(rows, np.array([[2, 1, 2], [2, 1, 1]]) / [[5], [4]])


def test_cells_that_cannot_be_numbered_are_refused(monkeypatch):
    monkeypatch.setattr(module, "MAX_CODE", 11)
    parameters = parameter_posterior(certain(table(), EMPTY))
    with pytest.raises(NotTractable, match="more cells than can be numbered"):
        parameters.family(1, (0, 2))
