"""How near a GFlowNet comes to the exact posterior in a given time, on five simulated variables.

Erdős-Rényi graphs with one expected edge per node, 100 rows, raw data, BGe, uniform prior, as in Malkin et al. (ICLR
2023, table 2, noise variance 0.01) and Deleu et al. (UAI 2024, figure 4, noise variance 0.1). For each noise
variance and data seed one fit of the given time; the table gives the Jensen-Shannon divergence in nats between the
policy's exact distribution over all 29,281 DAGs and the posterior.

    python experiments/gflownet_accuracy.py --seconds 60 --seeds 5 --out experiments/results/gflownet_accuracy.json
"""

import argparse
import json
import statistics
import warnings
from pathlib import Path

import numpy as np

import dag_gfn


def run(noise_variance: float, seed: int, seconds: float, nodes: int) -> dict:
    """Fit one data set and return what is reported of it."""
    data = dag_gfn.simulate(nodes, 100, rng=np.random.default_rng(seed), noise_variance=noise_variance)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # convergence is what is measured here
        posterior = dag_gfn.fit(
            data,
            method="gflownet",
            standardize=False,
            iterations=10**6,
            time_budget=seconds,
            seed=seed,
            progress=False,
        )
    check, diagnostics = posterior.info["exact_check"], posterior.info["diagnostics"]
    return {
        "noise_variance": noise_variance,
        "data_seed": seed,
        "seconds": round(posterior.info["timing"]["training_seconds"], 1),
        "iterations": diagnostics["iterations"],
        "ess": diagnostics["ess"],
        **{
            name: check[name]
            for name in ("jsd", "tv", "edge_rmse", "edge_max_error", "path_rmse")
            if name in check
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60.0, help="training time of a fit")
    parser.add_argument("--seeds", type=int, default=5, help="data sets for each noise variance")
    parser.add_argument("--nodes", type=int, default=5)
    parser.add_argument(
        "--out", type=Path, help="JSON file for the results; finished runs in it are not repeated"
    )
    parser.add_argument("--smoke", action="store_true", help="one short run, to see that it works")
    options = parser.parse_args()
    seconds, seeds = (1.0, 1) if options.smoke else (options.seconds, options.seeds)

    results = []
    if options.out is not None and options.out.exists():
        results = json.loads(options.out.read_text())["runs"]
    for noise_variance in (0.1, 0.01):
        for seed in range(seeds):
            if any((r["noise_variance"], r["data_seed"]) == (noise_variance, seed) for r in results):
                continue
            results.append(run(noise_variance, seed, seconds, options.nodes))
            print(json.dumps(results[-1]), flush=True)
            if options.out is not None:
                options.out.parent.mkdir(parents=True, exist_ok=True)
                content = {"version": dag_gfn.__version__, "nodes": options.nodes, "runs": results}
                options.out.write_text(json.dumps(content, indent=1) + "\n")
    figure = "jsd" if "jsd" in results[0] else "edge_max_error"
    for noise_variance in (0.1, 0.01):
        values = [r[figure] for r in results if r["noise_variance"] == noise_variance]
        print(
            f"noise variance {noise_variance}: median {figure} {statistics.median(values):.2e} of {len(values)}"
        )


if __name__ == "__main__":
    main()
