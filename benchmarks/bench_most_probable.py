"""Speed of the lists of the most probable DAGs and classes, as ratios to plainer versions in the same run.

Run with ``pytest benchmarks/bench_most_probable.py -s``. Three plainer versions find the same:

- all DAGs are scored and sorted (five nodes; NumPy, without the time of their enumeration),
- the textbook dynamic programme, which keeps the k best DAGs of every set of nodes, each once (Tian, He & Ram, UAI
  2010; interpreted, where the search is compiled: the ratio holds that, too),
- classes with the bound log(1 + |P|) of each family alone, counted in steps of the search.
"""

import heapq
import time

import numpy as np
import pytest

import dag_gfn
from dag_gfn.exact import most_probable
from dag_gfn.exact.class_bounds import ClassBounds
from dag_gfn.exact.enumeration import enumerate_dags
from dag_gfn.exact.most_probable import most_probable_classes, most_probable_dags
from dag_gfn.exact.search_queue import STEPS
from dag_gfn.scores import ScoreTable, make_score


def simulated(d, rows):
    data = dag_gfn.simulate(d, rows, rng=np.random.default_rng(d), edges_per_node=2.0, noise_variance=1.0)
    return ScoreTable.build(make_score("bge", data.standardize()), storage="complete")


def seconds_of(function, *args, repeats=3):
    """Return the best seconds of a function, and what it returns."""
    best, found = np.inf, None
    for _ in range(repeats):
        start = time.perf_counter()
        found = function(*args)
        best = min(best, time.perf_counter() - start)
    return best, found


def by_scoring_all(table, masks, k):
    scores = table.log_reward(masks)
    return np.sort(scores)[::-1][:k]


def by_k_best_of_every_set(table, k):
    """Return the k largest scores by a dynamic programme over sets of nodes."""
    weights, d = table.complete, table.d
    best = {0: [(0.0, ())]}
    for inside in range(1, 1 << d):
        kept = {}
        for j in range(d):
            if not inside >> j & 1:
                continue
            rest = inside ^ 1 << j
            within = [s for s in range(1 << d) if s & ~rest == 0]
            own = sorted(((weights[j, s & (1 << j) - 1 | s >> j + 1 << j], s) for s in within), reverse=True)
            before = best[rest]
            heap = [(-(own[0][0] + before[0][0]), 0, 0)]
            seen = {(0, 0)}
            for _ in range(k):
                if not heap:
                    break
                value, a, b = heapq.heappop(heap)
                dag = tuple(sorted((*before[b][1], (j, own[a][1]))))
                kept[dag] = -value
                for next_one in ((a + 1, b), (a, b + 1)):
                    if next_one[0] < len(own) and next_one[1] < len(before) and next_one not in seen:
                        seen.add(next_one)
                        total = own[next_one[0]][0] + before[next_one[1]][0]
                        heapq.heappush(heap, (-total, *next_one))
        best[inside] = [
            (score, dag) for dag, score in heapq.nlargest(k, kept.items(), key=lambda each: each[1])
        ]
    return np.array([score for score, _ in best[(1 << d) - 1]])


@pytest.fixture(scope="module", autouse=True)
def compiled():
    most_probable_classes(simulated(4, 50), 5)


def test_all_dags_of_five_nodes(capsys):
    table, masks = simulated(5, 200), enumerate_dags(5).astype(np.int64)
    plain, expected = seconds_of(by_scoring_all, table, masks, 100)
    ours, found = seconds_of(most_probable_dags, table, 100)
    np.testing.assert_allclose(found.log_scores, expected, atol=1e-8)
    with capsys.disabled():
        print(f"\n100 of 29,281 DAGs: {ours:.4f} s, {plain / ours:.1f} times as fast as scoring all")


@pytest.mark.parametrize(("d", "k"), [(7, 50), (8, 100)])
def test_k_best_by_the_textbook(d, k, capsys):
    table = simulated(d, 200)
    plain, expected = seconds_of(by_k_best_of_every_set, table, k, repeats=1)
    ours, found = seconds_of(most_probable_dags, table, k)
    np.testing.assert_allclose(found.log_scores, expected, atol=1e-8)
    with capsys.disabled():
        print(
            f"\n{k} DAGs of {d} nodes: {ours:.4f} s, {plain / ours:.0f} times as fast as k best of every set"
        )


@pytest.mark.parametrize("rows", [100, 1_000])
@pytest.mark.parametrize("d", [10, 13, 16])
def test_a_thousand_dags(d, rows, capsys):
    table = simulated(d, rows)
    seconds, found = seconds_of(most_probable_dags, table, 1_000, repeats=2)
    assert found.ended
    with capsys.disabled():
        print(f"\n1,000 DAGs of {d} nodes, {rows} rows: {seconds:.2f} s")


@pytest.mark.parametrize("rows", [300, 1_000])
@pytest.mark.parametrize("d", [10, 12])
def test_bounds_of_classes(d, rows, monkeypatch, capsys):
    """In steps of the search, which do not depend on the machine."""
    table, steps, queues = simulated(d, rows), [], []
    made = most_probable.new_queue

    def new_queue(*given):
        queues.append(made(*given))
        return queues[-1]

    monkeypatch.setattr(most_probable, "new_queue", new_queue)
    seconds, found = seconds_of(most_probable_classes, table, 100, repeats=1)
    steps.append(int(queues[-1].used[STEPS]))
    monkeypatch.setattr(ClassBounds, "best_shares", lambda bounds, least: np.zeros(d))
    plain_seconds, plain = seconds_of(most_probable_classes, table, 100, repeats=1)
    steps.append(int(queues[-1].used[STEPS]))
    assert found.ended
    np.testing.assert_allclose(found.log_mass[: len(plain.log_mass)], plain.log_mass, atol=1e-8)
    with capsys.disabled():
        print(
            f"\n100 classes of {d} nodes, {rows} rows: {steps[0]:,} steps in {seconds:.2f} s; without reasons "
            f"{steps[1]:,} steps ({steps[1] / steps[0]:.1f} times) in {plain_seconds:.2f} s"
        )
