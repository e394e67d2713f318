"""Effective draws per second of chains over root layerings: with reversals of edges over without, in the same run.

Run with ``pytest benchmarks/bench_chains.py -s``, which prints a line for each table. Four chains of each kind run one
after the other on one thread, without hotter ones, after a fifth of as many steps that are dropped. An effective draw
is one of the edge for which there are fewest.
"""

import time

import numpy as np
import pytest

import dag_gfn
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.mcmc.diagnostics import diagnose
from dag_gfn.mcmc.ladder import Ladder, LadderState, run_ladder
from dag_gfn.mcmc.partition import init, init_at, run
from dag_gfn.scores import ScoreTable, make_score

SECONDS, CHAINS, BLOCKS, THINNING = 10.0, 4, 200, 128


def simulated(nodes, rows, edges_per_node):
    rng = np.random.default_rng([nodes, rows])
    return dag_gfn.simulate(nodes, rows, rng=rng, edges_per_node=edges_per_node, noise_variance=1.0)


TABLES = {
    "wine, 13 columns": lambda: dag_gfn.load_example("wine"),
    "diabetes, 10 columns": lambda: dag_gfn.load_example("diabetes"),
    "14 columns, 1,000 rows": lambda: simulated(14, 1_000, 2),
    "20 columns, 100 rows": lambda: simulated(20, 100, 2),
    "20 columns, 1,000 rows": lambda: simulated(20, 1_000, 2),
    "30 columns, 300 rows": lambda: simulated(30, 300, 1),
}


def without(weights, layer_of, rng, blocks):
    """Run a chain without reversals; return where it ends, and the edge probabilities along it."""
    state = init_at(weights, layer_of)
    drawn, state, _ = run(weights, state, rng=rng, blocks=blocks, thinning=THINNING)
    return state.layer_of, drawn.edge


def with_reversals(weights, layer_of, rng, blocks):
    """Run a chain with them; return the same."""
    state = LadderState.at(layer_of[None])
    drawn, state, _ = run_ladder(weights, Ladder.alone(), state, rng=rng, blocks=blocks, thinning=THINNING)
    return state.layer_of[0], drawn.edge


def draws_per_second(weights, chain):
    """Return the effective draws per second of chains that take a given time in all, and their largest error."""
    edges, seconds = [], 0.0
    for seed in range(CHAINS):
        rng = np.random.default_rng(seed)
        layer_of, _ = chain(weights, init(weights, rng=rng).layer_of, rng, BLOCKS)  # compiles
        began = time.perf_counter()
        layer_of, _ = chain(weights, layer_of, rng, BLOCKS)
        each = (time.perf_counter() - began) / BLOCKS
        blocks = int(SECONDS / CHAINS / each) // BLOCKS * BLOCKS
        layer_of, _ = chain(weights, layer_of, rng, max(blocks // 5, BLOCKS))
        began = time.perf_counter()
        edges.append(chain(weights, layer_of, rng, max(blocks, BLOCKS))[1])
        seconds += time.perf_counter() - began
    shortest = min(map(len, edges))
    found = diagnose(np.stack([edge[-shortest:] for edge in edges]).astype(np.float64))
    return found.min_effective_draws / seconds, float(found.standard_error.max() * np.sqrt(seconds))


@pytest.mark.parametrize("name", TABLES)
def test_effective_draws_per_second(name, benchmark):
    table = ScoreTable.build(make_score("bge", TABLES[name]()))
    weights = LayerWeights.build(table, outside=True)
    plain, error = draws_per_second(weights, without)
    reversing, smaller = benchmark.pedantic(lambda: draws_per_second(weights, with_reversals), rounds=1)
    benchmark.extra_info |= {"without": plain, "with": reversing, "ratio": reversing / plain}
    print(
        f"\n{name}: {plain:.1f} -> {reversing:.1f} effective draws per second, {reversing / plain:.1f} times as many; "
        f"largest error after a second {error:.3f} -> {smaller:.3f}"
    )
    assert np.isfinite(reversing)
    assert np.isfinite(plain)
