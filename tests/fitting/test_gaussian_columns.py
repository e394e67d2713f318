from dataclasses import replace

import numpy as np
import pytest

import dag_gfn
from dag_gfn.errors import DataError, OptionError
from dag_gfn.fitting.gaussian_columns import gaussian_columns
from dag_gfn.fitting.incomplete import filled_in
from dag_gfn.scores import BGe, BlockBGe, Copula, GaussianBIC


@pytest.fixture
def mixed():
    """A category of three levels, a rating and a measured column, each with one missing cell."""
    rng = np.random.default_rng(0)
    values = np.column_stack([rng.integers(3, size=60), rng.integers(4, size=60), rng.normal(size=60)])
    table = dag_gfn.from_array(values, ["drug", "pain", "dose"], discrete=["drug", "pain"])
    values = table.values.copy()
    values[[0, 1, 2], [0, 1, 2]] = np.nan
    return replace(table, values=values, kinds=("discrete", "ordinal", "continuous"))


def test_bge_has_the_columns_themselves(mixed):
    data = replace(
        mixed,
        kinds=("continuous",) * 3,
        cardinalities=(0,) * 3,
        states=((),) * 3,
    ).standardize()
    columns = gaussian_columns(data, BGe(filled_in(data), alpha_mu=2.0))
    np.testing.assert_array_equal(columns.cells.values, data.values)
    score = columns.make_score(filled_in(data).values)
    np.testing.assert_array_equal(score.complete_table(), BGe(filled_in(data), alpha_mu=2.0).complete_table())


def test_block_has_contrasts_and_draws_levels_that_occur(mixed):
    data = mixed.standardize()
    columns = gaussian_columns(data, BlockBGe(filled_in(data)))
    assert [len(node) for node in columns.cells.nodes] == [2, 3, 1]
    assert not columns.cells.ranks
    drug, pain = columns.cells.categories
    assert drug.levels[:3].tolist() == [-1, *data.values[1:3, 0].astype(int)]
    assert pain.levels[1] == -1
    complete = columns.cells.start(np.random.default_rng(0))
    seen = ~np.isnan(columns.cells.values)
    np.testing.assert_array_equal(complete[seen], columns.cells.values[seen])
    assert np.isfinite(columns.make_score(complete).complete_table()).all()


def test_the_copula_knows_the_order_of_levels_alone(mixed):
    columns = gaussian_columns(mixed.standardize(), Copula(filled_in(mixed)))
    assert [len(node) for node in columns.cells.nodes] == [2, 1, 1]
    (pain,) = columns.cells.ranks
    assert pain.column == 2
    assert pain.levels[1] == -1
    np.testing.assert_array_equal(np.delete(pain.levels, 1), np.delete(mixed.values[:, 1], 1))
    dose = columns.cells.values[:, 3]
    seen = ~np.isnan(dose)
    np.testing.assert_array_equal(np.argsort(dose[seen]), np.argsort(mixed.values[seen, 2]))


def test_numbers_with_many_ties_are_levels_of_an_order(mixed):
    values = mixed.values.copy()
    values[:, 2] = np.round(values[:, 2])
    data = replace(mixed, values=values)
    assert Copula.ranked_columns(data) == [1, 2]
    assert len(gaussian_columns(data, Copula(filled_in(data))).cells.ranks) == 2


def test_what_cannot_be_drawn_is_refused(mixed):
    grouped = replace(mixed, groups=(("both", ("drug", "dose")),))
    with pytest.raises(DataError, match="the group 'both' has missing cells"):
        gaussian_columns(grouped, BlockBGe(filled_in(grouped)))
    numbers = dag_gfn.from_array(np.random.default_rng(0).normal(size=(9, 2)))
    with pytest.raises(OptionError, match="cannot be drawn under score 'bic'"):
        gaussian_columns(numbers, GaussianBIC(numbers))
