"""How well a GFlowNet's features correlate with the exact ones over many data sets of five variables.

For every data set (Erdős-Rényi graph with one expected edge per node, 100 rows, raw data, BGe, uniform prior) the
probabilities of edges, paths and Markov blankets are taken from a trained GFlowNet and from the exact posterior. The
correlation is over the ordered pairs of all data sets together, as in Deleu et al. (UAI 2022, figure 3).

    python experiments/exact_correlation.py --graphs 20 --seconds 60 --jobs 2
"""

import argparse
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from curves import save
from gflownet_run import FEATURES, exact, report, simulated, train
from methods import LOOKS
from options import add_run_options, require_known
from runs import Parameters, Record, carry_out
from summaries import MISSING, decimal, interval_half_width, scientific, write_csv, write_page

OUT = Path("experiments/results/exact_correlation")
PUBLISHED = {"edge": 0.9992, "path": 0.9989, "markov_blanket": 0.9997}
"""Pearson r over 20 graphs of five nodes: Deleu et al., UAI 2022, figure 3."""
TITLES = {"edge": "edges", "path": "paths", "markov_blanket": "Markov blankets"}


def run(nodes: int, objective: str, noise_variance: float, seed: int, seconds: float) -> dict[str, Any]:
    """Train once; record both posteriors' features, entry (i, j) being about i → j (row → column)."""
    data = simulated(nodes, seed, noise_variance)
    posterior = train(data, objective=objective, behaviour="off", seed=seed, seconds=seconds)
    reference = exact(data)
    features = {
        feature: {
            "estimated": posterior.marginal(feature).values,
            "exact": reference.marginal(feature).values,
        }
        for feature in FEATURES
    }
    return {**report(posterior), "features": features}


def plan(options: argparse.Namespace) -> list[Parameters]:
    """Return the parameters of all runs; the seed is of the data and of training."""
    return [
        {
            "nodes": options.nodes,
            "objective": options.objective,
            "noise_variance": options.noise_variance,
            "seed": seed,
            "seconds": options.seconds,
        }
        for seed in range(options.graphs)
    ]


def pairs(record: Record, feature: str) -> tuple[np.ndarray, np.ndarray]:
    """Return a run's estimated and exact probabilities of the ordered pairs, without the diagonal."""
    matrices = record["result"]["features"][feature]
    estimated, true = np.array(matrices["estimated"]), np.array(matrices["exact"])
    different = ~np.eye(len(true), dtype=bool)
    return estimated[different], true[different]


def pooled(records: list[Record], feature: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the estimated and exact probabilities of all runs one after the other."""
    estimated, true = zip(*(pairs(record, feature) for record in records), strict=True)
    return np.concatenate(estimated), np.concatenate(true)


def pearson_r(x: np.ndarray, y: np.ndarray) -> float:
    """Return the correlation; nan where one of the two is constant."""
    x, y = x - x.mean(), y - y.mean()
    scale = np.sqrt((x @ x) * (y @ y))
    return float(x @ y / scale) if scale > 0 else float("nan")


def correlations(planned: list[Parameters], records: list[Record]) -> pd.DataFrame:
    """Return a row for each feature: the pooled correlation, that of single graphs, and the published one."""
    done = [record for record in records if "error" not in record]
    rows = []
    for feature in FEATURES:
        r = rmse = worst = float("nan")
        single: list[float] = []
        if done:
            estimated, true = pooled(done, feature)
            r, rmse = pearson_r(estimated, true), float(np.sqrt(np.mean((estimated - true) ** 2)))
            worst = float(np.abs(estimated - true).max())
            single = [pearson_r(*pairs(record, feature)) for record in done]
            single = [value for value in single if np.isfinite(value)]
        rows.append(
            {
                "feature": feature,
                "planned": len(planned),
                "done": len(done),
                "failed": len(records) - len(done),
                "pearson_r": r,
                "published": PUBLISHED[feature],
                "rmse": rmse,
                "max_error": worst,
                "graph_pearson_r": float(np.mean(single)) if single else float("nan"),
                "graph_pearson_r_half_width": interval_half_width(single),
            }
        )
    return pd.DataFrame(rows)


def shown(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table that people read."""
    return pd.DataFrame(
        {
            "feature": table["feature"].map(TITLES),
            "graphs": [f"{row.done} of {row.planned}" for row in table.itertuples()],
            "pooled Pearson r": table["pearson_r"].map(decimal),
            "published": table["published"].map(decimal),
            "RMSE": table["rmse"].map(scientific),
            "largest error": table["max_error"].map(scientific),
            "mean r of single graphs ± 95 %": [
                decimal(row.graph_pearson_r)
                if decimal(row.graph_pearson_r_half_width) == MISSING
                else f"{row.graph_pearson_r:.4f} ± {row.graph_pearson_r_half_width:.4f}"
                for row in table.itertuples()
            ],
        }
    )


def draw(records: list[Record], table: pd.DataFrame, file: Path) -> Path:
    """Draw estimated against exact probabilities, a panel for each feature."""
    figure, panels = plt.subplots(1, len(FEATURES), figsize=(17, 6.2), layout="constrained")
    for axes, row in zip(panels, table.itertuples(), strict=True):
        estimated, true = pooled(records, row.feature)
        axes.plot([0, 1], [0, 1], color="black", linewidth=0.8)
        axes.plot(true, estimated, "o", color="#008DF9", markeredgecolor="none", markersize=7, alpha=0.45)
        axes.set_aspect("equal")
        axes.set_title(f"{TITLES[row.feature]}: r = {decimal(row.pearson_r)} (published {row.published:.4f})")
        axes.set_xlabel("exact probability")
    panels[0].set_ylabel("probability from the GFlowNet")
    return save(figure, file)


def write(planned: list[Parameters], records: list[Record], out: Path) -> None:
    """Print and write the table and the figure of the runs that there are."""
    table = correlations(planned, records)
    write_csv(table, out / "correlations.csv")
    done = [record for record in records if "error" not in record]
    figures = [draw(done, table, out / "scatter.png")] if done else []
    sections = [("Pearson r over the ordered pairs of all graphs", shown(table))]
    write_page(
        out / "tables.md", "Features of a GFlowNet and of the exact posterior", sections, records, figures
    )


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--graphs", type=int, default=20, help="data sets, with seeds from 0")
    parser.add_argument("--nodes", type=int, default=5, help="at most 5")
    parser.add_argument("--objective", default="modified_db", help="what the GFlowNet minimises")
    parser.add_argument("--noise-variance", type=float, default=0.01, help="of the simulated data")
    add_run_options(parser, OUT)
    options = parser.parse_args(arguments)
    if options.smoke:
        options.graphs, options.nodes, options.seconds = 2, 3, 0.5
    require_known(parser, "--objective", [options.objective], list(LOOKS))
    if not 2 <= options.nodes <= 5:
        parser.error("--nodes takes numbers from 2 to 5")
    return options


def main(arguments: list[str] | None = None) -> None:
    options = parse(arguments)
    carry_out(options, OUT, plan(options), run, write)


if __name__ == "__main__":
    main()
