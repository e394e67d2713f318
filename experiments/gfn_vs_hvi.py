"""GFlowNet objectives against hierarchical variational inference, on three to five simulated variables.

Every objective, on-policy and off-policy, is trained for the same time on the same data: Erdős-Rényi graphs with one
expected edge per node, 100 rows, noise variance 0.01, raw data, BGe, uniform prior, as in Malkin et al. (ICLR 2023,
table 2), who trained for 100,000 iterations. Figures are of the policy's exact distribution over all DAGs.

    python experiments/gfn_vs_hvi.py --seeds 0,1,2 --seconds 60 --jobs 2
    python experiments/gfn_vs_hvi.py --seeds 0,1,2 --seconds 60 --table-only
"""

import argparse
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from curves import draw_curve, log_axes, save
from gflownet_run import FEATURES, report, simulated, train
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from methods import HIERARCHICAL_VI, LOOKS, methods, title
from options import add_run_options, names, numbers, require_known, seeds
from runs import Parameters, Record, carry_out
from summaries import decimal, runs_done, scientific, summarise, with_interval, write_csv, write_page

OUT = Path("experiments/results/gfn_vs_hvi")
NOISE_VARIANCE = 0.01

PUBLISHED = {
    ("modified_db", "off"): {3: 5.32e-6, 4: 2.05e-5, 5: 4.65e-4},
    ("trajectory_balance", "off"): {3: 3.70e-7, 4: 9.35e-6, 5: 5.44e-4},
    ("trajectory_balance", "on"): {3: 0.022, 4: 0.123, 5: 0.277},
    ("reverse_kl", "on"): {3: 0.022, 4: 0.125, 5: 0.306},
    ("published_off_policy_kl", "off"): {3: 0.014, 4: 0.605, 5: 0.656},
}
"""JSD in nats by method and number of nodes after 100,000 iterations: Malkin et al., ICLR 2023, table 2."""

RMSE = {
    "edge_rmse": "edges",
    "path_rmse": "paths",
    "markov_blanket_rmse": "Markov blankets",
    "graph_rmse": "distribution over DAGs",
}
PEARSON = dict(zip([f"{feature}_pearson_r" for feature in FEATURES], RMSE.values(), strict=False))
SETTING = ("nodes", "objective", "behaviour")


def run(nodes: int, objective: str, behaviour: str, seed: int, seconds: float) -> dict[str, Any]:
    """Train once and return what is recorded; the seed is of the data and of training."""
    data = simulated(nodes, seed, NOISE_VARIANCE)
    return report(train(data, objective=objective, behaviour=behaviour, seed=seed, seconds=seconds))


def plan(options: argparse.Namespace) -> list[Parameters]:
    """Return the parameters of all runs, seed by seed, so that every setting has a run early."""
    return [
        {
            "nodes": nodes,
            "objective": objective,
            "behaviour": behaviour,
            "seed": seed,
            "seconds": options.seconds,
        }
        for seed in options.seeds
        for nodes in options.nodes
        for objective, behaviour in methods(options.objectives, options.behaviours)
    ]


def accuracy(planned: list[Parameters], records: list[Record]) -> pd.DataFrame:
    """Return one row for each number of nodes and method, with the published JSD beside ours."""
    table = summarise(
        planned, records, by=SETTING, figures=("jsd", "tv", *RMSE, *PEARSON, "iterations", "training_seconds")
    )
    table["jsd_published"] = [
        PUBLISHED.get((row.objective, row.behaviour), {}).get(row.nodes, np.nan) for row in table.itertuples()
    ]
    return table


def sections(table: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Return the titled tables that are shown, as strings; the best mean of each number of nodes is bold."""
    shown = []
    for nodes, rows in table.groupby("nodes"):
        titles = [title(*method) for method in zip(rows["objective"], rows["behaviour"], strict=True)]
        divergence = pd.DataFrame(
            {
                "method": titles,
                "runs": rows.apply(runs_done, axis=1).tolist(),
                "iterations (median)": [
                    "-" if pd.isna(value) else f"{value:,.0f}" for value in rows["iterations_median"]
                ],
                "JSD, mean ± 95 %": rows.apply(with_interval, axis=1, figure="jsd").tolist(),
                "median": rows["jsd_median"].map(scientific).tolist(),
                "all values": [" ".join(map(scientific, values)) or "-" for values in rows["jsd_values"]],
                "published": ["" if pd.isna(v) else f"{v:.2e}" for v in rows["jsd_published"]],
            }
        )
        if rows["jsd"].notna().any():
            best = int(np.nanargmin(rows["jsd"]))
            divergence.loc[best, "JSD, mean ± 95 %"] = f"**{divergence.loc[best, 'JSD, mean ± 95 %']}**"
        errors = {
            label: rows.apply(with_interval, axis=1, figure=name).tolist() for name, label in RMSE.items()
        }
        correlations = {
            label: rows.apply(with_interval, axis=1, figure=name, number=decimal).tolist()
            for name, label in PEARSON.items()
        }
        shown += [
            (f"JSD in nats, d = {nodes}", divergence),
            (f"RMSE, d = {nodes}", pd.DataFrame({"method": titles, **errors})),
            (f"Pearson r of the features, d = {nodes}", pd.DataFrame({"method": titles, **correlations})),
        ]
    return shown


def method_legend(present: list[tuple[str, str]], patches: bool) -> list[Line2D | Patch]:
    """Return what a legend explains: a colour for each objective, and how the behaviours differ."""
    objectives = list(dict.fromkeys(objective for objective, _ in present))
    handles: list[Line2D | Patch] = []
    for objective in objectives:
        look = LOOKS[objective]
        label = f"{look.title} (HVI)" if objective in HIERARCHICAL_VI else look.title
        if patches:
            handles.append(Patch(facecolor=look.colour, label=label))
        else:
            handles.append(Line2D([], [], color=look.colour, marker=look.marker, label=label))
    if patches:
        handles += [
            Patch(facecolor="lightgrey", edgecolor="black", label="off-policy"),
            Patch(facecolor="lightgrey", edgecolor="black", hatch="////", label="on-policy"),
        ]
    else:
        handles += [
            Line2D([], [], color="black", label="off-policy"),
            Line2D([], [], color="black", linestyle="--", label="on-policy"),
        ]
    return handles


def draw_rmse(table: pd.DataFrame, file: Path) -> Path:
    """Draw the mean RMSE of each method against the number of nodes; a dot is a seed."""
    present = list(dict.fromkeys(zip(table["objective"], table["behaviour"], strict=True)))
    nodes = sorted(table["nodes"].unique())
    width = 0.86 / len(present)
    figure, panels = plt.subplots(4, 1, figsize=(15, 19), layout="constrained")
    for axes, (name, label) in zip(panels, RMSE.items(), strict=True):
        for place, (objective, behaviour) in enumerate(present):
            rows = table[(table["objective"] == objective) & (table["behaviour"] == behaviour)]
            for _, row in rows.iterrows():
                at = nodes.index(row["nodes"]) + (place - (len(present) - 1) / 2) * width
                axes.bar(
                    at,
                    row[name],
                    0.92 * width,
                    color=LOOKS[objective].colour,
                    edgecolor="black",
                    linewidth=0.5,
                    hatch="////" if behaviour == "on" else None,
                )
                values = row[f"{name}_values"]
                axes.plot(
                    [at] * len(values), values, "o", color="black", markeredgecolor="white", markersize=4
                )
        axes.set_yscale("log")
        axes.set_xticks(range(len(nodes)), [f"d = {d}" for d in nodes])
        axes.grid(axis="x", visible=False)
        axes.set_xlim(-0.5, len(nodes) - 0.5)
        axes.set_ylabel("RMSE")
        axes.set_title(label, loc="left")
    figure.legend(handles=method_legend(present, patches=True), loc="outside lower center", ncols=4)
    figure.suptitle("Error against the exact posterior (bars: means over seeds, dots: seeds)", fontsize=16)
    return save(figure, file)


def draw_divergence(planned: list[Parameters], records: list[Record], along: str, file: Path) -> Path:
    """Draw the median JSD of each method against iterations or seconds, a panel for each number of nodes."""
    nodes = sorted({parameters["nodes"] for parameters in planned})
    present = list(dict.fromkeys((p["objective"], p["behaviour"]) for p in planned))
    figure, panels = plt.subplots(
        1, len(nodes), figsize=(6.5 * len(nodes) + 1, 8), layout="constrained", squeeze=False
    )
    for axes, d in zip(panels[0], nodes, strict=True):
        for objective, behaviour in present:
            look = LOOKS[objective]
            draw_curve(
                axes,
                records,
                along,
                {"nodes": d, "objective": objective, "behaviour": behaviour},
                color=look.colour,
                linestyle="-" if behaviour == "off" else "--",
                linewidth=1.8,
                marker=look.marker,
                markersize=6,
                markevery=0.15,
            )
        log_axes(axes, along)
        axes.set_title(f"d = {d}")
        best = min((values[d] for values in PUBLISHED.values() if d in values), default=None)
        if best is not None:
            axes.axhline(best, color="black", linewidth=0.8, label="published")
    panels[0][0].set_ylabel("JSD in nats, median over seeds")
    handles = method_legend(present, patches=False)
    handles.append(Line2D([], [], color="black", linewidth=0.8, label="best published (100,000 iterations)"))
    figure.legend(handles=handles, loc="outside lower center", ncols=4)
    return save(figure, file)


def write(planned: list[Parameters], records: list[Record], out: Path) -> None:
    """Print and write the tables and the figures of the runs that there are."""
    table = accuracy(planned, records)
    write_csv(table, out / "accuracy.csv")
    figures = []
    if any("error" not in record for record in records):
        figures = [
            draw_rmse(table, out / "rmse.png"),
            draw_divergence(planned, records, "iteration", out / "jsd_iterations.png"),
            draw_divergence(planned, records, "seconds", out / "jsd_seconds.png"),
        ]
    heading = "GFlowNet objectives and hierarchical variational inference"
    write_page(out / "tables.md", heading, sections(table), records, figures)


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nodes", type=numbers, default=[3, 4, 5], help="such as 3,4,5; at most 5")
    parser.add_argument(
        "--objectives", type=names, default=list(LOOKS), help="names with commas; default all"
    )
    parser.add_argument("--behaviours", type=names, default=["off", "on"], help="off,on or one of them")
    parser.add_argument("--seeds", type=seeds, default=[0, 1, 2], help="such as 0,1,2, or how many")
    add_run_options(parser, OUT)
    options = parser.parse_args(arguments)
    if options.smoke:
        options.nodes, options.objectives = [3], ["modified_db", "reverse_kl"]
        options.seeds, options.seconds = [0], 0.5
    require_known(parser, "--objectives", options.objectives, list(LOOKS))
    require_known(parser, "--behaviours", options.behaviours, ["off", "on"])
    if not all(2 <= nodes <= 5 for nodes in options.nodes):
        parser.error("--nodes takes numbers from 2 to 5: beyond, no distribution over all DAGs can be had")
    return options


def main(arguments: list[str] | None = None) -> None:
    options = parse(arguments)
    carry_out(options, OUT, plan(options), run, write)


if __name__ == "__main__":
    main()
