"""Whether fits end within their time budget: the seconds that they take, over what the budget allows.

A fit may take 10 % longer than its budget, and at least 5 seconds, the start of the program and compilation aside. Each
fit is a run of the command `dag-gfn`, on a table that this script makes: simulated linear-Gaussian data of 8, 13 and 20
columns, and 34 collinear ones, which are slow to sample. Run it on a machine that does nothing else: three minutes
for budgets of 5 seconds and two methods, half an hour for all.

    python experiments/budgets.py --seconds 5 --methods mcmc,gflownet
    python experiments/budgets.py --seconds 5,20,60
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from dag_gfn import simulate

OUT = Path("experiments/results/budgets")
METHODS = {
    "auto": ["--method", "auto"],
    "mcmc": ["--method", "mcmc"],
    "gflownet": ["--method", "gflownet"],
    "edges": ["--method", "gflownet", "--environment", "edges"],
}


def allowed_seconds(budget: float | int) -> float:
    """Return when a fit has to have ended, in seconds."""
    return max(1.1 * budget, budget + 5.0)


def make_tables(folder: Path) -> dict[str, Path]:
    """Write the tables as CSV files, and return their paths by name."""
    tables = {}
    for d in (8, 13, 20):
        data = simulate(d, 500, rng=np.random.default_rng(d), edges_per_node=2, noise_variance=1.0)
        tables[f"d{d}"] = pd.DataFrame(data.values, columns=list(data.names))
    rng = np.random.default_rng(0)
    hidden, loadings, noise = rng.normal(size=(300, 6)), rng.normal(size=(6, 34)), rng.normal(size=(300, 34))
    columns = [f"c{i}" for i in range(34)]
    tables["collinear34"] = pd.DataFrame(hidden @ loadings + 0.1 * noise, columns=columns)
    paths = {}
    for name, table in tables.items():
        paths[name] = folder / f"{name}.csv"
        table.to_csv(paths[name], index=False)
    return paths


def seconds_of(command: list[str]) -> float:
    """Return the seconds that a command takes.

    Raises
    ------
    RuntimeError
        If it fails.
    """
    began = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr}")
    return time.perf_counter() - began


def fit(table: Path, method: str, budget: float | int, out: Path) -> dict[str, object]:
    """Fit by the command line and return what it took: a row of the result."""
    given = ["fit", str(table), *METHODS[method], "--time-budget", str(budget), "--overwrite", "--quiet"]
    wall = seconds_of([sys.executable, "-m", "dag_gfn", *given, "--out", str(out)])
    info = json.loads((out / "posterior.json").read_text())
    within, phases = info["timing"]["total_seconds"], info["timing"]["phases"]
    longest = sorted(phases.items(), key=lambda item: -item[1])
    return {
        "table": table.stem,
        "method": method,
        "chosen": info["method"],
        "budget": budget,
        "allowed": allowed_seconds(budget),
        "fit_seconds": round(within, 1),
        "over_budget": round(within / budget, 2),
        "kept": within <= allowed_seconds(budget),
        "process_seconds": round(wall, 1),
        "outside_phases": round(within - sum(phases.values()), 1),
        "phases": ", ".join(f"{name} {seconds:.1f}" for name, seconds in longest if seconds >= 0.05),
        "notes": "; ".join(note for note in info["notes"] if note.startswith("to end in time")),
    }


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--methods", default=",".join(METHODS))
    parser.add_argument("--tables", default="d8,d13,d20,collinear34")
    parser.add_argument("--seconds", default="5,20,60")
    parser.add_argument("--out", type=Path, default=OUT)
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Run the fits, print a table of them, and return 1 if one took longer than its budget allows."""
    options = parse(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    paths = make_tables(options.out)
    methods, tables = options.methods.split(","), options.tables.split(",")
    print("compiling, with a fit of each method that is not counted", flush=True)
    for method in methods:
        for name in tables:
            fit(paths[name], method, 2, options.out / "fit")
    rows = []
    for budget in map(float, options.seconds.split(",")):
        for name in tables:
            for method in methods:
                rows.append(fit(paths[name], method, budget, options.out / "fit"))
                row = rows[-1]
                print(
                    f"{row['table']:12} {row['method']:9} {budget:4.0f} s: {row['fit_seconds']:6.1f} s, "
                    f"{'kept' if row['kept'] else 'NOT KEPT'}; process {row['process_seconds']} s, outside of phases "
                    f"{row['outside_phases']} s; {row['phases']}",
                    flush=True,
                )
                pd.DataFrame(rows).to_csv(options.out / "budgets.csv", index=False)
    late = sum(not row["kept"] for row in rows)
    print(f"{len(rows) - late} of {len(rows)} fits ended in time")
    return int(late > 0)


if __name__ == "__main__":
    sys.exit(main())
