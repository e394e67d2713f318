"""How near partition MCMC comes to the exact posterior in a given time, on 10, 13 and 15 variables.

``er1_10`` and ``er2_15`` are simulated: Erdős-Rényi graphs with one (two) expected edges per node, 100 rows, raw data,
noise variance 0.1; ``wine`` is a real table of 178 rows whose posterior is peaked. BGe, uniform prior. The table gives
the largest error of an edge and of a path probability, and what the chains' own diagnostics say.

    python experiments/mcmc_accuracy.py --seconds 5 30 --out experiments/results/mcmc_accuracy.json
"""

import argparse
import json
import warnings
from pathlib import Path

import numpy as np

import dag_gfn

CASES = ("er1_10", "wine", "er2_15")


def table(case: str, seed: int) -> tuple[dag_gfn.Dataset, bool | None]:
    """Return the data, and whether to standardise them."""
    if case == "wine":
        return dag_gfn.load_example("wine"), None
    nodes, edges = (10, 1) if case == "er1_10" else (15, 2)
    return dag_gfn.simulate(nodes, 100, rng=np.random.default_rng(seed), edges_per_node=edges), False


def run(case: str, seed: int, seconds: float) -> dict:
    """Fit one data set and return what is reported of it."""
    data, standardize = table(case, seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # convergence is what is measured here
        posterior = dag_gfn.fit(
            data,
            method="mcmc",
            standardize=standardize,
            iterations=10**12,
            time_budget=seconds,
            seed=seed,
            exact_check=True,
            progress=False,
        )
    check, diagnostics = posterior.info["exact_check"], posterior.info["diagnostics"]
    return {
        "case": case,
        "seed": seed,
        "seconds_asked": seconds,
        "seconds": round(posterior.info["timing"]["sampling_seconds"], 1),
        "max_standard_error": float(np.nanmax(posterior.standard_errors("edge").to_numpy())),
        **{name: check[name] for name in ("edge_max_error", "edge_rmse", "path_max_error", "log_evidence")},
        **{
            name: diagnostics[name]
            for name in ("iterations", "chains", "max_r_hat", "min_effective_draws", "acceptance")
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, nargs="+", default=[60.0], help="sampling time of a fit")
    parser.add_argument("--cases", nargs="+", default=CASES, choices=CASES)
    parser.add_argument("--seeds", type=int, default=1, help="data sets (of wine: runs) for each case")
    parser.add_argument("--out", type=Path, help="JSON file for the results; runs in it are not repeated")
    parser.add_argument("--smoke", action="store_true", help="one short run, to see that it works")
    options = parser.parse_args()
    cases, times, seeds = options.cases, options.seconds, options.seeds
    if options.smoke:
        cases, times, seeds = CASES[:1], [0.5], 1

    results = []
    if options.out is not None and options.out.exists():
        results = json.loads(options.out.read_text())["runs"]
    for case in cases:
        for seed in range(seeds):
            for seconds in times:
                known = [(r["case"], r["seed"], r["seconds_asked"]) for r in results]
                if (case, seed, seconds) in known:
                    continue
                results.append(run(case, seed, seconds))
                print(json.dumps(results[-1]), flush=True)
                if options.out is not None:
                    options.out.parent.mkdir(parents=True, exist_ok=True)
                    content = {"version": dag_gfn.__version__, "runs": results}
                    options.out.write_text(json.dumps(content, indent=1) + "\n")
    for r in results:
        print(
            f"{r['case']:8} {r['seconds']:5.0f} s: largest edge error {r['edge_max_error']:.4f}, "
            f"R-hat {r['max_r_hat']:.3f}, effective draws {r['min_effective_draws']:.0f}"
        )


if __name__ == "__main__":
    main()
