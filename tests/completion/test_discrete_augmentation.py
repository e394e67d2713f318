"""The chain over graphs and cells: against all completions and DAGs, and by the joint distribution (Geweke)."""

import numpy as np
import pytest
from completion_cases import chain_data, discrete_data, exact_mixture, number_of

from dag_gfn.completion.discrete_augmentation import AugmentedChain, DiscreteModel
from dag_gfn.completion.discrete_cells import DiscreteCells
from dag_gfn.errors import ConstraintError
from dag_gfn.graphs.graph import adjacency_from_masks
from dag_gfn.scores import Constraints, make_prior


def mean_edges(data, model, edges, *, sweeps, max_exact_nodes, seed=0):
    """Return the mean, over the tables that a chain visits, of the edge probabilities of each."""
    cells = DiscreteCells.of(data)
    chain = AugmentedChain(cells, model, rng=np.random.default_rng(seed), max_exact_nodes=max_exact_nodes)
    states = np.empty((sweeps, len(cells.columns)), dtype=np.int64)
    for k in range(sweeps):
        chain.sweep()
        states[k] = chain.codes[cells.missing]
    return edges[number_of(states, data)].mean(axis=0)


@pytest.mark.slow
@pytest.mark.parametrize("max_exact_nodes", [10, 0])
def test_tables_come_from_the_mixture_of_all_dags(max_exact_nodes):
    data = chain_data(14, 5, seed=1)
    _, edges, exact = exact_mixture(data)
    found = mean_edges(data, DiscreteModel(), edges, sweeps=1_500, max_exact_nodes=max_exact_nodes)
    assert np.abs(found - exact).max() < 0.025
    complete = edges.mean(axis=0)  # all completions alike: what the chain has to differ from
    assert np.abs(complete - exact).max() > 0.05


@pytest.mark.slow
@pytest.mark.parametrize("max_exact_nodes", [10, 0])
def test_prior_constraints_and_the_limit_on_families_are_those_of_the_fit(max_exact_nodes):
    data = chain_data(7, 4, seed=2)  # 7 rows: no family of three columns, which has 8 cells
    model = DiscreteModel(
        2.0,
        make_prior("edge", 3, beta=0.4),
        Constraints.from_names(
            data.names, required=[("x1", "x2")], forbidden=[("x0", "x1")]
        ).without_sparse_families(data),
    )

    def log_prior(node, parents):
        if len(parents) > 1 or (node == 2 and 1 not in parents) or (node == 1 and 0 in parents):
            return -np.inf
        return len(parents) * np.log(0.4)

    _, edges, exact = exact_mixture(data, 2.0, log_prior)
    assert np.isclose(exact[1, 2], 1)
    assert exact[0, 1] == exact[0, 2] == 0
    found = mean_edges(data, model, edges, sweeps=1_500, max_exact_nodes=max_exact_nodes)
    assert np.abs(found - exact).max() < 0.025


def test_impossible_constraints_are_refused():
    data = chain_data(9, 2, seed=0)
    cycle = np.array([[False, True, False], [True, False, False], [False, False, False]])
    for max_exact_nodes in (10, 0):
        chain = AugmentedChain(
            DiscreteCells.of(data),
            DiscreteModel(constraints=Constraints(cycle, cycle)),
            rng=np.random.default_rng(0),
            max_exact_nodes=max_exact_nodes,
        )
        with pytest.raises(ConstraintError):
            chain.sweep()


# --- the joint distribution: prior draws of graph and table, against sweeps that redraw the seen cells too ---

ROWS, STATES, ESS, BETA = 6, 2, 2.0, 0.6
MISSING = np.zeros((ROWS, 3), dtype=bool)
MISSING[[0, 0, 1, 2, 3, 4], [0, 1, 2, 1, 0, 2]] = True


def functions_of(adjacency, codes):
    """Return what is compared: edges, agreements of columns and of rows, and both together."""
    agree = [(codes[:, i] == codes[:, j]).mean() for i, j in [(0, 1), (0, 2), (1, 2)]]
    repeated = [(codes[r] == codes[s]).mean() for r, s in [(0, 1), (2, 5)]]
    edges = adjacency[~np.eye(3, dtype=bool)].astype(float)
    both = [edges[0] * agree[0], edges[5] * agree[2], agree[0] * agree[2], (codes[:, 0].mean() - 0.5) ** 2]
    return np.array([*edges, *agree, *repeated, *both])


def probability_table(adjacency, node, counted, rng):
    """Return the states' probabilities by parent configuration, drawn given rows that are counted (none: the prior)."""
    parents = np.flatnonzero(adjacency[:, node])
    shape = (STATES,) * (len(parents) + 1)
    concentration = np.full(shape, ESS / np.prod(shape))
    for row in counted:
        concentration[(*row[parents], row[node])] += 1
    # a beta variate of a tiny concentration by logs of gamma variates
    log_gamma = np.log(rng.standard_gamma(concentration + 1)) + np.log(rng.random(shape)) / concentration
    weights = np.exp(log_gamma - log_gamma.max(axis=-1, keepdims=True))
    return parents, weights / weights.sum(axis=-1, keepdims=True)


def draw_from_the_prior(dags, weights, rng):
    adjacency = dags[rng.choice(len(dags), p=weights)]
    tables = [probability_table(adjacency, node, [], rng) for node in range(3)]
    order = np.argsort(adjacency.astype(int).sum(0) + 10 * (adjacency @ adjacency).sum(0), kind="stable")
    codes = np.zeros((ROWS, 3), dtype=np.int64)
    for row in codes:
        for node in order:
            parents, table = tables[node]
            row[node] = rng.choice(STATES, p=table[tuple(row[parents])])
    return adjacency, codes


def redraw_seen(adjacency, codes, rng):
    """Draw the probability tables given graph and rows, and then each seen cell given tables and all other cells."""
    tables = [probability_table(adjacency, node, codes, rng) for node in range(3)]
    codes = codes.copy()
    for t, j in np.argwhere(~MISSING):
        density = np.ones(STATES)
        for state in range(STATES):
            codes[t, j] = state
            for node in range(3):
                if node == j or adjacency[j, node]:
                    parents, table = tables[node]
                    density[state] *= table[(*codes[t, parents], codes[t, node])]
        codes[t, j] = rng.choice(STATES, p=density / density.sum())
    return codes


@pytest.mark.slow
@pytest.mark.parametrize("max_exact_nodes", [10, 0])
def test_sweeps_and_new_data_leave_the_joint_distribution_as_it_is(max_exact_nodes):
    import oracles

    rng = np.random.default_rng(max_exact_nodes)
    dags = oracles.all_dags(3)
    weights = BETA ** dags.sum(axis=(1, 2))
    weights = weights / weights.sum()
    prior = np.array([functions_of(*draw_from_the_prior(dags, weights, rng)) for _ in range(2_500)])

    model = DiscreteModel(ESS, make_prior("edge", 3, beta=BETA))
    adjacency, codes = draw_from_the_prior(dags, weights, rng)
    parents, swept = np.array([adjacency[:, j] @ [1, 2, 4] for j in range(3)]), []
    for _ in range(2_500):
        chain = AugmentedChain(
            DiscreteCells.of(discrete_data_of(codes)), model, rng=rng, max_exact_nodes=max_exact_nodes
        )
        chain.codes, chain.parents = codes, parents
        chain.sweep()
        parents = chain.parents
        adjacency = adjacency_from_masks(parents, 3)
        codes = redraw_seen(adjacency, chain.codes, rng)
        swept.append(functions_of(adjacency, codes))
    swept = np.array(swept)
    batches = swept.reshape(50, 50, -1).mean(axis=1)
    error = np.sqrt(prior.var(axis=0) / len(prior) + batches.var(axis=0, ddof=1) / len(batches))
    z = (swept.mean(axis=0) - prior.mean(axis=0)) / error
    assert np.abs(z).max() < 4, z.round(1)


def discrete_data_of(codes):
    """Return the dataset of such codes, with both states of each column even if only one occurs."""
    both = np.vstack([codes, np.zeros((1, 3), int), np.ones((1, 3), int)])
    from dataclasses import replace

    data = discrete_data(both, np.zeros(both.shape, dtype=bool))
    values = codes.astype(float)
    values[MISSING] = np.nan
    return replace(data, values=values)
