import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

from dag_gfn.completion.gaussian_cells import CategoryColumns, GaussianCells, RankColumn
from dag_gfn.completion.gaussian_draws import GaussianDraws

MEAN = np.array([0.5, -1.0, 0.0, 2.0])
COVARIANCE = np.array(
    [[2.0, 0.8, 0.3, -0.5], [0.8, 1.5, 0.6, 0.2], [0.3, 0.6, 1.0, 0.4], [-0.5, 0.2, 0.4, 1.2]]
)
PRECISION = np.linalg.inv(COVARIANCE)
DRAWS = 8_000


def draws_of(cells, values, rng, number=DRAWS):
    """Return the tables after each of many sweeps with the parameters above."""
    sweeps = GaussianDraws(cells)
    tables = np.empty((number, *values.shape))
    for table in tables:
        sweeps.sweep(values, (PRECISION @ MEAN)[None], PRECISION[None], rng=rng)
        table[:] = values
    return tables


def z_score(draws, expected):
    return abs(draws.mean(axis=0) - expected) / (draws.std(axis=0) / np.sqrt(len(draws)))


def test_missing_numbers_follow_the_conditional_normal(rng):
    values = np.array(
        [[np.nan, 1.0, np.nan, 0.5], [0.3, -0.2, 1.0, 1.0], [np.nan] * 4, [np.nan, 2.0, np.nan, 1.0]]
    )
    cells = GaussianCells(values, [[0], [1], [2], [3]])
    tables = draws_of(cells, cells.start(rng), rng)
    assert (tables[:, ~np.isnan(values)] == values[~np.isnan(values)]).all()
    for row in (0, 2, 3):
        lost, seen = np.flatnonzero(np.isnan(values[row])), np.flatnonzero(~np.isnan(values[row]))
        slopes = COVARIANCE[np.ix_(lost, seen)] @ np.linalg.inv(COVARIANCE[np.ix_(seen, seen)])
        centre = MEAN[lost] + slopes @ (values[row, seen] - MEAN[seen])
        spread = COVARIANCE[np.ix_(lost, lost)] - slopes @ COVARIANCE[np.ix_(seen, lost)]
        drawn = tables[:, row, lost] - centre
        assert z_score(drawn, 0.0).max() < 4
        assert z_score(drawn[:, :, None] * drawn[:, None, :], spread).max() < 4


def test_missing_levels_follow_the_density_at_their_vectors(rng):
    vectors = np.array([[-1.0, 0.0], [1.0, -1.0], [0.0, 1.5]])
    values = np.array([[0.4, 0.0, 0.0, 1.0], [1.0, 0.0, 0.0, 2.0]])
    category = CategoryColumns((1, 2), vectors, np.array([-1, 1]))
    cells = GaussianCells(values, [[0], [1, 2], [3]], (), [category])
    tables = draws_of(cells, cells.start(rng), rng)
    assert (tables[:, 1, 1:3] == vectors[1]).all()
    rows = np.column_stack([np.full(3, 0.4), vectors, np.full(3, 1.0)])
    density = multivariate_normal(MEAN, COVARIANCE).pdf(rows)
    chosen = (tables[:, 0, None, 1:3] == vectors).all(axis=-1)
    assert z_score(chosen.astype(float), density / density.sum()).max() < 4


def test_ranks_stay_between_the_neighbouring_levels(rng):
    levels = np.array([2, 0, 0, 1, -1, 2, 1])
    values = rng.multivariate_normal(MEAN, COVARIANCE, size=7)
    cells = GaussianCells(values, [[0], [1], [2], [3]], [RankColumn(1, levels)])
    for table in draws_of(cells, cells.start(rng), rng, number=200):
        column = table[:, 1]
        assert column[levels == 0].max() <= column[levels == 1].min()
        assert column[levels == 1].max() <= column[levels == 2].min()
        assert (table[:, [0, 2, 3]] == values[:, [0, 2, 3]]).all()


@pytest.mark.parametrize("levels", [[1, 0], [4, 2], [0, 0], [-1, 0]])
def test_two_ranked_cells_follow_the_ordered_pair(levels, rng):
    """Of two independent cells the larger one is above the smaller; equal levels and missing ones say nothing."""
    values = np.tile(MEAN, (2, 1))
    cells = GaussianCells(values, [[0], [1], [2], [3]], [RankColumn(1, np.array(levels))])
    tables = draws_of(cells, cells.start(rng), rng)[::5, :, 1]
    deviation = 1.0 / np.sqrt(PRECISION[1, 1])  # given the other columns at their means
    scaled = (tables - MEAN[1]) / deviation
    if min(levels) < 0 or levels[0] == levels[1]:
        assert z_score(scaled, 0.0).max() < 4
        assert z_score(scaled**2, 1.0).max() < 4
    else:
        assert (scaled[:, 0] >= scaled[:, 1]).all()
        share = (np.diff(scaled, axis=1) < -1.0).mean()  # the difference is half-normal with variance 2
        expected = 2.0 * norm.sf(1.0 / np.sqrt(2.0))
        assert abs(share - expected) < 4 * np.sqrt(
            3 * expected / len(scaled)
        )  # draws of the chain depend on another


def test_regimes_leave_out_the_factors_of_set_nodes(rng):
    values = np.array([[np.nan, 1.0], [np.nan, 1.0]])
    cells = GaussianCells(values, [[0], [1]], intervened=np.array([[False, True], [False, False]]))
    draws = GaussianDraws(cells)
    assert draws.targets.tolist() == [[False, False], [False, True]]
    assert draws.regime.tolist() == [1, 0]
    # 0 -> 1 with slope 2 and unit variances; where 1 was set, its value says nothing about 0
    factor = np.array([-2.0, 1.0])
    precision = np.stack([np.diag([1.0, 0.0]) + np.outer(factor, factor), np.diag([1.0, 0.0])])
    table, drawn = cells.start(rng), []
    for _ in range(DRAWS):
        draws.sweep(table, np.zeros((2, 2)), precision, rng=rng)
        drawn.append(table[:, 0].copy())
    assert z_score(np.array(drawn), np.array([0.0, 2.0 / 5.0])).max() < 4
    assert z_score(np.array(drawn)[:, 0] ** 2, 1.0) < 4
