"""Graph priors against their formulas."""

from math import comb, log

import numpy as np
import pytest

from dag_gfn.errors import OptionError
from dag_gfn.scores import PRIORS, make_prior


@pytest.mark.parametrize("d", [1, 2, 3, 10, 63])
@pytest.mark.parametrize("name", PRIORS)
def test_finite_for_any_number_of_nodes(name, d):
    """Regression: Erdős-Rényi had p >= 1 and crashed at d = 2, 3."""
    prior = make_prior(name, d)
    assert prior.name == name
    assert prior.log_prior_by_size.shape == (d,)
    assert np.isfinite(prior.log_prior_by_size).all()


@pytest.mark.parametrize("d", [1, 2, 3, 10])
def test_fair_gives_every_in_degree_the_same_mass(d):
    """Regression: C(d, k) stood for C(d - 1, k)."""
    by_size = make_prior("fair", d).log_prior_by_size
    mass = [comb(d - 1, k) * np.exp(by_size[k]) for k in range(d)]
    np.testing.assert_allclose(mass, 1.0, rtol=1e-12)


def test_uniform_is_zero():
    np.testing.assert_array_equal(make_prior("uniform", 4).log_prior_by_size, 0)


def test_edge_multiplies_by_beta():
    np.testing.assert_allclose(make_prior("edge", 4).log_prior_by_size, [k * log(0.5) for k in range(4)])
    np.testing.assert_allclose(
        make_prior("edge", 4, beta=0.1).log_prior_by_size, [k * log(0.1) for k in range(4)]
    )


@pytest.mark.parametrize(
    ("d", "m", "p"), [(9, 1, 0.25), (9, 0.5, 0.125), (3, 1, 0.5), (2, 1.0, 0.5), (9, 100, 0.5)]
)
def test_erdos_renyi_is_bernoulli(d, m, p):
    by_size = make_prior("erdos_renyi", d, edges_per_node=m).log_prior_by_size
    np.testing.assert_allclose(by_size, [k * log(p) + (d - 1 - k) * log(1 - p) for k in range(d)])


def test_one_edge_per_node_is_the_default_of_erdos_renyi():
    np.testing.assert_array_equal(
        make_prior("erdos_renyi", 9).log_prior_by_size,
        make_prior("erdos_renyi", 9, edges_per_node=1).log_prior_by_size,
    )


def test_log_prior_reads_the_table_in_batches():
    prior = make_prior("edge", 4)
    parents = np.array([0b0000, 0b1110, 0b0010])
    np.testing.assert_array_equal(prior.log_prior(0, parents), prior.log_prior_by_size[[0, 3, 1]])
    nodes = np.array([0, 0, 2])
    np.testing.assert_array_equal(prior.log_prior(nodes, parents), prior.log_prior_by_size[[0, 3, 1]])


def test_beliefs_add_the_log_odds_of_each_parent(rng):
    d = 5
    belief = rng.uniform(0.05, 0.95, size=(d, d))
    prior = make_prior("fair", d).with_beliefs(belief)
    for node in range(d):
        for parents in np.flatnonzero(np.arange(1 << d) >> node & 1 == 0):
            members = [i for i in range(d) if parents >> i & 1]
            expected = prior.log_prior_by_size[len(members)]
            expected += sum(log(belief[i, node] / (1 - belief[i, node])) for i in members)
            assert prior.log_prior(node, np.array([parents]))[0] == pytest.approx(expected, abs=1e-12)


def test_a_belief_of_one_half_says_nothing():
    prior = make_prior("edge", 3).with_beliefs(np.full((3, 3), 0.5))
    assert prior.log_odds is None
    assert prior.is_symmetric


def test_beliefs_that_favour_a_direction_are_not_symmetric():
    belief = np.full((3, 3), 0.5)
    belief[0, 1] = belief[1, 0] = 0.8
    assert make_prior("uniform", 3).with_beliefs(belief).is_symmetric
    belief[0, 1] = 0.7
    assert not make_prior("uniform", 3).with_beliefs(belief).is_symmetric
    assert make_prior("uniform", 3).with_beliefs(belief).without_beliefs().is_symmetric


def test_unknown_names_and_foreign_options_are_refused():
    with pytest.raises(OptionError, match="unknown graph prior 'flat': choose one of uniform, edge"):
        make_prior("flat", 3)
    with pytest.raises(OptionError, match="'beta' belongs to the prior 'edge', not to 'fair'"):
        make_prior("fair", 3, beta=0.5)
    with pytest.raises(OptionError, match="'edges_per_node' belongs to the prior 'erdos_renyi'"):
        make_prior("edge", 3, edges_per_node=1)
    with pytest.raises(TypeError):
        make_prior("edge", 3, p=0.5)


@pytest.mark.parametrize("value", [0, -1.0, float("nan"), float("inf")])
def test_options_must_be_positive(value):
    with pytest.raises(OptionError, match="beta must be positive"):
        make_prior("edge", 3, beta=value)
    with pytest.raises(OptionError, match="edges_per_node must be positive"):
        make_prior("erdos_renyi", 3, edges_per_node=value)
