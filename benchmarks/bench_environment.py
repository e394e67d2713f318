"""Speed of the batched environment, as ratios to one graph at a time with networkx in the same run.

Run with ``python benchmarks/bench_environment.py``. A transition is what a sampler asks of the environment at
each step: the mask of legal edges, their score gains, and the step itself. Random walks go from the empty
graph to a complete DAG, so that every number of edges is timed. One thread: the tensors are too small for
two to gain anything (they lose up to a factor of two by waiting for one another).
"""

import random
import sys
import time

import networkx as nx
import numpy as np
import torch

from dag_gfn.data import from_array
from dag_gfn.gflownet.env.edge_addition import EdgeAddition
from dag_gfn.gflownet.policies.masking import sample_actions
from dag_gfn.scores import ScoreTable, make_score

BATCH = 1024
REPEATS = 5
SIZES = (5, 10, 20)
TARGETS = {5: 2_000_000, 10: 500_000, 20: 100_000}
"""Transitions per second to reach at BATCH graphs, on one core of a 2020s server."""


def score_table(d):
    rng = np.random.default_rng(1)
    values = rng.normal(size=(200, d)) @ (np.eye(d) + 0.3 * rng.normal(size=(d, d)))
    return ScoreTable.build(make_score("bge", from_array(values).standardize()), storage="complete")


def random_walks(environment, batch_size):
    """Return the actions, shape (t, b), of walks that add random legal edges until there is none."""
    generator = torch.Generator().manual_seed(1)
    state = environment.initial_state(batch_size)
    actions = []
    for _ in range(environment.num_nodes * (environment.num_nodes - 1) // 2):
        log_p = environment.observe(state).legal.flatten(1).float().log()
        actions.append(sample_actions(log_p, generator=generator))
        state = environment.step(state, actions[-1])
    return torch.stack(actions)


def batched_rate(environment, walks):
    """Return transitions per second, the best of a few repeats."""
    best = 0.0
    for _ in range(REPEATS):
        state = environment.initial_state(walks.shape[1])
        start = time.perf_counter()
        for action in walks:
            environment.observe(state)
            state = environment.step(state, action)
        best = max(best, walks.numel() / (time.perf_counter() - start))
    return best, state


def networkx_walk(table, actions):
    """Follow the actions on one graph, with masks and gains edge by edge; return log R at the end."""
    d, scores = table.d, table.complete
    dag = nx.empty_graph(d, create_using=nx.DiGraph)
    log_reward = sum(scores[j, 0] for j in range(d))
    for action in actions:
        below = [nx.descendants(dag, j) for j in range(d)]
        gains = {}
        for j in range(d):
            parents = sum(1 << (i if i < j else i - 1) for i in dag.predecessors(j))
            for i in range(d):
                if i != j and not dag.has_edge(i, j) and i not in below[j]:
                    gains[i, j] = scores[j, parents | 1 << (i if i < j else i - 1)] - scores[j, parents]
        edge = divmod(action, d)
        log_reward += gains[edge]
        dag.add_edge(*edge)
    return log_reward


def networkx_rate(table, walks, final):
    """Return transitions per second, the best of a few walks, and check that both end alike."""
    best = 0.0
    for row in random.Random(1).sample(range(walks.shape[1]), REPEATS):
        actions = walks[:, row].tolist()
        start = time.perf_counter()
        log_reward = networkx_walk(table, actions)
        best = max(best, len(actions) / (time.perf_counter() - start))
        np.testing.assert_allclose(log_reward, float(final.log_reward[row]), rtol=1e-9)
    return best


def main():
    torch.set_num_threads(1)
    print(f"transitions per second, batch {BATCH:,}, one thread, best of {REPEATS}")
    print(f"{'nodes':>5} {'dag_gfn':>12} {'target':>12} {'networkx':>12} {'ratio':>8}")
    for d in SIZES:
        table = score_table(d)
        environment = EdgeAddition(table)
        walks = random_walks(environment, BATCH)
        rate, final = batched_rate(environment, walks)
        slow = networkx_rate(table, walks, final)
        print(f"{d:>5} {rate:>12,.0f} {TARGETS[d]:>12,} {slow:>12,.0f} {rate / slow:>8,.0f}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
