import numpy as np
import pytest
from scipy.special import multigammaln

from dag_gfn.completion.block_scores import BlockScores
from dag_gfn.completion.normal_wishart import BlockLayout, NormalWishartPrior
from dag_gfn.data import from_array
from dag_gfn.graphs.subsets import parent_sets, remove_bit
from dag_gfn.scores import BGe

NODES = [[0], [1, 2], [3], [4, 5, 6]]


def log_m(values, columns, alpha_mu, alpha_w):
    """Return the marginal likelihood of some columns, from the formula with logarithms of determinants."""
    n, num_columns = values.shape
    size = len(columns)
    if not size:
        return 0.0
    t = alpha_mu * (alpha_w - num_columns - 1) / (alpha_mu + 1)
    x, mean = values[:, columns], values[:, columns].mean(axis=0)
    r = t * np.eye(size) + (x - mean).T @ (x - mean) + n * alpha_mu / (n + alpha_mu) * np.outer(mean, mean)
    after, before = 0.5 * (n + alpha_w - num_columns + size), 0.5 * (alpha_w - num_columns + size)
    return (
        0.5 * size * np.log(alpha_mu / (n + alpha_mu))
        + multigammaln(after, size)
        - multigammaln(before, size)
        - 0.5 * size * n * np.log(np.pi)
        + before * size * np.log(t)
        - after * np.linalg.slogdet(r)[1]
    )


@pytest.fixture
def values(rng):
    return rng.normal(size=(25, 7)) @ rng.normal(size=(7, 7)) + 0.5


@pytest.mark.parametrize(("alpha_mu", "alpha_w"), [(1.0, 9.0), (3.0, 12.5)])
def test_scores_are_the_formula(alpha_mu, alpha_w, values):
    prior = NormalWishartPrior.of(7, alpha_mu=alpha_mu, alpha_w=alpha_w)
    scores = BlockScores(prior.after(values), BlockLayout(NODES))
    table = scores.complete_table()
    for node in range(4):
        sets = parent_sets(node, 4)
        expected = []
        for mask in sets:
            above = [c for i in range(4) if mask >> i & 1 for c in NODES[i]]
            both = log_m(values, above + NODES[node], alpha_mu, alpha_w)
            expected.append(both - log_m(values, above, alpha_mu, alpha_w))
        assert np.allclose(table[node], expected, rtol=1e-11)
        assert np.allclose(scores.local_scores(np.full(len(sets), node), sets), expected, rtol=1e-11)
    assert np.isclose(scores.log_saturated(), log_m(values, list(range(7)), alpha_mu, alpha_w), rtol=1e-12)


def test_width_one_is_bge(values):
    scores = BlockScores(NormalWishartPrior.of(7).after(values), BlockLayout([[j] for j in range(7)]))
    assert np.allclose(scores.complete_table(), BGe(from_array(values)).complete_table(), rtol=1e-11)


def test_another_table_has_the_same_constants(values, rng):
    prior, layout, other = NormalWishartPrior.of(7), BlockLayout(NODES), rng.normal(size=(25, 7))
    scores = BlockScores(prior.after(values), layout).of_table(prior.after(other))
    assert (scores.complete_table() == BlockScores(prior.after(other), layout).complete_table()).all()


def test_set_nodes_have_rows_of_their_own(values):
    intervened = np.zeros((25, 4), dtype=bool)
    intervened[:10, 1] = True
    prior, layout = NormalWishartPrior.of(7), BlockLayout(NODES)
    scores = BlockScores(prior.after(values, intervened=intervened), layout)
    all_rows, some = BlockScores(prior.after(values), layout), BlockScores(prior.after(values[10:]), layout)
    table = scores.complete_table()
    assert np.allclose(table[[0, 2, 3]], all_rows.complete_table()[[0, 2, 3]], rtol=1e-12)
    assert np.allclose(table[1], some.complete_table()[1], rtol=1e-12)
    found = scores.local_scores(np.array([1]), np.array([0b1001]))
    assert np.allclose(found, table[1, remove_bit(np.array([0b1001]), 1)])
    with pytest.raises(ValueError, match="nodes were set"):
        scores.log_saturated()
