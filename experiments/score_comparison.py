"""Modified detailed balance and trajectory balance on two scores, against iterations.

Erdős-Rényi graphs of five nodes with one expected edge per node, 100 rows, noise variance 0.1, raw data, uniform
prior; scored by BGe and by the linear-Gaussian score with known noise variance. Published beside it: Deleu et al. (UAI
2024, figure 4), 100,000 iterations and 20 seeds.

    python experiments/score_comparison.py --seeds 0,1,2 --seconds 60 --jobs 2
"""

import argparse
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from curves import draw_curve, histories, log_axes, save
from gflownet_run import report, simulated, train
from matplotlib.lines import Line2D
from methods import LOOKS
from options import add_run_options, names, require_known, seeds
from runs import Parameters, Record, carry_out
from summaries import runs_done, scientific, summarise, with_interval, write_csv, write_page

OUT = Path("experiments/results/score_comparison")
NOISE_VARIANCE = 0.1
SCORES = {"bge": "BGe", "linear_gaussian": "linear-Gaussian"}

PUBLISHED = {
    ("bge", "trajectory_balance"): {50_000: 5.6e-3, 100_000: 8.1e-4},
    ("bge", "modified_db"): {50_000: 1.0e-2, 100_000: 3.8e-3},
    ("linear_gaussian", "modified_db"): {100_000: 9.6e-3},
    ("linear_gaussian", "trajectory_balance"): {100_000: 5.8e-2},
}
"""JSD in nats by iterations, read off the curves of Deleu et al., UAI 2024, figure 4."""


def run(nodes: int, score: str, objective: str, behaviour: str, seed: int, seconds: float) -> dict[str, Any]:
    """Train once and return what is recorded; the seed is of the data and of training."""
    known_noise = NOISE_VARIANCE if score == "linear_gaussian" else None
    posterior = train(
        simulated(nodes, seed, NOISE_VARIANCE),
        score=score,
        noise_variance=known_noise,
        objective=objective,
        behaviour=behaviour,
        seed=seed,
        seconds=seconds,
    )
    return report(posterior)


def plan(options: argparse.Namespace) -> list[Parameters]:
    """Return the parameters of all runs, seed by seed."""
    return [
        {
            "nodes": options.nodes,
            "score": score,
            "objective": objective,
            "behaviour": "off",
            "seed": seed,
            "seconds": options.seconds,
        }
        for seed in options.seeds
        for score in options.scores
        for objective in options.objectives
    ]


def divergences(planned: list[Parameters], records: list[Record]) -> pd.DataFrame:
    """Return a row for each score and objective, with the published JSD where there is one."""
    table = summarise(planned, records, by=("nodes", "score", "objective"), figures=("jsd", "iterations"))
    for iterations in (50_000, 100_000):
        table[f"published_{iterations}"] = [
            PUBLISHED.get((row.score, row.objective), {}).get(iterations, np.nan)
            if row.nodes == 5
            else np.nan
            for row in table.itertuples()
        ]
    return table


def shown(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table that people read."""
    return pd.DataFrame(
        {
            "score": table["score"].map(SCORES),
            "objective": [LOOKS[name].title for name in table["objective"]],
            "runs": table.apply(runs_done, axis=1),
            "iterations (median)": ["-" if pd.isna(v) else f"{v:,.0f}" for v in table["iterations_median"]],
            "JSD, mean ± 95 %": table.apply(with_interval, axis=1, figure="jsd"),
            "median": table["jsd_median"].map(scientific),
            "all values": [" ".join(map(scientific, values)) or "-" for values in table["jsd_values"]],
            "published, 50,000": ["" if pd.isna(v) else scientific(v) for v in table["published_50000"]],
            "published, 100,000": ["" if pd.isna(v) else scientific(v) for v in table["published_100000"]],
        }
    )


def draw(planned: list[Parameters], records: list[Record], file: Path) -> Path:
    """Draw JSD against iterations, a panel for each score: thick the median, thin the seeds, points as published."""
    scores = list(dict.fromkeys(parameters["score"] for parameters in planned))
    objectives = list(dict.fromkeys(parameters["objective"] for parameters in planned))
    five = all(parameters["nodes"] == 5 for parameters in planned)
    figure, panels = plt.subplots(
        1, len(scores), figsize=(7.5 * len(scores) + 1, 7), layout="constrained", squeeze=False, sharey=True
    )
    for axes, score in zip(panels[0], scores, strict=True):
        for objective in objectives:
            look, setting = LOOKS[objective], {"score": score, "objective": objective}
            for history in histories(records, **setting):
                axes.plot(history["iteration"], history["jsd"], color=look.colour, linewidth=0.7, alpha=0.5)
            draw_curve(axes, records, "iteration", setting, color=look.colour, linewidth=2.5)
            points = PUBLISHED.get((score, objective), {}) if five else {}
            axes.plot(
                list(points),
                list(points.values()),
                color=look.colour,
                marker=look.marker,
                markersize=11,
                markeredgecolor="black",
                linestyle=":",
            )
        log_axes(axes, "iteration")
        axes.set_title(f"{SCORES[score]} score")
    panels[0][0].set_ylabel("JSD in nats")
    handles = [Line2D([], [], color=LOOKS[name].colour, label=LOOKS[name].title) for name in objectives]
    handles += [
        Line2D([], [], color="grey", linewidth=2.5, label="median over seeds"),
        Line2D([], [], color="grey", linewidth=0.7, label="one seed"),
        Line2D([], [], color="grey", marker="o", linestyle=":", markeredgecolor="black", label="published"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    return save(figure, file)


def write(planned: list[Parameters], records: list[Record], out: Path) -> None:
    """Print and write the table and the figure of the runs that there are."""
    table = divergences(planned, records)
    write_csv(table, out / "divergences.csv")
    done = any("error" not in record for record in records)
    figures = [draw(planned, records, out / "jsd_iterations.png")] if done else []
    sections = [("JSD in nats, d = " + ", ".join(map(str, table["nodes"].unique())), shown(table))]
    write_page(out / "tables.md", "Two scores", sections, records, figures)


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--scores", type=names, default=list(SCORES), help="bge,linear_gaussian or one of them"
    )
    parser.add_argument(
        "--objectives", type=names, default=["modified_db", "trajectory_balance"], help="names with commas"
    )
    parser.add_argument("--seeds", type=seeds, default=[0, 1, 2], help="such as 0,1,2, or how many")
    parser.add_argument("--nodes", type=int, default=5, help="at most 5")
    add_run_options(parser, OUT)
    options = parser.parse_args(arguments)
    if options.smoke:
        options.nodes, options.seeds, options.seconds = 3, [0], 0.5
    require_known(parser, "--scores", options.scores, list(SCORES))
    require_known(parser, "--objectives", options.objectives, list(LOOKS))
    if not 2 <= options.nodes <= 5:
        parser.error("--nodes takes numbers from 2 to 5")
    return options


def main(arguments: list[str] | None = None) -> None:
    options = parse(arguments)
    carry_out(options, OUT, plan(options), run, write)


if __name__ == "__main__":
    main()
