import numpy as np
import pytest

import dag_gfn
from dag_gfn.exact.enumeration import enumerate_dags
from dag_gfn.graph_check.independences import MAX_GRAPHS, implied_independences, local_markov_basis
from dag_gfn.graphs import graph
from dag_gfn.posterior import GraphPosterior


def test_the_basis_holds_in_a_graph_and_in_its_subgraphs_alone():
    """All graphs that satisfy the basis of a DAG imply its independences: their links are among those of the DAG
    up to equivalence."""
    dags = graph.adjacency_from_masks(enumerate_dags(4).astype(np.int64), 4)
    for adjacency in dags[[50, 200, 400]]:
        basis = local_markov_basis(adjacency)
        assert len(basis) == 6 - adjacency.sum()
        assert all(each.holds(adjacency[None])[0] for each in basis)
        holds = np.all([each.holds(dags) for each in basis] or [np.ones(len(dags), dtype=bool)], axis=0)
        every = [
            (a, b, [c for c in range(4) if given >> c & 1])
            for a in range(4)
            for b in range(a + 1, 4)
            for given in range(16)
            if not given >> a & 1 and not given >> b & 1
        ]
        for a, b, given in every:
            if graph.d_separated(adjacency, a, b, given):
                assert graph.d_separated(dags[holds], a, b, given).all()


def test_probabilities_are_those_of_queries(rng):
    values = rng.normal(size=(100, 3))
    values[:, 2] += values[:, 0]
    posterior = dag_gfn.fit(values, progress=False)
    chain = np.array([[0, 1, 0], [0, 0, 1], [0, 0, 0]], dtype=bool)
    (found,) = implied_independences(posterior, chain, rng=rng)
    assert (found.a, found.b, found.given) == ("x0", "x2", ("x1",))
    assert found.probability == pytest.approx(posterior.probability("dsep(x0, x2 | x1)").value)
    assert found.standard_error == 0.0


def test_many_graphs_are_drawn_from(rng):
    draws = rng.random((3 * MAX_GRAPHS, 13, 13)) < 0.2
    draws &= np.triu(np.ones((13, 13), dtype=bool), 1)
    posterior = GraphPosterior.from_samples([f"x{j}" for j in range(13)], draws)
    found = implied_independences(posterior, np.zeros((13, 13), dtype=bool), rng=rng)
    assert len(found) == 78
    one = next(each for each in found if (each.a, each.b) == ("x0", "x1"))
    assert abs(one.probability - posterior.probability("dsep(x0, x1)").value) < 4 * one.standard_error
