"""The distribution that a policy samples from, against sums over trajectories and against rollouts."""

from functools import cache

import networkx as nx
import numpy as np
import oracles
import pytest
import torch
from sampler_cases import exact_policy, policy_of, probabilities_of, score_table, seeded

from dag_gfn.errors import NotTractable
from dag_gfn.exact.enumeration import enumerate_dags, exact_posterior
from dag_gfn.gflownet.edges.marginal import EdgeMarginal
from dag_gfn.gflownet.env.edge_addition import EdgeAddition
from dag_gfn.gflownet.policies.edge_mlp import EdgeMLP
from dag_gfn.gflownet.policies.uniform import UniformPolicy
from dag_gfn.gflownet.sampling.outcomes import sample_outcomes
from dag_gfn.graphs import graph


def distribution(table, policy):
    """Return {adjacency bytes: probability} of all DAGs."""
    marginal = EdgeMarginal(table)
    adjacency = graph.adjacency_from_masks(marginal.masks.astype(np.int64), table.d)
    probabilities = np.exp(marginal.log_probabilities(policy))
    return {dag.tobytes(): p for dag, p in zip(adjacency, probabilities, strict=True)}


def uniform_by_hand(d, required=(), forbidden=(), max_parents=None):
    """Return {set of edges: probability}: every legal edge alike and stop, over all orders of adding edges."""

    def legal(edges):
        found = []
        for i in range(d):
            for j in set(range(d)) - {i}:
                bigger = nx.DiGraph([*edges, (i, j)])
                full = max_parents is not None and bigger.in_degree(j) > max_parents
                if (
                    (i, j) not in edges
                    and (i, j) not in forbidden
                    and not full
                    and nx.is_directed_acyclic_graph(bigger)
                ):
                    found.append((i, j))
        return found

    @cache
    def reach(edges):
        if edges == frozenset(required):
            return 1.0
        before = [edges - {edge} for edge in edges - set(required)]
        return sum(
            reach(smaller) / (len(legal(smaller)) + 1)
            for smaller in before
            if edges - smaller <= set(legal(smaller))
        )

    ends = {}
    for dag in oracles.all_dags(d):
        edges = frozenset((int(i), int(j)) for i, j in np.argwhere(dag))
        possible = set(required) <= edges and not edges & set(forbidden)
        if possible and (max_parents is None or dag.sum(0).max() <= max_parents):
            ends[dag.tobytes()] = reach(edges) / (len(legal(edges)) + 1)
    return ends


def random_policy(d, seed=0):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        policy = EdgeMLP(d, hidden_size=16)
        for parameter in policy.parameters():
            torch.nn.init.normal_(parameter, std=0.3)
    return policy


def test_the_uniform_policy_on_two_nodes():
    found = distribution(score_table(2), UniformPolicy())
    # no edge: stop is one of three; then 0 -> 1 or 1 -> 0, after which nothing but stop is legal
    for dag in oracles.all_dags(2):
        assert found[dag.tobytes()] == pytest.approx(1 / 3, abs=1e-12)


@pytest.mark.parametrize(
    "constraints",
    [
        {},
        {"required": [(0, 1)]},
        {"required": [(2, 0), (0, 1)]},
        {"forbidden": [(0, 1), (2, 1)]},
        {"max_parents": 1},
        {"max_parents": 0},
        {"required": [(1, 2)], "forbidden": [(0, 1)], "max_parents": 1},
    ],
)
def test_the_uniform_policy_on_three_nodes_under_constraints(constraints):
    found = distribution(score_table(3, **constraints), UniformPolicy())
    expected = uniform_by_hand(3, **constraints)
    for key, p in found.items():
        assert p == pytest.approx(expected.get(key, 0.0), abs=1e-12)
    assert sum(found.values()) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize(
    "constraints", [{}, {"required": [(3, 1)], "forbidden": [(0, 2)]}, {"max_parents": 2}]
)
def test_a_random_network_on_four_nodes_state_by_state(constraints):
    table, policy = score_table(4, **constraints), random_policy(4)
    found = distribution(table, policy)
    by_state = probabilities_of(policy, table)
    expected = oracles.sampling_distribution(4, by_state, by_state)
    for key, p in found.items():
        assert p == pytest.approx(expected.get(key, 0.0), abs=1e-9)


def test_frequencies_of_rollouts():
    table, policy, draws = score_table(3, required=[(0, 2)]), random_policy(3), 10_000
    parents = sample_outcomes(EdgeAddition(table), policy, draws, generator=seeded()).outcome
    adjacency = graph.adjacency_from_masks(parents.numpy(), 3)
    seen, counts = np.unique(adjacency.reshape(draws, -1), axis=0, return_counts=True)
    frequency = {dag.tobytes(): count / draws for dag, count in zip(seen, counts, strict=True)}
    found = distribution(table, policy)
    for key, p in found.items():
        assert abs(frequency.get(key, 0.0) - p) <= 5 * np.sqrt(p * (1 - p) / draws)
    assert set(frequency) <= {key for key, p in found.items() if p > 0}


def test_the_exact_policy_samples_the_posterior():
    table = score_table(3)
    np.testing.assert_allclose(
        EdgeMarginal(table).log_probabilities(exact_policy(table)),
        exact_posterior(table).log_probabilities,
        atol=1e-9,
    )


@pytest.mark.parametrize("d", [2, 3, 4, 5])
def test_sums_to_one_over_all_dags_in_their_order(d):
    marginal = EdgeMarginal(score_table(d))
    assert marginal.masks is enumerate_dags(d)
    log_p = marginal.log_probabilities(UniformPolicy() if d == 5 else random_policy(d))
    assert log_p.dtype == np.float64
    assert np.exp(log_p).sum() == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("storage", ["complete", "lazy"])
def test_sees_what_the_environment_shows(storage):
    table = score_table(3, storage=storage, forbidden=[(1, 2)], max_parents=1)
    possible = {key for key, p in distribution(table, UniformPolicy()).items() if p > 0}
    marginal, environment = EdgeMarginal(table), EdgeAddition(table)
    adjacency = marginal.observation.adjacency.numpy()
    kept = [k for k, dag in enumerate(adjacency) if dag.tobytes() in possible]
    bits = 1 << np.arange(3)

    def packed(matrices):
        return torch.from_numpy(np.einsum("kij,i->kj", matrices.astype(np.int64), bits))

    closures = np.array([oracles.closure(dag) for dag in adjacency[kept]])
    shown = environment.observe(environment.state_of(packed(adjacency[kept]), packed(closures)))
    seen = marginal.observation[torch.tensor(kept)]
    assert torch.equal(seen.adjacency, shown.adjacency)
    assert torch.equal(seen.legal, shown.legal)
    torch.testing.assert_close(seen.gains, shown.gains)


def test_a_policy_that_never_stops_early_has_no_mass_there():
    table = score_table(3)
    legal = {dag.tobytes(): row for dag, row in zip_states(table)}
    found = distribution(table, policy_of(legal))
    full = {dag.tobytes() for dag in oracles.all_dags(3) if dag.sum() == 3}
    assert sum(p for key, p in found.items() if key in full) == pytest.approx(1, abs=1e-9)


def zip_states(table):
    """Return each DAG with action probabilities that stop only where no edge can be added."""
    for key, row in probabilities_of(UniformPolicy(), table).items():
        row = row.copy()
        if (row[:-1] > 0).any():
            row[-1] = 0.0
        yield np.frombuffer(key, dtype=bool).reshape(table.d, table.d), row / row.sum()


def test_keeps_no_gradients_and_leaves_the_policy_alone():
    table, policy = score_table(3), random_policy(3)
    before = {name: tensor.clone() for name, tensor in policy.state_dict().items()}
    EdgeMarginal(table).log_probabilities(policy)
    assert all(parameter.grad is None for parameter in policy.parameters())
    assert all(torch.equal(tensor, before[name]) for name, tensor in policy.state_dict().items())


def test_too_many_nodes():
    with pytest.raises(NotTractable, match="6 nodes"):
        EdgeMarginal(score_table(6))
