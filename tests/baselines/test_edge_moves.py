"""The chain over DAGs by single edges: its transition matrix, exactly, and its compiled steps beside that."""

import numpy as np
import oracles
import pytest
from sampler_cases import log_reward, score_table

from dag_gfn.baselines.edge_moves import REVERSALS, EdgeChain, _gain, _makes_cycle

MASKS = {
    d: [
        tuple(int(sum(1 << i for i in range(d) if dag[i, j])) for j in range(d))
        for dag in oracles.all_dags(d)
    ]
    for d in (3, 4)
}


def transitions(table):
    """Return the DAGs that are possible, and the probability of each step, by every proposal there is."""
    d = table.d
    dags = [masks for masks in MASKS[d] if np.isfinite(table.log_reward(np.array([masks])))[0]]
    place = {masks: k for k, masks in enumerate(dags)}
    matrix = np.zeros((len(dags), len(dags)))
    for k, masks in enumerate(dags):
        chain = EdgeChain(table, np.array(masks))
        for reverse, share in ((True, REVERSALS), (False, 1 - REVERSALS)):
            for i, j in np.argwhere(~np.eye(d, dtype=bool)).tolist():
                gain = _gain(chain.parents, chain._scores, chain._toggled, reverse, i, j)
                if gain == -np.inf or _makes_cycle(chain.parents, reverse, i, j):
                    continue
                after = list(masks)
                after[j] ^= 1 << i
                if reverse:
                    after[i] ^= 1 << j
                matrix[k, place[tuple(after)]] += share / (d * (d - 1)) * min(1.0, np.exp(gain))
    matrix[np.diag_indices(len(dags))] += 1 - matrix.sum(axis=1)
    return dags, matrix


def exact(table, dags):
    scores = np.array(
        [log_reward(table)(np.array([[m >> i & 1 for m in masks] for i in range(table.d)])) for masks in dags]
    )
    p = np.exp(scores - scores.max())
    return p / p.sum()


@pytest.mark.parametrize(
    "known", [{}, {"required": [(2, 0)], "forbidden": [(0, 1)]}, {"max_parents": 1}, {"storage": "lazy"}]
)
def test_detailed_balance_on_three_nodes(known):
    table = score_table(3, rows=8, seed=1, **known)
    dags, matrix = transitions(table)
    p = exact(table, dags)
    flow = p[:, None] * matrix
    np.testing.assert_allclose(flow, flow.T, atol=1e-14)
    np.testing.assert_allclose(p @ matrix, p, atol=1e-14)
    assert (matrix >= 0).all()
    # every DAG can be reached from every other
    assert (np.linalg.matrix_power(matrix, 2 * len(dags)) > 0).all()


@pytest.mark.parametrize("storage", ["complete", "lazy"])
def test_compiled_steps_have_these_probabilities(storage):
    table = score_table(3, rows=8, seed=1, storage=storage)
    dags, matrix = transitions(table)
    rng, begin = np.random.default_rng(0), dags.index((0, 1, 2))
    chain, repeats, counts = EdgeChain(table, np.array(dags[begin])), 1500, np.zeros(len(dags))
    power = np.linalg.matrix_power(matrix, 3)[begin]
    for _ in range(repeats):
        chain.__init__(table, np.array(dags[begin]))
        blocks, _, _ = chain.advance(1, 3, rng)
        counts[dags.index(tuple(blocks.state[0].tolist()))] += 1
    off = np.abs(counts / repeats - power)
    assert (off <= 4.5 * np.sqrt(power * (1 - power) / repeats) + 1e-12).all()


def test_edges_are_means_over_all_steps_of_a_block():
    table = score_table(4, rows=8, seed=2)
    long, short = (EdgeChain(table, np.zeros(4, dtype=np.int64)) for _ in range(2))
    one, tried, accepted = long.advance(1, 500, np.random.default_rng(3))
    rng, total = np.random.default_rng(3), np.zeros((4, 4))
    for _ in range(500):
        blocks, _, _ = short.advance(1, 1, rng)
        masks = blocks.state[0]
        total += np.array([[masks[j] >> i & 1 for j in range(4)] for i in range(4)])
        np.testing.assert_array_equal(
            blocks.edge[0], np.array([[masks[j] >> i & 1 for j in range(4)] for i in range(4)])
        )
    np.testing.assert_allclose(one.edge[0], total / 500, atol=1e-6)
    np.testing.assert_array_equal(one.state[0], short.parents)
    assert tried.sum() == 500
    assert 0 < accepted.sum() < 500


def test_both_ways_of_looking_scores_up_give_the_same_chain():
    chains = [
        EdgeChain(score_table(5, seed=2, storage=storage), np.zeros(5, dtype=np.int64)).advance(
            5, 200, np.random.default_rng(0)
        )[0]
        for storage in ("complete", "lazy")
    ]
    np.testing.assert_array_equal(chains[0].state, chains[1].state)
    np.testing.assert_allclose(chains[0].log_target, chains[1].log_target)


def test_the_target_is_the_score_of_the_graph():
    table = score_table(5, seed=2)
    blocks, _, _ = EdgeChain(table, np.zeros(5, dtype=np.int64)).advance(20, 50, np.random.default_rng(0))
    np.testing.assert_allclose(blocks.log_target, table.log_reward(blocks.state))


@pytest.mark.parametrize("d", [62, 63])
def test_the_last_bits_of_masks(d):
    table = score_table(d, rows=30, storage="lazy")
    blocks, _, accepted = EdgeChain(table, np.zeros(d, dtype=np.int64)).advance(
        1, 2000, np.random.default_rng(0)
    )
    dag = table.possible.adjacency_of(blocks.state[-1])
    assert oracles.is_dag(dag)
    assert accepted.sum() > 20
