"""How near the posterior of a table with missing cells comes to that of the whole table, by what is done about them.

Each table is a sample of a random linear-Gaussian network, 8 columns and 300 rows, of which 15 % of the cells are taken
out completely at random. What is compared, with the exact posterior of the table before:

- impute: completed tables, drawn from the model (the default);
- drop: the complete rows alone;
- mean: the mean of the column in place of each missing cell, as is often done.

Printed is the root mean square error of the edge probabilities, the median over the tables. For `impute` there is also
the share of edges whose probability is within two of its standard errors of a second fit with another seed (with
that fit's error added): about .95 if the errors are right.

    python experiments/missing_cells.py --tables 20
"""

import argparse
import csv
import time
import warnings
from pathlib import Path

import numpy as np

import dag_gfn
from dag_gfn.posterior.metrics import rmse

RESULTS = Path(__file__).parent / "results" / "missing_cells.csv"


def edges(table: np.ndarray, **options: object) -> tuple[np.ndarray, np.ndarray]:
    """Return the edge probabilities of a table and their standard errors."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the data: they are as they are
        marginal = dag_gfn.fit(dag_gfn.from_array(table), progress=False, **options).marginal("edge")
    return marginal.values, marginal.errors()


def one_table(seed: int, *, nodes: int, rows: int, share: float) -> dict[str, float]:
    """Return the errors of each way with one table."""
    rng = np.random.default_rng(seed)
    whole = dag_gfn.simulate(nodes, rows, rng=rng).values
    holes = np.where(rng.random(whole.shape) < share, np.nan, whole)
    truth, _ = edges(whole)
    began = time.perf_counter()
    imputed, error = edges(holes)
    seconds = time.perf_counter() - began
    again, other = edges(holes, seed=1)
    complete = holes[~np.isnan(holes).any(axis=1)]
    means = np.where(np.isnan(holes), np.nanmean(holes, axis=0), holes)
    off = ~np.eye(nodes, dtype=bool)
    near = np.abs(imputed - again)[off] <= 2 * np.hypot(error, other)[off] + 1e-9
    return {
        "impute": rmse(imputed, truth),
        "drop": rmse(edges(complete)[0], truth),
        "mean": rmse(edges(means)[0], truth),
        "within_two_errors": float(near.mean()),
        "complete_rows": len(complete),
        "seconds": seconds,
    }


def main() -> None:
    """Fit the tables, print medians and write one line for each table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tables", type=int, default=20)
    parser.add_argument("--nodes", type=int, default=8)
    parser.add_argument("--rows", type=int, default=300)
    parser.add_argument("--share", type=float, default=0.15, help="of the cells that are taken out")
    parser.add_argument("--out", type=Path, default=RESULTS)
    chosen = parser.parse_args()
    found = []
    for seed in range(chosen.tables):
        found.append(one_table(seed, nodes=chosen.nodes, rows=chosen.rows, share=chosen.share))
        print(seed, {name: round(value, 3) for name, value in found[-1].items()}, flush=True)
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    with chosen.out.open("w", newline="") as file:
        writer = csv.DictWriter(file, ["table", *found[0]])
        writer.writeheader()
        writer.writerows({"table": seed, **line} for seed, line in enumerate(found))
    for name in found[0]:
        print(f"{name:20s} median {np.median([line[name] for line in found]):.3f}")


if __name__ == "__main__":
    main()
