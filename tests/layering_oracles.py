"""Root layerings by their definition: slow, and sharing no code with dag_gfn."""

import functools
import itertools
import math

import numpy as np
import oracles
from scipy import stats


def layers_of(dag):
    """Return the layers of a DAG, tuples of nodes: the roots, what becomes a root without them, and so on."""
    left, layers = set(range(len(dag))), []
    while left:
        roots = tuple(v for v in sorted(left) if not any(dag[i, v] for i in left))
        layers.append(roots)
        left -= set(roots)
    return tuple(layers)


@functools.cache
def all_layered_dags(d):
    """Return [(layers, adjacency)] of every DAG."""
    return [(layers_of(dag), dag) for dag in oracles.all_dags(d)]


def layering_weights(complete):
    """Return {layers: [(adjacency, R(G)) of each DAG]} for a table of log-weights."""
    d = len(complete)
    found = {}
    for layers, dag in all_layered_dags(d):
        log_score = 0.0
        for v in range(d):
            others = [i for i in range(d) if i != v]
            log_score += complete[v, sum(1 << k for k, i in enumerate(others) if dag[i, v])]
        found.setdefault(layers, []).append((dag, math.exp(log_score)))
    return found


def forbid_outside(complete, candidates):
    """Return a table of log-weights in which sets with a node that is no candidate have none; masks (d,)."""
    d = len(complete)
    within = np.full_like(complete, -np.inf)
    for v, row in enumerate(complete):
        others = [i for i in range(d) if i != v]
        for index, value in enumerate(row):
            if all(candidates[v] >> i & 1 for k, i in enumerate(others) if index >> k & 1):
                within[v, index] = value
    return within


def join_independently(complete, candidates, log_odds):
    """Return a table in which others than candidates multiply a set's weight by their odds; ``[v, u]`` of u for v."""
    d = len(complete)
    joined = np.empty_like(complete)
    for v in range(d):
        others = [i for i in range(d) if i != v]
        for index in range(complete.shape[1]):
            parents = [i for k, i in enumerate(others) if index >> k & 1]
            inside = [i for i in parents if candidates[v] >> i & 1]
            joined[v, index] = complete[v, sum(1 << others.index(i) for i in inside)]
            joined[v, index] += sum(log_odds[v, i] for i in parents if i not in inside)
    return joined


def random_log_odds(candidates, rng, *, impossible=0.0):
    """Return log-odds of the nodes that are no candidates, -inf of a share of them and of all others; shape (d, d)."""
    d = len(candidates)
    log_odds = rng.normal(-1.0, 1.5, size=(d, d))
    log_odds[rng.random((d, d)) < impossible] = -np.inf
    for v in range(d):
        log_odds[v, [i for i in range(d) if i == v or candidates[v] >> i & 1]] = -np.inf
    return log_odds


def only_within(complete, candidates):
    """Return the log-weights of the subsets of each node's candidates, shape (d, 2^K): member k of a set is bit k."""
    d, rows = len(complete), []
    for v, row in enumerate(complete):
        others = [i for i in range(d) if i != v]
        members = [i for i in others if candidates[v] >> i & 1]
        sets = itertools.product([0, 1], repeat=len(members))
        chosen = [{i for i, inside in zip(reversed(members), bits, strict=True) if inside} for bits in sets]
        rows.append([row[sum(1 << others.index(i) for i in members)] for members in chosen])
    return np.array(rows)


def random_candidates(d, size, rng):
    """Return masks of so many candidate parents of each node, at random; shape (d,)."""
    chosen = [rng.choice([i for i in range(d) if i != v], size, replace=False) for v in range(d)]
    return np.array([sum(1 << int(i) for i in members) for members in chosen])


def layer_numbers(layers):
    """Return the number of each node's layer."""
    numbers = np.empty(sum(map(len, layers)), dtype=np.int64)
    for k, layer in enumerate(layers):
        numbers[list(layer)] = k
    return numbers


def uniform_probability(layers):
    """Return the probability of a layering where every legal action is alike, without constraints."""
    d, probability, placed = sum(map(len, layers)), 1.0, set()
    for layer in layers:
        highest = -1
        for node in layer:
            # to add one of the nodes after the last one, or to close the layer unless it is empty
            probability /= len(set(range(highest + 1, d)) - placed) + (highest >= 0)
            highest = node
            placed.add(node)
        if len(placed) < d:
            probability /= len(set(range(highest + 1, d)) - placed) + 1
    return probability


@functools.cache
def proposals(layers):
    """Return for each kind of move {layers: probability of proposing them}; they may sum to less than one."""
    d, m = sum(map(len, layers)), len(layers)
    kinds = {name: {} for name in ("split_join", "move", "swap_adjacent", "swap")}

    def add(kind, proposed, probability):
        key = tuple(tuple(sorted(layer)) for layer in proposed)
        kinds[kind][key] = kinds[kind].get(key, 0.0) + probability

    splittable = [k for k in range(m) if len(layers[k]) > 1]
    for k in splittable:
        size = len(layers[k])
        for first_size in range(1, size):
            for first in itertools.combinations(layers[k], first_size):
                rest = [v for v in layers[k] if v not in first]
                probability = 0.5 / len(splittable) / (size - 1) / math.comb(size, first_size)
                add("split_join", [*layers[:k], first, rest, *layers[k + 1 :]], probability)
    for k in range(m - 1):
        joined = [*layers[:k], layers[k] + layers[k + 1], *layers[k + 2 :]]
        add("split_join", joined, 0.5 / (m - 1))
        for a, b in itertools.product(layers[k], layers[k + 1]):
            probability = 1 / (m - 1) / len(layers[k]) / len(layers[k + 1])
            add("swap_adjacent", _exchanged(layers, a, b), probability)
    for a, b in itertools.product(range(d), repeat=2):
        if not any(a in layer and b in layer for layer in layers):
            add("swap", _exchanged(layers, a, b), 1 / d**2)
    for v in range(d):
        rest = [kept for layer in layers if (kept := [u for u in layer if u != v])]
        for place in range(len(rest)):
            into = [*rest[:place], [*rest[place], v], *rest[place + 1 :]]
            add("move", into, 1 / d / (2 * len(rest) + 1))
        for gap in range(len(rest) + 1):
            add("move", [*rest[:gap], [v], *rest[gap:]], 1 / d / (2 * len(rest) + 1))
    return kinds


def _exchanged(layers, a, b):
    swap = {a: b, b: a}
    return [[swap.get(v, v) for v in layer] for layer in layers]


def frequencies_fail(counts, expected):
    """Return whether a chi-square test rejects; rare cells are taken together."""
    rare = expected * counts.sum() < 10
    observed = [*counts[~rare], counts[rare].sum()]
    wanted = np.array([*expected[~rare], expected[rare].sum()]) * counts.sum()
    kept = wanted > 0
    assert not np.any(np.array(observed)[~kept]), "something impossible was proposed"
    if kept.sum() < 2:
        return False
    return stats.chisquare(np.array(observed)[kept], wanted[kept]).pvalue < 1e-6
