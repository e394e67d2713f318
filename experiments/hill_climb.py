"""Greedy search on resampled rows, the usual way to link probabilities: how well it finds the true graph, and how fast.

Data are those of `two_runs.py`. Rows are drawn with replacement, a hill climb by BIC adds, removes and reverses edges
from the empty graph until nothing gains, and the shares of the graphs with each edge take the place of probabilities
(Friedman, Goldszmidt and Wyner, "Data analysis with Bayesian networks: a bootstrap approach", UAI 1999).

    python experiments/hill_climb.py --columns 100 --rows 500 --resamples 100
"""

import argparse
import csv
import time
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

import dag_gfn
from dag_gfn.scores import ScoreTable, make_score

OUT = Path("experiments/results/hill_climb.csv")
_LEAST_GAIN = 1e-9  # nats


def hill_climb(table: ScoreTable) -> np.ndarray:
    """Return the adjacency matrix, (d, d), where no change of one edge gains."""
    d, possible = table.d, table.possible
    bits = np.int64(1) << np.arange(possible.size, dtype=np.int64)
    parents = np.zeros(d, dtype=np.int64)
    gain = np.empty((d, d))  # of toggling i -> j

    def look_at(node: int) -> None:
        families = np.append(parents[node], parents[node] ^ bits)
        scores = table.scores_of(node, families)
        by_bit = np.full((d, possible.size), -np.inf)
        by_bit[node] = scores[1:] - scores[0]
        gain[:, node] = possible.by_node(by_bit, -np.inf)[node]

    for node in range(d):
        look_at(node)
    while True:
        adjacency = possible.adjacency_of(parents)
        paths = closure(adjacency)
        adding = np.where(adjacency | paths.T, -np.inf, gain)
        removing = np.where(adjacency, gain, -np.inf)
        turns_cyclic = (adjacency.astype(float) @ paths) > 0  # another path leads where the edge does
        reversing = np.where(adjacency & ~turns_cyclic, gain + gain.T, -np.inf)
        best = max((adding, removing, reversing), key=np.max)
        i, j = np.unravel_index(best.argmax(), best.shape)
        if best[i, j] <= _LEAST_GAIN:
            return adjacency
        parents[j] ^= np.int64(1) << possible.bits[j, i]
        look_at(int(j))
        if best is reversing:
            parents[i] ^= np.int64(1) << possible.bits[i, j]
            look_at(int(i))


def closure(adjacency: np.ndarray) -> np.ndarray:
    """Return which node leads to which, over one edge or more."""
    paths = adjacency.astype(float)
    while True:
        longer = ((paths + paths @ paths) > 0).astype(float)
        if (longer == paths).all():
            return paths > 0
        paths = longer


def measure(options: argparse.Namespace) -> dict[str, object]:
    """Return the figures of one table."""
    rng = np.random.default_rng(options.data_seed)
    data = dag_gfn.simulate(options.columns, options.rows, edges_per_node=2.0, rng=rng)
    resampling, began = np.random.default_rng(0), time.perf_counter()
    share = np.zeros((options.columns, options.columns))
    for _ in range(options.resamples):
        rows = resampling.integers(len(data.values), size=len(data.values))
        resampled = dag_gfn.from_array(data.values[rows], data.names)
        share += hill_climb(ScoreTable.build(make_score("bic", resampled))) / options.resamples
    off = ~np.eye(options.columns, dtype=bool)
    return {
        "columns": options.columns,
        "rows": options.rows,
        "resamples": options.resamples,
        "seconds": round(time.perf_counter() - began, 1),
        "auroc": round(float(roc_auc_score(data.true_graph[off], share[off])), 4),
        "expected_shd": round(float(np.abs(share - data.true_graph)[off].sum()), 1),
    }


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--columns", type=int, default=100)
    parser.add_argument("--rows", type=int, default=500)
    parser.add_argument("--resamples", type=int, default=100)
    parser.add_argument("--data-seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args(arguments)
    figures = measure(options)
    for name, value in figures.items():
        print(f"{name}: {value}", flush=True)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    is_new = not options.out.exists()
    with options.out.open("a", newline="") as file:
        writer = csv.DictWriter(file, list(figures), lineterminator="\n")
        if is_new:
            writer.writeheader()
        writer.writerow(figures)


if __name__ == "__main__":
    main()
