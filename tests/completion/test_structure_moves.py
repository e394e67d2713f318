"""The chain over DAGs against all DAGs, listed."""

import numpy as np
import pytest

from dag_gfn.completion.structure_moves import first_graph, move_graph
from dag_gfn.errors import ConstraintError
from dag_gfn.exact.enumeration import enumerate_dags
from dag_gfn.graphs.subsets import remove_bit


def random_scores(d, seed, forbidden=()):
    """Return a function of local scores drawn at random, -inf for (node, parent set) in `forbidden`."""
    values = np.random.default_rng(seed).normal(size=(d, 1 << (d - 1)), scale=1.5)
    for node, parents in forbidden:
        values[node, remove_bit(np.array(parents), node)] = -np.inf
    return lambda nodes, parents: values[nodes, remove_bit(parents, nodes)]


def visited(d, local_scores, parents, *, proposals, exchanges, draws, seed=0):
    """Return how often the chain was at each DAG of `enumerate_dags`, and their exact probabilities."""
    masks = enumerate_dags(d).astype(np.int64)
    number = {tuple(mask): k for k, mask in enumerate(masks.tolist())}
    rng, counts = np.random.default_rng(seed), np.zeros(len(masks))
    for _ in range(draws):
        parents = move_graph(parents, local_scores, proposals=proposals, exchanges=exchanges, rng=rng)
        counts[number[tuple(parents.tolist())]] += 1
    log_rewards = sum(local_scores(np.full(len(masks), j), masks[:, j]) for j in range(d))
    exact = np.exp(log_rewards - log_rewards.max())
    return counts / draws, exact / exact.sum()


@pytest.mark.parametrize(("proposals", "exchanges"), [(12, 0), (6, 1)])
def test_visits_dags_as_often_as_they_are_probable(proposals, exchanges):
    seen, exact = visited(
        3,
        random_scores(3, seed=1),
        np.zeros(3, dtype=np.int64),
        proposals=proposals,
        exchanges=exchanges,
        draws=3_000,
    )
    # successive visits are dependent: four standard errors of 600 independent ones
    assert (np.abs(seen - exact) <= 4 * np.sqrt(exact / 600)).all()


def test_respects_forbidden_and_required_parents():
    forbidden = [(1, 0b000), (1, 0b100), (2, 0b001), (2, 0b011)]  # 0 -> 1 is required, 0 -> 2 is not allowed
    scores = random_scores(3, seed=2, forbidden=forbidden)
    start = first_graph(np.array([0, 0b001, 0]), scores)
    seen, exact = visited(3, scores, start, proposals=9, exchanges=1, draws=3_000)
    assert (exact == 0).sum() > 10
    assert (seen[exact == 0] == 0).all()
    assert (np.abs(seen - exact) <= 4 * np.sqrt(exact / 600)).all()


def test_exchanges_alone_keep_the_numbers_of_parents():
    scores, rng = random_scores(4, seed=3), np.random.default_rng(0)
    parents, seen = np.array([0b0110, 0b0100, 0, 0]), set()
    for _ in range(50):
        parents = move_graph(parents, scores, proposals=0, exchanges=1, rng=rng)
        assert np.bitwise_count(parents).tolist() == [2, 1, 0, 0]
        seen.add(tuple(parents.tolist()))
    assert len(seen) > 1


def test_one_node_stays_and_the_start_is_not_changed():
    nothing = lambda nodes, parents: np.zeros(len(nodes))  # noqa: E731
    start = np.array([0])
    assert move_graph(start, nothing, proposals=5, exchanges=2, rng=np.random.default_rng(0)).tolist() == [0]
    start = np.array([0, 1])
    move_graph(start, nothing, proposals=9, rng=np.random.default_rng(0))
    assert start.tolist() == [0, 1]


def test_a_start_that_is_forbidden_is_refused():
    scores = random_scores(3, seed=2, forbidden=[(1, 0)])
    with pytest.raises(ConstraintError, match="no DAG on the 3 nodes"):
        first_graph(np.zeros(3, dtype=np.int64), scores)
    with pytest.raises(ConstraintError, match="begins at a graph"):
        move_graph(np.zeros(3, dtype=np.int64), scores, proposals=1, rng=np.random.default_rng(0))
