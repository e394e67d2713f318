"""How far two fits of one table differ that begin with other seeds, and how well they find the true graph.

Data are simulated: an Erdős-Rényi graph with two edges per node, linear and Gaussian, standardised, scored by BGe; or
drawn from a published network of categories, scored by BDeu. Two fits that agree can be wrong together; fits that do
not agree cannot both be right.

    python experiments/two_runs.py --columns 100 --rows 500 --prior fair --seconds 300
    python experiments/two_runs.py --columns 50 --rows 100 --seconds 300 --method gflownet
    python experiments/two_runs.py --network hepar2 --rows 1000 --prior fair --seconds 300
"""

import argparse
import csv
import resource
import warnings
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

import dag_gfn

OUT = Path("experiments/results/two_runs.csv")


def fit(data, options: argparse.Namespace, seed: int) -> dag_gfn.GraphPosterior:
    """Fit once; what has not converged is what is measured."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return dag_gfn.fit(
            data,
            method=options.method,
            prior=options.prior,
            time_budget=options.seconds,
            num_samples=options.num_samples,
            seed=seed,
            progress=False,
        )


def compare(options: argparse.Namespace) -> dict[str, object]:
    """Return the figures of two fits."""
    rng = np.random.default_rng(options.data_seed)
    if options.network is None:
        data = dag_gfn.simulate(options.columns, options.rows, edges_per_node=2.0, rng=rng)
    else:
        data = dag_gfn.load_example(options.network, num_samples=options.rows, seed=options.data_seed)
    fits = [fit(data, options, seed) for seed in (0, 1)]
    edge = np.stack([each.marginal("edge").values for each in fits])
    error = np.stack([each.marginal("edge").errors() for each in fits])
    off = ~np.eye(data.d, dtype=bool)
    truth, gap = data.true_graph, np.abs(edge[1] - edge[0])[off]
    found = [each.info["diagnostics"] for each in fits]
    figures = {
        "data": options.network or "simulated",
        "columns": data.d,
        "rows": options.rows,
        "prior": options.prior,
        "method": options.method,
        "seconds": options.seconds,
        "fit_seconds": " ".join(f"{each.info['timing']['total_seconds']:.0f}" for each in fits),
        "converged": " ".join(str(each["converged"]) for each in found),
        "max_r_hat": " ".join(f"{each.get('max_r_hat') or np.inf:.3f}" for each in found),
        "largest_error_stated": round(float(error.max()), 4),
        "largest_difference": round(float(gap.max()), 4),
        "rms_difference": round(float(np.sqrt((gap**2).mean())), 5),
        "auroc": " ".join(f"{roc_auc_score(truth[off], each[off]):.4f}" for each in edge),
        "expected_shd": " ".join(f"{np.abs(each - truth)[off].sum():.1f}" for each in edge),
        "best_log_score": " ".join(f"{float(np.max(each.best_log_scores)):.2f}" for each in fits),
        "peak_memory_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2),
    }
    for name, value in figures.items():
        print(f"{name}: {value}", flush=True)
    return figures


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--columns", type=int, default=100)
    parser.add_argument("--network", help="a published network, in place of simulated data")
    parser.add_argument("--rows", type=int, default=500)
    parser.add_argument("--prior", default="uniform")
    parser.add_argument("--method", default="mcmc", choices=["mcmc", "gflownet"])
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--num-samples", type=int, default=1_000)
    parser.add_argument("--data-seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args(arguments)
    figures = compare(options)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    is_new = not options.out.exists()
    with options.out.open("a", newline="") as file:
        writer = csv.DictWriter(file, list(figures), lineterminator="\n")
        if is_new:
            writer.writeheader()
        writer.writerow(figures)


if __name__ == "__main__":
    main()
