"""How far GFlowNets and partition MCMC are from the exact posterior after so many seconds.

Each budget is a run of its own, since schedules follow the budget: a curve through them is what a user gets who asks
for that time. Data are simulated (Erdős-Rényi graphs, raw), examples of the package, or a CSV file; scored by BGe
(BDeu where discrete) under the uniform prior. Up to 20 columns errors are against the exact posterior, and where the
true graph is known edge probabilities are held against it, too.

    python experiments/time_to_accuracy.py --data d10,wine --methods layers,mcmc --seconds 10,60,300 --seeds 0,1,2
    python experiments/time_to_accuracy.py --data d50 --methods layers --seconds 600 --train-seeds 0,1
    python experiments/time_to_accuracy.py --data sales.csv --raw --seconds 60 --table-only
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from accuracy_run import (
    AGAINST_EXACT,
    AGAINST_TRUTH,
    DIAGNOSTICS,
    MEASURED,
    NETWORKS,
    RAW_AND_REWEIGHTED,
    SIMULATED,
    run,
)
from curves import SMALLEST, log_axes, save
from methods import Look
from options import add_run_options, names, require_known, seeds
from runs import Parameters, Record, carry_out
from summaries import decimal, runs_done, scientific, summarise, write_csv, write_page

OUT = Path("experiments/results/time_to_accuracy")
METHODS = {
    "layers": Look("GFlowNet, root layers", "#008DF9", "o"),
    "edges": Look("GFlowNet, edges", "#E20134", "s"),
    "mcmc": Look("partition MCMC", "#555555", "^"),
}
SETTING = ("data", "method", "seconds")
FIGURES = (
    *("used_seconds", "training_seconds", "fit_seconds", "peak_memory_mb", "load_at_end"),
    *AGAINST_EXACT,
    *RAW_AND_REWEIGHTED,
    *AGAINST_TRUTH,
    *(f"exact_{figure}" for figure in AGAINST_TRUTH),
    *("log_evidence", "exact_log_evidence"),
    *(name for name in DIAGNOSTICS if name not in ("estimate", "converged", "corrected")),  # no numbers
)


def plan(options: argparse.Namespace) -> list[Parameters]:
    """Return the parameters of all runs, seed by seed; of data that no seed draws there is one."""
    return [
        {
            "data": data,
            "method": method,
            "seconds": seconds,
            "num_samples": options.num_samples,
            "seed": seed,
            "train_seed": train_seed,
            **({"raw": options.raw} if is_file(data) else {}),
        }
        for place, seed in enumerate(options.seeds)
        for train_seed in options.train_seeds
        for data in options.data
        for seconds in options.seconds
        for method in options.methods
        if place == 0 or not (data in MEASURED or is_file(data))
    ]


def is_file(data: str) -> bool:
    """Return whether the name is that of a CSV file."""
    return data not in (*SIMULATED, *MEASURED, *NETWORKS)


def shown(table: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Return the titled tables of medians that people read, as strings."""
    setting = {
        "data": table["data"],
        "method": [METHODS[name].title for name in table["method"]],
        "seconds": table["seconds"].map("{:g}".format),
    }

    def medians(columns: dict[str, str], number=scientific) -> dict[str, pd.Series]:
        return {title: table[f"{figure}_median"].map(number) for title, figure in columns.items()}

    accuracy = {
        "runs": table.apply(runs_done, axis=1),
        **medians({"used": "used_seconds"}, seconds_text),
        **medians({"JSD": "jsd", "largest edge error": "edge_max_error"}),
        **medians({"raw": "raw_edge_max_error", "reweighted": "reweighted_edge_max_error"}),
        **medians({"edge RMSE": "edge_rmse", "path RMSE": "path_rmse"}),
    }
    diagnostics = {
        **medians({"training": "training_seconds", "whole fit": "fit_seconds"}, seconds_text),
        **medians({"iterations": "iterations", "memory, MB": "peak_memory_mb"}, whole),
        **medians({"evidence gap": "log_evidence_gap"}),
        **medians({"ESS": "ess", "k̂": "pareto_k", "R-hat": "max_r_hat"}, decimal),
    }
    sections = [
        ("Accuracy, medians over seeds", pd.DataFrame({**setting, **accuracy})),
        ("Diagnostics, medians over seeds", pd.DataFrame({**setting, **diagnostics})),
    ]
    truth = {"E-SHD": "expected_shd", "AUROC": "auroc", "AUROC with the diagonal": "auroc_with_diagonal"}
    truth |= {f"{title}, exact": f"exact_{figure}" for title, figure in truth.items()}
    against = pd.DataFrame({**setting, **medians(truth, decimal)})[table["expected_shd"].notna()]
    return [*sections, ("Against the true graph, medians over seeds", against)] if len(against) else sections


def evidence(planned: list[Parameters], records: list[Record]) -> pd.DataFrame:
    """Return log evidence by training seed: where runs on the same data differ, one of them has lost a mode."""
    table = summarise(planned, records, by=("data", "seed", "method", "seconds"), figures=("log_evidence",))
    table = table[table["log_evidence_values"].map(len) > 1]
    values = table["log_evidence_values"]
    return table[["data", "seed", "method", "seconds"]].assign(
        **{
            "log evidence by training seed": [" ".join(f"{v:.2f}" for v in row) for row in values],
            "range": [f"{max(row) - min(row):.3f}" for row in values],
        }
    )


def whole(value: float) -> str:
    """Return a number without decimals, or a sign that it is missing."""
    return "-" if pd.isna(value) else f"{value:,.0f}"


def seconds_text(value: float) -> str:
    """Return seconds to a tenth, or a sign that they are missing."""
    return "-" if pd.isna(value) else f"{value:.1f}"


def draw(table: pd.DataFrame, file: Path) -> Path:
    """Draw the median error against the median seconds, a line for each method and a panel for each data set.

    The error is the largest of an edge probability; where there is no exact posterior, the expected structural Hamming
    distance from the true graph.
    """
    figures = {"edge_max_error": "largest edge error", "expected_shd": "E-SHD from the true graph"}
    panels = [
        (data, rows, known[0])
        for data, rows in table.groupby("data", sort=False)
        if (known := [figure for figure in figures if rows[figure].notna().any()])
    ]
    figure, grid = plt.subplots(
        1,
        max(len(panels), 1),
        figsize=(5.5 * max(len(panels), 1) + 1, 6),
        layout="constrained",
        squeeze=False,
    )
    for axes, (data, rows, error) in zip(grid[0], panels, strict=False):
        for method, line in rows.sort_values("seconds").groupby("method"):
            look = METHODS[method]
            points = [
                (seconds, max(value, SMALLEST))
                for seconds, values in zip(line["used_seconds_median"], line[f"{error}_values"], strict=True)
                for value in values
            ]
            if points:
                axes.plot(*zip(*points, strict=True), look.marker, color=look.colour, alpha=0.35)
            axes.plot(
                line["used_seconds_median"],
                line[f"{error}_median"].clip(lower=SMALLEST),
                color=look.colour,
                marker=look.marker,
                linewidth=2,
                label=look.title,
            )
        log_axes(axes, "seconds")
        axes.set_xlabel("seconds of training and drawing")
        axes.set_title(Path(data).stem)
        axes.set_ylabel(figures[error])
    if panels:
        unique = {
            label: handle
            for axes in grid[0]
            for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
        }
        figure.legend(unique.values(), unique.keys(), loc="outside lower center", ncols=len(unique))
    return save(figure, file)


def write(planned: list[Parameters], records: list[Record], out: Path) -> None:
    """Print and write the tables and the figure of the runs that there are."""
    table = summarise(planned, records, by=SETTING, figures=FIGURES)
    write_csv(table, out / "accuracy.csv")
    sections = shown(table)
    of_evidence = evidence(planned, records)
    if len(of_evidence):
        sections.append(("Log evidence, training by training", of_evidence))
    done = any("error" not in record for record in records)
    figures = [draw(table, out / "error_seconds.png")] if done else []
    write_page(out / "tables.md", "Error against seconds", sections, records, figures)


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    known = [*SIMULATED, *MEASURED, *NETWORKS]
    parser.add_argument(
        "--data",
        type=names,
        default=["d5", "d10", "wine", "d15"],
        help=f"CSV files, or of {', '.join(known)}",
    )
    parser.add_argument("--raw", action="store_true", help="take a CSV file's columns as they are")
    parser.add_argument("--methods", type=names, default=list(METHODS), help="layers,edges,mcmc or of them")
    parser.add_argument("--seeds", type=seeds, default=[0, 1, 2], help="of the data: 0,1,2 or how many")
    parser.add_argument("--train-seeds", type=seeds, default=[0], help="of training: 0,1 or how many")
    parser.add_argument("--num-samples", type=int, default=20_000, help="graphs that a fit draws in the end")
    add_run_options(parser, OUT, several_budgets=True)
    options = parser.parse_args(arguments)
    if options.smoke:
        options.data, options.seeds, options.seconds, options.num_samples = ["d5"], [0], [0.5], 200
    files = [data for data in options.data if is_file(data) and Path(data).is_file()]
    require_known(parser, "--data", [data for data in options.data if data not in files], known)
    require_known(parser, "--methods", options.methods, list(METHODS))
    return options


def main(arguments: list[str] | None = None) -> None:
    options = parse(arguments)
    carry_out(options, OUT, plan(options), run, write)


if __name__ == "__main__":
    main()
