"""Speed of summaries of sampled graphs, as ratios to networkx, one graph at a time, in the same run.

Run with ``pytest benchmarks/bench_posterior.py``. The networkx version is timed on ``NAIVE_GRAPHS`` of the graphs
and scaled to all of them; its answers are checked. ``extra_info`` holds the best seconds and the ratio.
"""

import itertools
import time

import networkx as nx
import numpy as np
import pytest

from dag_gfn.posterior import GraphPosterior
from dag_gfn.posterior.query_language import parse_query

GRAPHS, NODES, EDGES_PER_NODE = 10_000, 20, 2
NAIVE_GRAPHS = 50
NAMES = [f"v{i}" for i in range(NODES)]


@pytest.fixture(scope="module")
def draws():
    """Erdős-Rényi DAGs, each in its own random order, so that nearly all are distinct."""
    rng = np.random.default_rng(0)
    graphs = np.triu(rng.random((GRAPHS, NODES, NODES)) < 2 * EDGES_PER_NODE / (NODES - 1), 1)
    order = rng.random((GRAPHS, NODES)).argsort(axis=1)
    graphs = np.take_along_axis(graphs, order[:, :, None], axis=1)
    return np.take_along_axis(graphs, order[:, None, :], axis=2)


@pytest.fixture(scope="module")
def posterior(draws):
    return GraphPosterior.from_samples(NAMES, draws, np.random.default_rng(1).normal(size=GRAPHS))


def as_networkx(adjacency):
    return nx.from_numpy_array(adjacency.astype(int), create_using=nx.DiGraph)


def naive_paths(dag):
    return [(a, b) for a in dag for b in nx.descendants(dag, a)]


def naive_blankets(dag):
    found = []
    for b in dag:
        blanket = {*dag.predecessors(b), *dag.successors(b)}
        blanket |= {a for child in dag.successors(b) for a in dag.predecessors(child)}
        found += [(a, b) for a in blanket - {b}]
    return found


def naive_cpdag(dag):
    """Return the edges of the CPDAG, both directions of a reversible one: v-structures, then Meek's rules."""
    linked = {frozenset(edge) for edge in dag.edges}
    compelled = set()
    for b in dag:
        for a, c in itertools.combinations(dag.predecessors(b), 2):
            if frozenset((a, c)) not in linked:
                compelled |= {(a, b), (c, b)}
    changed = True
    while changed:
        changed = False
        for a, b in set(dag.edges) - compelled:
            between = [c for c in dag if {frozenset((a, c)), frozenset((c, b))} <= linked]
            shielded = any((a, c) in compelled and (c, b) in compelled for c in between)
            pushed = any((c, a) in compelled and frozenset((c, b)) not in linked for c in dag)
            into_b = [c for c in between if (c, b) in compelled]
            kite = any(frozenset(pair) not in linked for pair in itertools.combinations(into_b, 2))
            if shielded or pushed or kite:
                compelled.add((a, b))
                changed = True
    return [*dag.edges, *((b, a) for a, b in set(dag.edges) - compelled)]


def naive_d_separation(dag):
    return nx.is_d_separator(dag, {0}, {1}, {2, 3})


def naive_seconds(function, draws, check):
    """Return the seconds for all graphs, from those of some, whose answers are held to `check`."""
    some = [as_networkx(adjacency) for adjacency in draws[:NAIVE_GRAPHS]]
    start = time.perf_counter()
    answers = [function(dag) for dag in some]
    seconds = time.perf_counter() - start
    for adjacency, answer in zip(draws, answers, strict=False):
        check(adjacency, answer)
    return seconds * GRAPHS / NAIVE_GRAPHS


def matrix(pairs):
    found = np.zeros((NODES, NODES), dtype=bool)
    for i, j in pairs:
        found[i, j] = True
    return found


def single(adjacency):
    return GraphPosterior.from_samples(NAMES, adjacency[None])


def record(benchmark, seconds_of_naive):
    if benchmark.stats is None:  # under --benchmark-disable
        return
    seconds = benchmark.stats.stats.min
    benchmark.extra_info["seconds"] = seconds
    benchmark.extra_info["ratio_to_naive"] = seconds_of_naive / seconds


@pytest.mark.parametrize(
    ("feature", "naive"), [("path", naive_paths), ("markov_blanket", naive_blankets)], ids=["path", "blanket"]
)
def test_marginals(benchmark, posterior, draws, feature, naive):
    benchmark.pedantic(posterior.marginal, (feature,), rounds=5, warmup_rounds=1)

    def check(adjacency, pairs):
        np.testing.assert_array_equal(single(adjacency).marginal(feature).values, matrix(pairs))

    record(benchmark, naive_seconds(naive, draws, check))


def test_classes(benchmark, posterior, draws):
    benchmark.pedantic(posterior.class_posterior, rounds=5, warmup_rounds=1)

    def check(adjacency, pairs):
        np.testing.assert_array_equal(single(adjacency).class_posterior().cpdags[0], matrix(pairs))

    record(benchmark, naive_seconds(naive_cpdag, draws, check))


def test_d_separation(benchmark, posterior, draws):
    query = parse_query("dsep(v0, v1 | v2, v3)", NAMES)
    benchmark.pedantic(posterior.probability, (query,), rounds=5, warmup_rounds=1)

    def check(adjacency, separated):
        assert single(adjacency).probability(query).value == separated

    record(benchmark, naive_seconds(naive_d_separation, draws, check))


def test_everything(benchmark, draws):
    """From the draws to edges, paths, blankets, classes and top graphs."""

    def summarise():
        posterior = GraphPosterior.from_samples(NAMES, draws)
        for feature in ("edge", "linked", "path", "markov_blanket", "compelled", "reversible"):
            posterior.marginal(feature)
        posterior.top_graphs(5), posterior.top_classes(5), posterior.median_graph()

    benchmark.pedantic(summarise, rounds=3, warmup_rounds=1)

    def naive(dag):
        return naive_paths(dag), naive_blankets(dag), naive_cpdag(dag)

    record(benchmark, naive_seconds(naive, draws, lambda *_: None))
