"""What every fit is judged by, against plain loops over graphs."""

import itertools

import numpy as np
import oracles
import pytest
from sampler_cases import log_reward, score_table

from dag_gfn.errors import ConstraintError, NotTractable
from dag_gfn.exact.reference import MAX_ENUMERATED, exact_reference, reference_bytes, reference_seconds


def features_of(dags, weights):
    """Return edge, path and Markov blanket probabilities by adding up graphs."""
    d = dags.shape[1]
    sums = {name: np.zeros((d, d)) for name in ("edge", "path", "markov_blanket")}
    for dag, weight in zip(dags, weights, strict=True):
        sums["edge"] += weight * dag
        sums["path"] += weight * (oracles.closure(dag) & ~np.eye(d, dtype=bool))
        sums["markov_blanket"] += weight * oracles.markov_blanket(dag)
    return sums


@pytest.mark.parametrize("constraints", [{}, {"required": [(0, 1)], "forbidden": [(1, 2)], "max_parents": 1}])
@pytest.mark.parametrize("d", [2, 3, 4])
def test_few_nodes_by_enumeration(d, constraints):
    if d == 2:
        constraints = {**constraints, "forbidden": []}
    table = score_table(d, **constraints)
    reference = exact_reference(table)
    of_graph = log_reward(table)
    dags = oracles.all_dags(d)
    log_rewards = np.array([of_graph(dag) for dag in dags])
    total = oracles.log_evidence(d, of_graph)
    assert reference.log_evidence == pytest.approx(total, abs=1e-9)
    expected = features_of(dags, np.exp(log_rewards - total))
    assert reference.features.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_allclose(reference.features[name], values, atol=1e-9)
    assert np.exp(reference.log_probabilities).sum() == pytest.approx(1, abs=1e-12)
    np.testing.assert_allclose(np.sort(reference.log_probabilities), np.sort(log_rewards - total), atol=1e-9)
    assert len(reference.masks) == oracles.NUM_DAGS[d]


def forests(d):
    """Return all DAGs on d nodes in which no node has more than one parent."""
    found = []
    for parents in itertools.product(range(-1, d), repeat=d):
        if any(parent == node for node, parent in enumerate(parents)):
            continue
        for node in range(d):
            steps = 0
            while node >= 0 and steps <= d:
                node, steps = parents[node], steps + 1
            if node >= 0:
                break
        else:
            dag = np.zeros((d, d), dtype=bool)
            for node, parent in enumerate(parents):
                if parent >= 0:
                    dag[parent, node] = True
            found.append(dag)
    return np.array(found)


def test_more_nodes_by_the_recursion():
    d = MAX_ENUMERATED + 1
    table = score_table(d, rows=30, max_parents=1)
    dags = forests(d)
    assert len(dags) == (d + 1) ** (d - 1)  # Cayley
    masks = np.einsum("kij,i->kj", dags.astype(np.int64), 1 << np.arange(d))
    log_rewards = table.log_reward(masks)
    total = np.logaddexp.reduce(log_rewards)
    weights = np.exp(log_rewards - total)
    reference = exact_reference(table)
    assert reference.log_evidence == pytest.approx(total, abs=1e-9)
    np.testing.assert_allclose(reference.features["edge"], np.einsum("k,kij->ij", weights, dags), atol=1e-9)
    paths = np.zeros((d, d))
    heavy = np.argsort(-weights)
    heavy = heavy[: np.searchsorted(np.cumsum(weights[heavy]), 1 - 1e-6) + 1]
    for k in heavy:
        paths += weights[k] * (oracles.closure(dags[k]) & ~np.eye(d, dtype=bool))
    np.testing.assert_allclose(reference.features["path"], paths, atol=2e-6)
    assert reference.features.keys() == {"edge", "path"}
    assert reference.masks is None
    assert reference.log_probabilities is None


def test_required_and_forbidden_edges_beyond_enumeration():
    reference = exact_reference(score_table(7, rows=30, required=[(0, 1)], forbidden=[(2, 3), (1, 4)]))
    edge, path = reference.features["edge"], reference.features["path"]
    assert edge[0, 1] == pytest.approx(1, abs=1e-9)
    assert path[0, 1] == pytest.approx(1, abs=1e-9)
    assert edge[1, 0] == pytest.approx(0, abs=1e-9)
    assert edge[2, 3] == edge[1, 4] == 0
    assert (path >= edge - 1e-9).all()
    for values in (edge, path):
        assert values.min() >= 0
        assert values.max() <= 1
        assert (np.diag(values) == 0).all()


def test_a_table_that_is_not_complete_is_refused():
    with pytest.raises(NotTractable):
        exact_reference(score_table(MAX_ENUMERATED + 1, storage="lazy"))


def test_no_dag_left():
    table = score_table(3)
    table.complete[:, 0] = -np.inf  # every DAG has a node without parents
    with pytest.raises(ConstraintError):
        exact_reference(table)


def test_estimates_grow_with_the_number_of_nodes():
    sizes = range(2, 25)
    seconds, size = [reference_seconds(d) for d in sizes], [reference_bytes(d) for d in sizes]
    assert min(seconds) > 0
    assert min(size) > 0
    beyond = MAX_ENUMERATED - 1  # position of the first size that is not enumerated
    assert seconds[beyond:] == sorted(seconds[beyond:])
    assert size[beyond:] == sorted(size[beyond:])
    assert reference_seconds(4) < 1
    assert reference_seconds(30) > 3600


def test_progress_can_interrupt():
    def interrupt(share):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        exact_reference(score_table(MAX_ENUMERATED + 1), progress=interrupt)
