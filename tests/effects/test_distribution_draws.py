import itertools

import numpy as np
import pandas as pd
import pytest

from dag_gfn.data import from_frame, sufficient_statistics
from dag_gfn.data.random_dag import erdos_renyi_dag
from dag_gfn.effects import distribution_draws as module
from dag_gfn.effects import interventional_distribution, interventional_distributions
from dag_gfn.errors import NotTractable
from dag_gfn.posterior import GraphPosterior

STATES = (2, 3, 2, 4)
ALPHA = 2.0


def table(rng, states, n=120):
    return from_frame(
        pd.DataFrame({f"v{j}": rng.integers(0, r, n) for j, r in enumerate(states)}).map("s{}".format)
    )


def posterior_of(data, graphs):
    info = {"kind": "discrete", "score": "bdeu", "score_options": {"equivalent_sample_size": ALPHA}}
    return GraphPosterior.from_samples(data.names, graphs, info=info, statistics=sufficient_statistics(data))


def by_enumeration(data, adjacency, x, y):
    """Return P(y | do(x)) with posterior means of the tables, summed over every joint state."""
    codes, r = data.values.astype(int), data.cardinalities
    result = np.zeros((r[x], r[y]))
    for cell in itertools.product(*map(range, r)):
        product = 1.0
        for v in range(len(r)):
            if v == x:
                continue
            parents = np.flatnonzero(adjacency[:, v])
            among = (codes[:, parents] == np.array(cell)[parents]).all(axis=1)
            q = np.prod([r[p] for p in parents])
            hits = (among & (codes[:, v] == cell[v])).sum()
            product *= (ALPHA / (q * r[v]) + hits) / (ALPHA / q + among.sum())
        result[cell[x], cell[y]] += product
    return result


@pytest.fixture
def posterior(rng):
    data = table(rng, STATES)
    return data, posterior_of(
        data, np.stack([erdos_renyi_dag(4, rng=rng, edges_per_node=1.5) for _ in range(6)])
    )


PAIRS = [(i, j) for i in range(4) for j in range(4) if i != j]


@pytest.mark.parametrize("small_blocks", [False, True])
def test_all_pairs_are_the_sums_over_joint_states(posterior, monkeypatch, small_blocks):
    data, made = posterior
    if small_blocks:  # of few draws, but without simulation
        monkeypatch.setattr(module, "BLOCK_CELLS", 96)
    names = [(data.names[i], data.names[j]) for i, j in PAIRS]
    found = interventional_distributions(made, names, num_draws=150, rng=0)
    for (i, j), effect in zip(PAIRS, found, strict=True):
        assert (effect.source, effect.target) == (data.names[i], data.names[j])
        distinct = {graph.tobytes(): graph for graph in effect.graphs}
        exactly = {key: by_enumeration(data, graph, i, j) for key, graph in distinct.items()}
        expected = np.mean([exactly[graph.tobytes()] for graph in effect.graphs], axis=0)
        np.testing.assert_allclose(effect.mean, expected, rtol=1e-10)
        np.testing.assert_allclose(effect.samples.sum(axis=-1), 1.0)
        # every draw scatters about the mean of its own graph
        rest = effect.samples - np.stack([exactly[graph.tobytes()] for graph in effect.graphs])
        assert (np.abs(rest.mean(axis=0)) < 5 * rest.std(axis=0) / np.sqrt(150) + 1e-12).all()
        np.testing.assert_array_equal(effect.graphs, found[0].graphs)


def test_one_pair_alone_has_the_same_graphs_and_means(posterior):
    _, made = posterior
    together = interventional_distributions(made, [("v0", "v3"), ("v2", "v1")], num_draws=40, rng=5)
    for effect in together:
        alone = interventional_distribution(made, effect.source, effect.target, num_draws=40, rng=5)
        np.testing.assert_array_equal(alone.graphs, effect.graphs)
        np.testing.assert_allclose(alone.mean, effect.mean)


def test_tables_with_far_more_cells_than_rows(rng):
    data = table(rng, (6, 6, 6, 6), n=80)
    collider = np.zeros((4, 4), dtype=bool)
    collider[[0, 1, 3], 2] = True
    collider[0, 1] = True
    made = posterior_of(data, collider[None])
    for x in (0, 1, 3):
        effect = interventional_distribution(made, f"v{x}", "v2", num_draws=300, rng=1)
        np.testing.assert_allclose(effect.mean, by_enumeration(data, collider, x, 2), rtol=1e-10)
        error = effect.samples.std(axis=0) / np.sqrt(300)
        assert (np.abs(effect.samples.mean(axis=0) - effect.mean) < 5 * error).all()


def test_simulation_takes_no_notice_of_a_source_that_is_no_cause(posterior, monkeypatch):
    data, _ = posterior
    monkeypatch.setattr(module, "MAX_CELLS", 1)
    chain = np.zeros((4, 4), dtype=bool)
    chain[0, 1] = chain[1, 3] = True
    effects = interventional_distributions(
        posterior_of(data, chain[None]), [("v2", "v3"), ("v3", "v1"), ("v0", "v3")], num_draws=2, rng=0
    )
    for effect in effects[:2]:
        assert (np.ptp(effect.samples, axis=1) == 0).all()
        assert effect.samples.shape[1] == len(effect.source_states)
    exactly = by_enumeration(data, chain, 0, 3)
    np.testing.assert_allclose(effects[2].mean, exactly, atol=5 * 0.5 / np.sqrt(10_000))


def test_progress_and_refusal(posterior):
    _, made = posterior
    told = []
    interventional_distribution(
        made,
        "v0",
        "v3",
        num_draws=30,
        rng=0,
        on_progress=lambda share, seconds: told.append((share, seconds)),
    )
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert shares[0] == 0.0
    assert shares[-1] == 1.0
    assert len({seconds for _, seconds in told}) == 1
    with pytest.raises(NotTractable, match="2 pairs of columns would take about"):
        interventional_distributions(
            made, [("v0", "v3"), ("v1", "v3")], num_draws=30, rng=0, max_seconds=1e-9
        )
