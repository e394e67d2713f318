"""How often the evidence picks the family that a table was simulated from.

Five columns, 300 rows. Six families, their tables drawn in turn:

- lines: each edge is a straight line, with normal noise.
- curves: each edge is a tanh, a square, a sine or an absolute value, with normal noise.
- bent lines: lines whose columns are then bent by increasing functions, so that their ranks alone are lines.
- bent curves: curves whose columns are bent so.
- tables, prior worth 1 row, and worth 10: categories of 2 to 4 levels, with probabilities drawn from BDeu's own prior.

A pick is right if it is the model of the family. A sample size of BDeu is right if it is the nearest or next to it
among those that are compared.

    python experiments/model_choice.py --tables 100 --jobs 2
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from nonlinear import effect, random_graph
from options import add_run_options
from runs import Parameters, Record, carry_out
from summaries import write_csv, write_page

import dag_gfn

OUT = Path("experiments/results/model_choice")
FAMILIES: dict[str, tuple[str, ...]] = {
    "lines": ("bge",),
    "curves": ("additive",),
    "bent lines": ("bge, normal scores",),
    "bent curves": ("additive, normal scores",),
    "tables, prior worth 1 row": tuple(f"bdeu, equivalent sample size {size}" for size in ("0.5", "1", "2")),
    "tables, prior worth 10 rows": tuple(f"bdeu, equivalent sample size {size}" for size in ("5", "10")),
}
BENDS = (
    np.exp,
    lambda x: x**3,
    lambda x: np.sinh(1.5 * x),
    lambda x: np.log1p(np.exp(2.0 * x)),
    lambda x: np.sign(x) * np.sqrt(np.abs(x)),
)
ROWS, COLUMNS = 300, 5


def numbers(family: str, rng: np.random.Generator) -> "dag_gfn.Dataset":
    """Return a table of numbers of a family."""
    graph, values = random_graph(COLUMNS, 0.5, rng), rng.normal(size=(ROWS, COLUMNS))
    done: list[int] = []
    while len(done) < COLUMNS:
        j = next(j for j in range(COLUMNS) if j not in done and set(np.flatnonzero(graph[:, j])) <= set(done))
        values[:, j] *= rng.uniform(0.5, 1.0)
        for i in np.flatnonzero(graph[:, j]):
            values[:, j] += effect("lines" if "lines" in family else "curves", values[:, i], rng)
        done.append(j)
    if family.startswith("bent"):
        scaled = (values - values.mean(0)) / values.std(0)
        values = np.column_stack([BENDS[rng.integers(len(BENDS))](column) for column in scaled.T])
    return dag_gfn.from_array(values)


def categories(sample_size: float, rng: np.random.Generator) -> "dag_gfn.Dataset":
    """Return a table of categories whose probabilities are draws of BDeu's prior."""
    graph = random_graph(COLUMNS, 0.5, rng)
    levels = rng.integers(2, 5, size=COLUMNS)
    values = np.zeros((ROWS, COLUMNS), dtype=np.int64)
    done: list[int] = []
    while len(done) < COLUMNS:
        j = next(j for j in range(COLUMNS) if j not in done and set(np.flatnonzero(graph[:, j])) <= set(done))
        parents = np.flatnonzero(graph[:, j])
        configuration = (
            np.ravel_multi_index(values[:, parents].T, levels[parents])
            if len(parents)
            else np.zeros(ROWS, int)
        )
        cells = int(np.prod(levels[parents])) if len(parents) else 1
        gammas = rng.gamma(sample_size / (cells * levels[j]), size=(cells, levels[j])) + 1e-300
        shares = gammas / gammas.sum(1, keepdims=True)
        values[:, j] = (rng.random(ROWS)[:, None] > shares[configuration].cumsum(1)[:, :-1]).sum(1)
        done.append(j)
    seen = [j for j in range(COLUMNS) if len(np.unique(values[:, j])) > 1]
    codes = np.column_stack([np.unique(values[:, j], return_inverse=True)[1] for j in seen])
    return dag_gfn.from_array(codes, discrete="all")


def run(seed: int) -> dict[str, Any]:
    """Return what is picked on one table of each family in turn."""
    family = list(FAMILIES)[seed % len(FAMILIES)]
    rng = np.random.default_rng(seed)
    while True:
        try:
            data = (
                numbers(family, rng)
                if "tables" not in family
                else categories(10.0 if "10" in family else 1.0, rng)
            )
            break
        except (dag_gfn.DataError, ValueError):  # a constant column, or none that varies
            continue
    found = dag_gfn.compare_models(data, progress=False)
    second = found.models[1]
    return {
        "family": family,
        "picked": found.best.label,
        "right": found.best.label in FAMILIES[family],
        "second": second.label,
        "nats_ahead": -found.log_bayes_factors[1],
        "clear": found.is_clear,
    }


def plan(options: argparse.Namespace) -> list[Parameters]:
    """Return the parameters of all runs."""
    return [{"seed": seed} for seed in range(len(FAMILIES) if options.smoke else options.tables)]


def table_of(records: list[Record]) -> pd.DataFrame:
    """Return a line for each family, and one for all."""
    results = pd.DataFrame([record["result"] for record in records if "error" not in record])
    if not len(results):
        return results
    rows = []
    for family, found in [*results.groupby("family", sort=False), ("all", results)]:
        rows.append(
            {
                "family": family,
                "tables": len(found),
                "right": int(found["right"].sum()),
                "share": round(float(found["right"].mean()), 3),
                "clearly ahead": int(found["clear"].sum()),
                "right where clear": int((found["right"] & found["clear"]).sum()),
                "nats ahead (median)": round(float(found["nats_ahead"].median()), 1),
            }
        )
    return pd.DataFrame(rows)


def write(planned: list[Parameters], records: list[Record], out: Path) -> None:
    """Print and write the tables of the runs that there are."""
    table = table_of(records)
    if len(table):
        write_csv(table, out / "overview.csv")
        picks = pd.DataFrame([{**r["parameters"], **r["result"]} for r in records if "error" not in r])
        write_csv(picks, out / "picks.csv")
    write_page(
        out / "tables.md", "The family that the evidence picks", [("All families", table)], records, []
    )


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", type=int, default=100, help="tables, of all families in turn")
    add_run_options(parser, OUT)
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    options = parse(arguments)
    carry_out(options, OUT, plan(options), run, write)


if __name__ == "__main__":
    main()
