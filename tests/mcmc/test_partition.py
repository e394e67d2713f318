"""The chain over root layerings: it keeps its distribution, exactly and in long runs."""

import contextlib
import itertools

import numpy as np
import pytest
from exact_tables import Table, peaked_table, random_table
from layering_oracles import (
    forbid_outside,
    frequencies_fail,
    join_independently,
    layer_numbers,
    layering_weights,
    only_within,
    proposals,
    random_candidates,
    random_log_odds,
)
from scipy import stats

from dag_gfn.errors import ConstraintError
from dag_gfn.exact.enumeration import exact_posterior
from dag_gfn.graphs.graph import adjacency_from_masks
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.mcmc.moves import MOVE_PROBABILITIES, MOVES
from dag_gfn.mcmc.partition import init, init_at, run, step


def target(complete):
    """Return the layerings of positive weight and their probabilities."""
    weights = {layers: sum(w for _, w in dags) for layers, dags in layering_weights(complete).items()}
    states = [layers for layers, weight in weights.items() if weight > 0]
    probability = np.array([weights[layers] for layers in states])
    return states, probability / probability.sum()


def transition_matrix(states, probability, log_ratio):
    """Return P of the whole mixture; `log_ratio(kind, x, y)` is what the acceptance of x -> y is corrected by."""
    index = {layers: k for k, layers in enumerate(states)}
    matrix = np.zeros((len(states), len(states)))
    for layers, x in index.items():
        for kind, chosen in proposals(layers).items():
            for proposed, q in chosen.items():
                if proposed != layers and proposed in index:
                    y = index[proposed]
                    correction = np.exp(log_ratio(kind, layers, proposed))
                    accept = min(1.0, probability[y] / probability[x] * correction)
                    matrix[x, y] += MOVE_PROBABILITIES[MOVES.index(kind)] * q * accept
        matrix[x, x] = 1.0 - matrix[x].sum()
    return matrix


@pytest.mark.parametrize(
    "complete",
    [
        random_table(3, seed=1).complete,
        random_table(3, seed=2, scale=4.0).complete,
        random_table(3, seed=2, forbidden=0.3).complete,
        random_table(4, seed=3).complete,
    ],
    ids=["plain", "peaked", "constrained", "four"],
)
def test_the_transition_matrix_keeps_the_posterior(complete):
    states, probability = target(complete)

    def log_ratio(kind, x, y):
        # by the rule of the kernel: only splits and joins are not symmetric
        return np.log(proposals(y)[kind][x] / proposals(x)[kind][y]) if kind == "split_join" else 0.0

    matrix = transition_matrix(states, probability, log_ratio)
    assert matrix.min() >= 0
    np.testing.assert_allclose(probability @ matrix, probability, atol=1e-12)
    flow = probability[:, None] * matrix
    np.testing.assert_allclose(flow, flow.T, atol=1e-12)  # detailed balance
    assert (np.linalg.matrix_power(matrix, 50) > 0).all()  # every layering from every other


@pytest.mark.parametrize("outside", [False, True])
@pytest.mark.parametrize("scale", [1.0, 3.0])
def test_steps_of_the_kernel_have_the_probabilities_of_the_transition_matrix(scale, outside, rng):
    complete = random_table(3, seed=4, scale=scale).complete
    weights = LayerWeights.of(complete)
    if outside:
        candidates = random_candidates(3, 1, rng)
        log_odds = random_log_odds(candidates, rng)
        weights = LayerWeights.of(only_within(complete, candidates), candidates, log_odds)
        complete = join_independently(complete, candidates, log_odds)
    states, probability = target(complete)
    matrix = transition_matrix(
        states, probability, lambda kind, x, y: np.log(proposals(y)[kind][x] / proposals(x)[kind][y])
    )
    start = init_at(weights, layer_numbers(states[0]))
    drawn, _, _ = run(weights, start, rng=np.random.default_rng(5), blocks=100_000, thinning=1)
    code = drawn.layer_of @ np.array([9, 3, 1])
    index = {int(layer_numbers(layers) @ [9, 3, 1]): k for k, layers in enumerate(states)}
    walk = np.array([index[int(c)] for c in code])
    counts = np.zeros_like(matrix)
    np.add.at(counts, (walk[:-1], walk[1:]), 1)
    assert not any(frequencies_fail(counts[x], matrix[x]) for x in range(len(states)))


@pytest.mark.parametrize("d", [4, 5])
@pytest.mark.parametrize("scale", [1.0, 3.0])
def test_long_runs_have_the_edge_probabilities_of_enumeration(d, scale):
    table = random_table(d, seed=6, scale=scale)
    enumerated = exact_posterior(table)
    dags = adjacency_from_masks(enumerated.masks.astype(np.int64), d)
    exact = np.tensordot(np.exp(enumerated.log_probabilities), dags.astype(float), 1)
    weights = LayerWeights.of(table.complete)
    rng = np.random.default_rng(7)
    drawn, _, _ = run(weights, init(weights, rng=rng), rng=rng, blocks=200, thinning=500)
    means = drawn.edge.astype(np.float64)
    error = means.std(axis=0, ddof=1) / np.sqrt(len(means))  # blocks are far longer than the chain remembers
    level = stats.norm.isf(1e-5 / d**2)
    assert (np.abs(means.mean(axis=0) - exact) <= level * error + 1e-6).all()


@pytest.mark.parametrize("seed", [0, 1])
def test_a_thousand_nats(seed):
    weights = LayerWeights.of(peaked_table(8, seed=3, nats=1000.0).complete)
    rng = np.random.default_rng(seed)
    state = init(weights, rng=rng)
    drawn, last, _ = run(weights, state, rng=rng, blocks=200, thinning=100)
    assert np.isfinite(drawn.log_weights).all()
    assert last.log_weight == pytest.approx(init_at(weights, last.layer_of).log_weight, abs=1e-7)
    assert ((drawn.edge >= 0) & (drawn.edge <= 1)).all()


def test_states_tell_their_weight():
    complete = random_table(4, seed=0).complete
    weights = LayerWeights.of(complete)
    for layers, dags in layering_weights(complete).items():
        total = np.log(sum(weight for _, weight in dags))
        assert init_at(weights, layer_numbers(layers)).log_weight == pytest.approx(total, abs=1e-12)


def test_the_division_into_calls_does_not_matter():
    weights = LayerWeights.of(random_table(5, seed=0).complete)
    runs = []
    for parts in ([30], [10, 20], [1] * 30):
        rng = np.random.default_rng(3)
        state, layers, tried = init(weights, rng=rng), [], 0
        for blocks in parts:
            drawn, state, info = run(weights, state, rng=rng, blocks=blocks, thinning=7)
            layers.append(drawn.layer_of)
            tried += info.tried.sum()
        assert tried == 210
        runs.append(np.concatenate(layers))
    np.testing.assert_array_equal(runs[0], runs[1])
    np.testing.assert_array_equal(runs[0], runs[2])


def test_one_step():
    weights = LayerWeights.of(random_table(4, seed=0).complete)
    rng = np.random.default_rng(0)
    state = init(weights, rng=rng)
    before = state.layer_of.copy()
    after, info = step(weights, state, rng=rng)
    np.testing.assert_array_equal(state.layer_of, before)  # states are not changed
    assert info.tried.sum() == 1
    assert info.accepted.sum() == 1 or (after.layer_of == before).all()


def test_random_starts_differ_and_honour_constraints():
    complete = random_table(6, seed=1).complete
    complete[2, np.arange(32) & 1 == 0] = -np.inf  # node 0 is a parent of node 2
    complete[0, 1:] = -np.inf  # and has none
    weights = LayerWeights.of(complete)
    starts = [init(weights, rng=np.random.default_rng(seed)) for seed in range(20)]
    assert all(state.layer_of[0] == 0 < state.layer_of[2] for state in starts)
    assert len({state.layer_of.tobytes() for state in starts}) > 5


def test_no_dag():
    complete = random_table(3, seed=0).complete
    complete[:, 0] = -np.inf
    with pytest.raises(ConstraintError, match="no DAG"):
        init(LayerWeights.of(complete), rng=np.random.default_rng(0))


@pytest.mark.parametrize("layers", [[0, 2, 2], [0, 1], [1, 1, 2], [0, 0, 0, 0]])
def test_layerings_that_are_none(layers):
    weights = LayerWeights.of(random_table(3, seed=0).complete)
    with pytest.raises(ValueError, match="expected a layer"):
        init_at(weights, np.array(layers))


def test_a_layering_without_support():
    complete = np.zeros((3, 4))
    complete[:, 1:] = -np.inf
    with pytest.raises(ValueError, match="no DAG of positive weight"):
        init_at(LayerWeights.of(complete), np.array([0, 1, 0]))


def test_one_node():
    weights = LayerWeights.of(np.array([[-2.0]]))
    rng = np.random.default_rng(0)
    drawn, state, _ = run(weights, init(weights, rng=rng), rng=rng, blocks=3, thinning=5)
    assert (state.layer_of.tolist(), state.log_weight) == ([0], -2.0)
    assert not drawn.edge.any()


@pytest.mark.parametrize("d", [1, 4, 9])
def test_candidates_that_are_all_others_change_no_step(d):
    complete = random_table(d, seed=8, scale=3.0).complete
    everyone = (1 << d) - 1 - (1 << np.arange(d))
    drawn = []
    for weights in (LayerWeights.of(complete), LayerWeights.of(complete, everyone)):
        rng = np.random.default_rng(1)
        drawn.append(run(weights, init(weights, rng=rng), rng=rng, blocks=50, thinning=20)[0])
    for field in ("layer_of", "log_weights", "edge"):
        np.testing.assert_array_equal(getattr(drawn[0], field), getattr(drawn[1], field))


@pytest.mark.parametrize("size", [1, 2])
def test_layerings_weigh_what_their_dags_of_candidate_parents_do(size, rng):
    complete = random_table(4, seed=9, scale=2.0, forbidden=0.1).complete
    complete[:, 0] = 0.0
    candidates = random_candidates(4, size, rng)
    weights = LayerWeights.of(only_within(complete, candidates), candidates)
    for layers, dags in layering_weights(forbid_outside(complete, candidates)).items():
        exact = sum(weight for _, weight in dags)
        if exact > 0:
            state = init_at(weights, layer_numbers(layers))
            assert state.log_weight == pytest.approx(np.log(exact), abs=1e-9)
        else:
            with pytest.raises(ValueError, match="no DAG of positive weight"):
                init_at(weights, layer_numbers(layers))


@pytest.mark.parametrize("size", [1, 2, 3])
def test_all_layerings_weigh_what_all_dags_of_candidate_parents_do(size, rng):
    complete = random_table(5, seed=9, scale=2.0).complete
    candidates = random_candidates(5, size, rng)
    weights = LayerWeights.of(only_within(complete, candidates), candidates)
    total = -np.inf
    for layers in itertools.product(range(5), repeat=5):
        if set(layers) == set(range(max(layers) + 1)):
            with contextlib.suppress(ValueError):  # no DAG has it
                total = np.logaddexp(total, init_at(weights, np.array(layers)).log_weight)
    exact = exact_posterior(Table(forbid_outside(complete, candidates)))
    assert total == pytest.approx(exact.log_evidence, abs=1e-9)


def test_long_runs_over_candidates_have_the_edge_probabilities_of_enumeration(rng):
    complete, candidates = random_table(5, seed=6).complete, random_candidates(5, 2, rng)
    enumerated = exact_posterior(Table(forbid_outside(complete, candidates)))
    dags = adjacency_from_masks(enumerated.masks.astype(np.int64), 5)
    exact = np.tensordot(np.exp(enumerated.log_probabilities), dags.astype(float), 1)
    weights = LayerWeights.of(only_within(complete, candidates), candidates)
    drawn, _, _ = run(weights, init(weights, rng=rng), rng=rng, blocks=200, thinning=500)
    means = drawn.edge.astype(np.float64)
    error = means.std(axis=0, ddof=1) / np.sqrt(len(means))
    assert (np.abs(means.mean(axis=0) - exact) <= stats.norm.isf(1e-5 / 25) * error + 1e-6).all()


@pytest.mark.parametrize("impossible", [0.0, 0.4])
def test_layerings_weigh_what_their_dags_do_with_parents_outside_the_candidates(impossible, rng):
    complete, candidates = random_table(4, seed=9, scale=2.0).complete, random_candidates(4, 1, rng)
    log_odds = random_log_odds(candidates, rng, impossible=impossible)
    weights = LayerWeights.of(only_within(complete, candidates), candidates, log_odds)
    for layers, dags in layering_weights(join_independently(complete, candidates, log_odds)).items():
        exact = sum(weight for _, weight in dags)
        if exact > 0:
            state = init_at(weights, layer_numbers(layers))
            assert state.log_weight == pytest.approx(np.log(exact), abs=1e-9)
        else:
            with pytest.raises(ValueError, match="no DAG of positive weight"):
                init_at(weights, layer_numbers(layers))


def test_long_runs_with_parents_outside_the_candidates_have_the_edge_probabilities_of_enumeration(rng):
    complete, candidates = random_table(5, seed=6).complete, random_candidates(5, 2, rng)
    log_odds = random_log_odds(candidates, rng, impossible=0.2)
    enumerated = exact_posterior(Table(join_independently(complete, candidates, log_odds)))
    dags = adjacency_from_masks(enumerated.masks.astype(np.int64), 5)
    exact = np.tensordot(np.exp(enumerated.log_probabilities), dags.astype(float), 1)
    weights = LayerWeights.of(only_within(complete, candidates), candidates, log_odds)
    drawn, _, _ = run(weights, init(weights, rng=rng), rng=rng, blocks=200, thinning=500)
    means = drawn.edge.astype(np.float64)
    error = means.std(axis=0, ddof=1) / np.sqrt(len(means))
    assert (np.abs(means.mean(axis=0) - exact) <= stats.norm.isf(1e-5 / 25) * error + 1e-6).all()


def test_at_a_low_temperature_the_chain_climbs():
    weights = LayerWeights.of(random_table(6, seed=2, scale=5.0).complete)
    ends = []
    for temperature in (1e3, 1.0, 1e-3):
        rng = np.random.default_rng(3)
        state = init(weights, rng=rng)
        drawn, _, _ = run(weights, state, rng=rng, blocks=200, thinning=10, temperature=temperature)
        ends.append(drawn.log_weights[100:].mean())
    assert ends[0] < ends[1] < ends[2]
