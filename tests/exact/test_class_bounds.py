"""Bounds of the masses of classes, against all classes of four nodes."""

import numpy as np
import oracles
import pytest

from dag_gfn.exact.class_bounds import LINKED, ClassBounds
from dag_gfn.graphs.interventional import essential_graph, oriented_pairs

D = 4


@pytest.fixture(scope="module")
def dags():
    return oracles.all_dags(D)


def oriented_by(which):
    return oriented_pairs(np.eye(D, dtype=bool)[1 : 1 + which]) if which else np.zeros((D, D), dtype=bool)


def sizes_of(dags, oriented):
    classes = [essential.tobytes() for essential in essential_graph(dags, oriented)]
    return np.array([classes.count(each) for each in classes])


def sum_over_families(weights, dag):
    return sum(
        weights[j, sum(1 << (a - (a > j)) for a in np.flatnonzero(dag[:, j]).tolist())] for j in range(D)
    )


@pytest.mark.parametrize("which", [0, 1, 2])
@pytest.mark.parametrize("seed", range(8))
def test_no_class_is_larger_than_its_bound(which, seed, dags):
    rng, oriented = np.random.default_rng(seed), oriented_by(which)
    weights = rng.normal(size=(D, 8))
    reference = dags[rng.integers(len(dags))]
    bounds = ClassBounds(weights, reference, oriented)
    log_sizes = np.log(sizes_of(dags, oriented))
    masses = log_sizes + [sum_over_families(weights, dag) for dag in dags]
    for shares in (np.zeros(D), np.ones(D), rng.random(D)):
        enlarged = bounds.enlarged(shares)
        sums = np.array([sum_over_families(enlarged, dag) for dag in dags])
        assert (sums >= masses - 1e-9).all()
    loose = np.array([sum_over_families(bounds.enlarged(np.zeros(D)), dag) for dag in dags])
    used = np.array([sum_over_families(bounds.enlarged(np.ones(D)), dag) for dag in dags])
    own = (dags == reference).all(axis=(1, 2)).argmax()
    assert used[own] <= loose[own] + 1e-9
    best = bounds.enlarged(bounds.best_shares(masses.max()))
    assert max(sum_over_families(best, dag) for dag in dags) <= used.max() + 1e-9


@pytest.mark.parametrize("seed", range(8))
def test_what_is_there_and_its_refunds_bound_the_class(seed, dags):
    """The size of the class of some nodes, their refunds, and the families of the others: as the search adds them."""
    rng, oriented = np.random.default_rng(seed), np.zeros((D, D), dtype=bool)
    reference = dags[rng.integers(len(dags))]
    bounds = ClassBounds(np.zeros((D, 8)), reference, oriented)
    shares = rng.random(D)
    enlarged, refunds = bounds.enlarged(shares), bounds.refunds(shares)
    log_sizes = dict(zip((dag.tobytes() for dag in dags), np.log(sizes_of(dags, oriented)), strict=True))
    for dag in dags:
        for inside in range(1 << D):
            there = [v for v in range(D) if inside >> v & 1]
            if dag[np.ix_([v for v in range(D) if v not in there], there)].any():
                continue
            part = np.zeros_like(dag)
            part[np.ix_(there, there)] = dag[np.ix_(there, there)]
            bound = log_sizes[part.tobytes()]
            for (i, kind, a, b), value in zip(refunds.events, refunds.values, strict=True):
                broken = dag[a, b] or dag[b, a] if kind == LINKED else not dag[a, b]
                if i not in there and b in there and (kind != LINKED or a in there) and broken:
                    bound += value
            for j in set(range(D)) - set(there):
                bound += enlarged[j, sum(1 << (a - (a > j)) for a in np.flatnonzero(dag[:, j]).tolist())]
            assert bound >= log_sizes[dag.tobytes()] - 1e-9


def test_a_chain_of_compelled_edges_is_told_by_its_beginning():
    """In 0 -> 2 <- 1, 2 -> 3 the last edge is compelled since node 0 is not linked to node 3."""
    dag = np.zeros((D, D), dtype=bool)
    dag[0, 2] = dag[1, 2] = dag[2, 3] = True
    bounds = ClassBounds(np.zeros((D, 8)), dag, np.zeros((D, D), dtype=bool))
    assert sum_over_families(bounds.enlarged(np.ones(D)), dag) == pytest.approx(0.0)
    assert sum_over_families(bounds.enlarged(np.zeros(D)), dag) == pytest.approx(np.log(3) + np.log(2))
