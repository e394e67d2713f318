"""One network for many completed tables, or a network for each: what training on from the last table saves.

A sample of a random linear-Gaussian network misses some cells. On each of its completed tables a GFlowNet over root
layers is trained in three ways:

- each: from the beginning, with the default number of steps;
- short: from the beginning, with a part of the steps;
- on: with the same part of the steps, but from the network of the table before (the first has the default number).

Printed are the share of the draws that importance weights leave, the largest error of an edge probability and the
seconds, each the median over the tables after the first.

    python experiments/one_network.py --columns 8 --tables 6
"""

import argparse
import csv
import time
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np

import dag_gfn
from dag_gfn.exact.posterior import fit_exact
from dag_gfn.fitting.completed import complete
from dag_gfn.fitting.incomplete import filled_in
from dag_gfn.gflownet.layers.fit import fit_layers
from dag_gfn.gflownet.request import FitRequest
from dag_gfn.gflownet.training.config import default_config, make_objective
from dag_gfn.scores import BGe, Constraints, ScoreTable, make_prior

OUT = Path("experiments/results/one_network.csv")
DRAWS = 2_000
OBJECTIVE = "subtrajectory_balance"


def completed_tables(columns: int, rows: int, share: float, tables: int) -> list[ScoreTable]:
    """Return the score tables of completed tables."""
    rng = np.random.default_rng(columns)
    data = dag_gfn.simulate(columns, rows, rng=rng, edges_per_node=1.5).standardize()
    data = replace(data, values=np.where(rng.random(data.values.shape) < share, np.nan, data.values))
    model = BGe(filled_in(data)), make_prior("uniform", columns), Constraints.none(columns)
    found = complete(data, *model, seed=0, tables=tables, weigh=False)
    return [ScoreTable.build(score) for score in found.scores[:tables]]


def trained(table: ScoreTable, steps: int, start: dict | None, seed: int) -> tuple[dict, dict]:
    """Return figures of a training, and the parameters of the network."""
    config = default_config(table.d, environment="layers", objective=OBJECTIVE, iterations=steps)
    began = time.perf_counter()
    fit = fit_layers(table, FitRequest(seed, config, DRAWS, make_objective(OBJECTIVE), start=start))
    seconds = time.perf_counter() - began
    edge = fit.result(table, config, reweight=True).posterior.marginal("edge").values
    exact = fit_exact(table, num_samples=1, rng=np.random.default_rng(0), memory_limit=10**10)
    error = np.abs(edge - exact.posterior.marginal("edge").values).max()
    share = fit.drawn.effective_samples / len(fit.drawn.layer_of)
    state = {name: value.clone() for name, value in fit.training.policy.state_dict().items()}
    return {"share": share, "largest_error": error, "seconds": seconds}, state


def main() -> None:
    """Train in the three ways, print medians and write one line for each training."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--columns", type=int, default=8)
    parser.add_argument("--rows", type=int, default=300)
    parser.add_argument("--missing", type=float, default=0.15)
    parser.add_argument("--tables", type=int, default=6)
    parser.add_argument("--part", type=float, default=0.25, help="of the default number of steps")
    parser.add_argument("--steps", type=int, help="of a training from the beginning")
    parser.add_argument("--out", type=Path, default=OUT)
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")
    columns = chosen.columns
    whole = chosen.steps or default_config(columns, environment="layers", objective=OBJECTIVE).iterations
    part, start, lines = max(1, int(chosen.part * whole)), None, []
    for k, table in enumerate(completed_tables(columns, chosen.rows, chosen.missing, chosen.tables)):
        for way, steps, begin in (
            ("each", whole, None),
            ("short", part, None),
            ("on", whole if start is None else part, start),
        ):
            figures, state = trained(table, steps, begin, seed=k)
            lines.append({"columns": columns, "table": k, "way": way, "steps": steps, **figures})
            print({name: round(v, 4) if isinstance(v, float) else v for name, v in lines[-1].items()})
        start = state
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    with chosen.out.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(lines[0]))
        writer.writeheader()
        writer.writerows(lines)
    for way in ("each", "short", "on"):
        later = [line for line in lines if line["way"] == way and line["table"] > 0]
        medians = {name: float(np.median([line[name] for line in later])) for name in figures}
        print(way, {name: round(value, 4) for name, value in medians.items()})


if __name__ == "__main__":
    main()
