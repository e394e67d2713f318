import numpy as np
import pytest
from scipy.stats import invwishart, kstest

from dag_gfn.completion.normal_wishart import BlockLayout, NormalWishartPrior, draw_parameters
from dag_gfn.errors import OptionError

DRAWS = 3_000
LAYOUTS = {
    "one node": (BlockLayout.saturated(4), [0]),
    "forwards": (BlockLayout([[0], [1], [2], [3]]), [0b0000, 0b0001, 0b0011, 0b0111]),
    "backwards": (BlockLayout([[0], [1], [2], [3]]), [0b1110, 0b1100, 0b1000, 0b0000]),
    "blocks": (BlockLayout([[2, 0], [1], [3]]), [0b110, 0b100, 0b000]),
    "wide": (BlockLayout([[3], [0, 1, 2]]), [0b00, 0b01]),
}


@pytest.fixture
def table(rng):
    return rng.normal(size=(12, 4)) @ rng.normal(size=(4, 4)) + 1.0


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_complete_dag_draws_from_one_normal_wishart_distribution(name, table, rng):
    layout, parents = LAYOUTS[name]
    moments = NormalWishartPrior.of(4, alpha_mu=2.0, alpha_w=7.0).after(table)
    degrees, matrix, weight = 12 + 7.0, moments.matrices[0], 12 + 2.0
    drawn = [draw_parameters(moments, layout, np.array(parents), rng=rng) for _ in range(DRAWS)]
    covariances = np.linalg.inv([one.precision[0] for one in drawn])
    means = np.array([one.mean for one in drawn])
    error = covariances.std(axis=0) / np.sqrt(DRAWS)
    assert (abs(covariances.mean(axis=0) - invwishart(degrees, matrix).mean()) < 4.5 * error).all()
    # a projection of an inverse Wishart matrix is inverse gamma, of the precision chi squared
    direction = np.array([1.0, -2.0, 0.5, 1.5])
    projected = direction @ matrix @ direction / (covariances @ direction @ direction)
    assert kstest(projected, "chi2", args=(degrees - 3,)).pvalue > 1e-4
    precision = np.einsum("i,kij,j->k", direction, [one.precision[0] for one in drawn], direction)
    assert (
        kstest(precision / (direction @ np.linalg.inv(matrix) @ direction), "chi2", args=(degrees,)).pvalue
        > 1e-4
    )
    whitened = np.einsum(
        "kij,kj->ki",
        np.linalg.cholesky(np.linalg.inv(covariances)).transpose(0, 2, 1),
        means - moments.centres[0],
    )
    for column in whitened.T:
        assert kstest(column * np.sqrt(weight), "norm").pvalue > 1e-4


def test_a_missing_edge_has_no_entry_in_the_precision(table, rng):
    moments = NormalWishartPrior.of(4).after(table)
    drawn = draw_parameters(
        moments, BlockLayout([[0, 1], [2], [3]]), np.array([0b000, 0b001, 0b001]), rng=rng
    )
    assert drawn.precision[0, 2, 3] == 0.0
    assert (drawn.precision[0][:2, 2:] != 0.0).all()


def test_weights_repeat_rows(table):
    prior = NormalWishartPrior.of(4, mean_obs=0.3)
    weights = np.arange(1.0, 13.0)
    weighted, repeated = (
        prior.after(table, weights=weights),
        prior.after(np.repeat(table, np.arange(1, 13), axis=0)),
    )
    assert weighted.totals == repeated.totals
    assert np.allclose(weighted.matrices, repeated.matrices, rtol=1e-12)
    assert np.allclose(weighted.centres, repeated.centres, rtol=1e-12)


def test_rows_in_which_a_node_was_set_do_not_count_for_it(table):
    intervened = np.zeros((12, 4), dtype=bool)
    intervened[:5, 2] = True
    intervened[:, 3] = True
    moments = NormalWishartPrior.of(4).after(table, intervened=intervened)
    assert moments.line[0] == moments.line[1]
    for node, rows in ((0, table), (2, table[5:]), (3, table[:0])):
        alone = NormalWishartPrior.of(4).after(rows)
        assert moments.totals[moments.line[node]] == len(rows)
        assert np.allclose(moments.matrices[moments.line[node]], alone.matrices[0])


def test_factors_of_set_nodes_are_absent_from_a_regime(table, rng):
    moments = NormalWishartPrior.of(4).after(table)
    layout, parents = BlockLayout([[0], [1], [2], [3]]), np.array([0, 1, 3, 7])
    targets = np.array([[False] * 4, [False, False, False, True]])
    drawn = draw_parameters(moments, layout, parents, rng=rng, targets=targets)
    assert (drawn.precision[1][3] == 0.0).all()
    assert drawn.linear[1, 3] == 0.0
    # marginal of the first three columns: integrate out the last one
    cut = np.linalg.inv(np.linalg.inv(drawn.precision[0])[:3, :3])
    assert np.allclose(cut, drawn.precision[1][:3, :3])


def test_the_prior_needs_enough_degrees_of_freedom():
    with pytest.raises(OptionError, match="alpha_w must be more than D"):
        NormalWishartPrior.of(4, alpha_w=5.0)
    with pytest.raises(OptionError, match="alpha_mu must be positive"):
        NormalWishartPrior.of(4, alpha_mu=0.0)
