"""The sum of a prior over DAGs, against the enumeration of all of them."""

import numpy as np
import pytest

from dag_gfn.exact.dag_dp import log_evidence
from dag_gfn.exact.enumeration import enumerate_dags
from dag_gfn.graphs.subsets import popcount
from dag_gfn.model_choice.prior_mass import PriorTable, log_mass_by_size, log_prior_mass
from dag_gfn.scores import PRIORS, Constraints, make_prior


@pytest.mark.parametrize("name", PRIORS)
@pytest.mark.parametrize("max_parents", [None, 2, 0])
def test_it_is_the_sum_over_all_dags(name, max_parents):
    prior, masks = make_prior(name, 4), enumerate_dags(4).astype(np.int64)
    constraints = Constraints.from_names(tuple("abcd"), max_parents=max_parents)
    allowed = constraints.allow(0, np.zeros(1, dtype=np.int64)) if max_parents is None else None
    sizes = popcount(masks)
    kept = np.ones(len(masks), bool) if allowed is not None else (sizes <= max_parents).all(axis=1)
    expected = np.log(np.exp(prior.log_prior_by_size[sizes[kept]].sum(axis=1)).sum())
    np.testing.assert_allclose(log_prior_mass(prior, constraints), expected, atol=1e-10)


def test_constraints_and_beliefs_count():
    prior = make_prior("edge", 3).with_beliefs(np.full((3, 3), 0.5) + 0.3 * np.eye(3)[[1, 2, 0]])
    constraints = Constraints.from_names(tuple("abc"), required=[("a", "b")])
    masks = enumerate_dags(3).astype(np.int64)
    total = 0.0
    for row in masks:
        if row[1] & 1:
            total += np.exp(sum(prior.log_prior(j, row[j : j + 1])[0] for j in range(3)))
    np.testing.assert_allclose(log_prior_mass(prior, constraints), np.log(total))


@pytest.mark.parametrize("name", PRIORS)
def test_the_recursion_by_size_agrees_with_that_over_subsets(name):
    prior, none = make_prior(name, 9), Constraints.none(9)
    np.testing.assert_allclose(
        log_mass_by_size(prior.log_prior_by_size), log_evidence(PriorTable(prior, none))
    )


def test_many_nodes_do_not_cancel():
    # number of DAGs on 40 nodes, from OEIS A003024, grows as 2^(d (d - 1) / 2) d! / (1.488^d * 0.574)
    d = 40
    growth = d * (d - 1) / 2 * np.log(2) + np.sum(np.log(np.arange(1, d + 1))) - d * np.log(1.48807854)
    np.testing.assert_allclose(log_mass_by_size(np.zeros(d)), growth - np.log(0.57436237), rtol=1e-6)


def test_what_is_not_known_is_none():
    constraints = Constraints.from_names(tuple(map(str, range(25))), required=[("1", "2")])
    assert log_prior_mass(make_prior("uniform", 25), constraints) is None
