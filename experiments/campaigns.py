"""Simulated campaigns of experiments: how many it takes to find a graph, by how the next one is chosen.

A random linear-Gaussian network of 5 variables is observed in some rows. Then one variable after the other is set, each
in a few rows, and the exact posterior is computed anew after each. The next variable is chosen by `next` (the largest
expected information about the graph), by `random`, or by `degree` (the largest expected number of links, among the
variables that were set least often). The rows that are observed first are the same for all three.

    python experiments/campaigns.py --jobs 2
"""

import argparse
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from curves import plt, save
from options import add_run_options
from runs import Parameters, Record, carry_out
from summaries import write_csv, write_page

import dag_gfn
from dag_gfn.graphs.graph import topological_order

OUT = Path("experiments/results/campaigns")
POLICIES = ("next", "random", "degree")
NODES, FIRST_ROWS, ROWS = 5, 300, 20
"""Variables; rows that are observed first; rows of each experiment."""
SETTLED = 1.0
"""Entropy of the posterior over graphs, in nats, up to which the aim is reached: that of three equal graphs."""


def run(policy: str, graph: int, experiments: int) -> dict[str, Any]:
    """Return the entropy of the posterior before and after each experiment of one campaign."""
    network = _Network(np.random.default_rng([graph, 0]))
    first = np.random.default_rng([graph, 1])  # the same for all policies
    rng = np.random.default_rng([graph, 2, POLICIES.index(policy)])
    values = network.rows(FIRST_ROWS, first)
    spread = 2.0 * values.std(axis=0)
    low, high = values.mean(axis=0) - spread, values.mean(axis=0) + spread
    low, high = np.maximum(low, values.min(axis=0)), np.minimum(high, values.max(axis=0))
    was_set = np.zeros(values.shape, dtype=bool)
    posterior = _fitted(values, was_set)
    told: dict[str, Any] = {
        "entropy": [posterior.entropy()],
        "truth": [_of(posterior, network.adjacency)],
        "set": [],
    }
    for number in range(experiments):
        target = _choice(policy, posterior, was_set, rng, number)
        settings = np.where(np.arange(ROWS) % 2, high[target], low[target])
        values = np.vstack([values, network.rows(ROWS, rng, target, settings)])
        new = np.zeros((ROWS, NODES), dtype=bool)
        new[:, target] = True
        was_set = np.vstack([was_set, new])
        posterior = _fitted(values, was_set)
        told["entropy"].append(posterior.entropy())
        told["truth"].append(_of(posterior, network.adjacency))
        told["set"].append(target)
    return told


class _Network:
    """A random DAG of 1.5 edges for each node, with weights of either sign and noise of variance 1."""

    def __init__(self, rng: np.random.Generator):
        order = rng.permutation(NODES)
        probability = 3.0 / (NODES - 1)
        below = np.triu(rng.random((NODES, NODES)) < probability, 1)
        self.adjacency = np.zeros((NODES, NODES), dtype=bool)
        self.adjacency[np.ix_(order, order)] = below
        size = rng.uniform(0.4, 1.2, size=(NODES, NODES)) * rng.choice([-1.0, 1.0], size=(NODES, NODES))
        self.weights = np.where(self.adjacency, size, 0.0)

    def rows(self, n, rng, target=None, settings=None) -> np.ndarray:
        """Return rows; those of an experiment have the values of its target."""
        values = rng.normal(size=(n, NODES))
        for node in topological_order(self.adjacency):
            values[:, node] += values @ self.weights[:, node]
            if node == target:
                values[:, node] = settings
        return values


def _fitted(values: np.ndarray, was_set: np.ndarray) -> dag_gfn.GraphPosterior:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dag_gfn.DataWarning)
        data = dag_gfn.from_array(values, [f"x{j}" for j in range(NODES)], intervened=was_set)
        return dag_gfn.fit(data, method="exact", progress=False)


def _of(posterior: dag_gfn.GraphPosterior, adjacency: np.ndarray) -> float:
    """Return the probability of a graph."""
    return float(posterior.weights[(posterior.graphs == adjacency).all(axis=(1, 2))].sum())


def _choice(policy: str, posterior, was_set: np.ndarray, rng: np.random.Generator, number: int) -> int:
    if policy == "next":
        found = dag_gfn.next_experiments(posterior, rows=ROWS, num_simulations=200, rng=number)
        return int(found.best.targets[0][1:])
    if policy == "random":
        return int(rng.integers(NODES))
    edge = posterior.marginal("edge").values
    times = was_set.sum(axis=0) // ROWS
    return int(np.lexsort((-(edge + edge.T).sum(axis=0), times))[0])


def plan(options: argparse.Namespace) -> list[Parameters]:
    """Return the parameters of all campaigns."""
    return [
        {"policy": policy, "graph": graph, "experiments": options.experiments}
        for graph in range(options.graphs)
        for policy in POLICIES
    ]


def needed(entropy: list[float]) -> float:
    """Return after how many experiments the entropy stays at or below `SETTLED`; nan where it never does."""
    above = np.flatnonzero(np.array(entropy) > SETTLED)
    if not len(above):
        return 0.0
    return float(above[-1] + 1) if above[-1] + 1 < len(entropy) else float("nan")


def table_of(records: list[Record]) -> pd.DataFrame:
    """Return a row for each campaign and number of experiments."""
    return pd.DataFrame(
        [
            {**record["parameters"], "done": done, "entropy": entropy, "truth": truth}
            for record in records
            if "error" not in record
            for done, (entropy, truth) in enumerate(
                zip(record["result"]["entropy"], record["result"]["truth"], strict=True)
            )
        ]
    )


def summary_of(records: list[Record]) -> pd.DataFrame:
    """Return a row for each way to choose: entropy by number of experiments, and how many were needed.

    A campaign that has not reached the limit counts as needing one experiment more than it had.
    """
    rows = []
    for policy in POLICIES:
        done = [r for r in records if "error" not in r and r["parameters"]["policy"] == policy]
        if not done:
            continue
        entropy = np.array([r["result"]["entropy"] for r in done])
        counts = np.array([needed(r["result"]["entropy"]) for r in done])
        most = entropy.shape[1] - 1
        rows.append(
            {
                "chosen by": policy,
                "campaigns": len(done),
                "experiments needed": np.where(np.isnan(counts), most + 1, counts).mean(),
                "not reached": int(np.isnan(counts).sum()),
                **{f"entropy after {k}": entropy[:, k].mean() for k in range(most + 1)},
                "P(truth) at the end": np.mean([r["result"]["truth"][-1] for r in done]),
            }
        )
    return pd.DataFrame(rows)


def draw(table: pd.DataFrame, file: Path) -> Path:
    """Draw the mean entropy against the number of experiments."""
    figure, axes = plt.subplots(figsize=(7, 4.5))
    for policy, style in zip(POLICIES, ("-o", "--s", ":^"), strict=True):
        of_policy = table[table["policy"] == policy]
        if len(of_policy):
            means = of_policy.groupby("done")["entropy"].mean()
            axes.plot(means.index, means.to_numpy(), style, label=policy)
    axes.set_xlabel(f"experiments of {ROWS} rows")
    axes.set_ylabel("mean entropy over graphs (nats)")
    axes.legend(title="next variable chosen by")
    return save(figure, file)


def write(planned: list[Parameters], records: list[Record], out: Path) -> None:
    """Print and write the tables and the figure of the runs that there are."""
    table, summary = table_of(records), summary_of(records)
    sections, figures = [], []
    if len(table):
        write_csv(table, out / "campaigns.csv")
        figures.append(draw(table, out / "campaigns.png"))
        shown = summary.copy()
        for name in shown.columns[2:]:
            if shown[name].dtype == np.float64:
                shown[name] = shown[name].map("{:.2f}".format)
        sections.append((f"Experiments until the entropy stays at most {SETTLED} nats", shown))
    write_page(out / "tables.md", "Campaigns of experiments", sections, records, figures)


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--graphs", type=int, default=10, help="random networks")
    parser.add_argument("--experiments", type=int, default=8, help="experiments of each campaign")
    add_run_options(parser, OUT)
    options = parser.parse_args(arguments)
    if options.smoke:
        options.graphs, options.experiments = 1, 2
    return options


def main(arguments: list[str] | None = None) -> None:
    options = parse(arguments)
    carry_out(options, OUT, plan(options), run, write)


if __name__ == "__main__":
    main()
