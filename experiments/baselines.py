"""How far baselines and Markov chains over layerings are from the exact posterior, given the same time.

Tables are the example wine (13 columns) and a simulated one: an Erdős-Rényi graph with one edge per node, linear and
Gaussian. Chains end earlier where they agree. Order MCMC is also held against the order-modular posterior, at which it
aims.

    python experiments/baselines.py --seconds 10 --out experiments/results/baselines.csv
"""

import argparse
import csv
import warnings
from pathlib import Path

import numpy as np

import dag_gfn

METHODS = ("bootstrap", "structure_mcmc", "order_mcmc", "mcmc")
MOST_RESAMPLES = 1_000_000  # the time ends it


def fit(data, **options) -> dag_gfn.GraphPosterior:
    """Fit once; what has not converged is what is measured."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return dag_gfn.fit(data, progress=False, **options)


def edges(posterior: dag_gfn.GraphPosterior) -> np.ndarray:
    return posterior.edge_marginals().to_numpy()


def measured(table: str, data, seconds: float, seeds: int) -> list[dict[str, object]]:
    """Return the figures of each method and seed on a table."""
    exact = edges(fit(data, method="exact"))
    orders = edges(fit(data, method="exact", order_modular=True))
    rows = []
    for method in METHODS:
        more = {"num_resamples": MOST_RESAMPLES} if method == "bootstrap" else {}
        fit(data, method=method, time_budget=0.5, **more)  # compiles
        for seed in range(seeds):
            found = fit(data, method=method, time_budget=seconds, seed=seed, exact_check=False, **more)
            error, told = edges(found) - exact, found.info["diagnostics"]
            rows.append(
                {
                    "table": table,
                    "method": method,
                    "seed": seed,
                    "seconds": round(found.info["timing"]["total_seconds"], 1),
                    "largest_edge_error": round(float(np.abs(error).max()), 4),
                    "edge_rmse": round(float(np.sqrt((error**2).mean())), 5),
                    "largest_error_to_order_modular": round(float(np.abs(edges(found) - orders).max()), 4),
                    "max_r_hat": told.get("max_r_hat") and round(told["max_r_hat"], 3),
                    "steps_or_resamples": told.get("iterations") or told.get("resamples"),
                    "converged": told["converged"],
                }
            )
            print(*rows[-1].values(), flush=True)
    return rows


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each fit")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--columns", type=int, default=10, help="of the simulated table")
    parser.add_argument("--rows", type=int, default=100, help="of the simulated table")
    parser.add_argument("--skip-wine", action="store_true")
    parser.add_argument("--out", type=Path, help="a CSV file")
    options = parser.parse_args(arguments)
    rng = np.random.default_rng(0)
    simulated = dag_gfn.simulate(options.columns, options.rows, noise_variance=1.0, rng=rng)
    tables = {} if options.skip_wine else {"wine": dag_gfn.load_example("wine")}
    tables[f"simulated, {options.columns} columns"] = simulated
    rows = [
        row for name, data in tables.items() for row in measured(name, data, options.seconds, options.seeds)
    ]
    if options.out is not None:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        with options.out.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, rows[0].keys())
            writer.writeheader()
            writer.writerows(rows)


if __name__ == "__main__":
    main()
