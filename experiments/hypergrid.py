"""GFlowNet objectives and hierarchical variational inference on hypergrids, against states visited.

Every objective, on-policy and off-policy, on the grids of Bengio et al. (NeurIPS 2021) and Malkin et al. (ICLR 2023,
section 4.1). The L1 distance is the sum over cells of |p(x) - R(x)/Z|; for the mean over cells, as published, divide it
by their number. Both of the policy's exact distribution, and of the last 200,000 states visited, as published.

    python experiments/hypergrid.py --grids 8^2 --seeds 2 --states 32000
    python experiments/hypergrid.py --grids 8^2 --seeds 2 --states 32000 --table-only
"""

import argparse
import re
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
import torch
from curves import draw_curve, log_axes, save
from gfn_vs_hvi import method_legend
from jaxtyping import Int
from methods import LOOKS, methods, title
from options import add_run_options, budgets, names, require_known, seeds
from runs import Parameters, Record, carry_out
from summaries import MISSING, runs_done, summarise, with_interval, write_csv, write_page
from torch import Tensor

from dag_gfn.gflownet.env.hypergrid import GridState, Hypergrid, terminal_probabilities
from dag_gfn.gflownet.objectives import Objective
from dag_gfn.gflownet.policies.flow_model import FlowModel
from dag_gfn.gflownet.policies.grid_mlp import GridBackward, GridMLP, GridStateFlow
from dag_gfn.gflownet.policies.initial_weights import DrawnFrom
from dag_gfn.gflownet.sampling.exploration import EpsilonSchedule
from dag_gfn.gflownet.training.config import TrainConfig, make_objective
from dag_gfn.gflownet.training.loop import train

OUT = Path("experiments/results/hypergrid")
WINDOW = 200_000
"""States visited last that make the empirical distribution."""
MAX_EXACT = 1 << 17
"""With more cells, the exact distribution of a policy is left out."""
MAX_CELLS = 1 << 23
"""With more cells, not even the target can be listed."""
BATCH = 16
"""Trajectories, and states visited, in a gradient step."""
FIGURES = ("l1", "visited_l1", "modes")
SETTING = ("side", "dimensions", "r0", "objective", "behaviour")


class VisitedGrid(Hypergrid):
    """A hypergrid that notes where trajectories stop."""

    def __init__(self, num_dimensions: int, side: int, *, r0: float):
        super().__init__(num_dimensions, side, r0=r0)
        self.visited = 0
        self.recent = torch.empty(WINDOW, dtype=torch.long)
        self.found = torch.zeros(self.num_modes + 1, dtype=torch.bool)  # the last one is for cells of no mode
        self.goal = self.target()

    def step(self, state: GridState, action: Int[Tensor, " b"]) -> GridState:
        """Note the states in which the action is the stop, and take the step."""
        stopped = (action == self.stop_action).nonzero().squeeze(1)
        self.recent[(self.visited + torch.arange(len(stopped))) % WINDOW] = state.number[stopped]
        self.visited += len(stopped)
        self.found[self.mode_of(state.cell[stopped])] = True
        return super().step(state, action)

    def progress(self, policy: FlowModel) -> dict[str, float]:
        """Return how near the policy and the states visited are to the target, and how many modes were visited."""
        visits = self.recent[: self.visited].bincount(minlength=self.num_cells).double()
        figures = {
            "states": float(self.visited),
            "visited_l1": float((visits / visits.sum() - self.goal).abs().sum()),
            "modes": float(self.found[:-1].sum()),
        }
        if self.num_cells <= MAX_EXACT:
            figures["l1"] = float((terminal_probabilities(self, policy) - self.goal).abs().sum())
        return figures


def untrained(environment: Hypergrid, objective: Objective, generator: torch.Generator) -> FlowModel:
    """Return perceptrons with all that the objective needs."""
    size = environment.num_nodes, environment.side
    with DrawnFrom(generator):
        return FlowModel(
            GridMLP(*size),
            backward=GridBackward(*size) if objective.learns_backward else None,
            state_flow=GridStateFlow(*size) if "log_flow" in objective.needs else None,
            forward_looking="forward_looking_flow" in objective.needs,
            log_z=0.0 if "log_z" in objective.needs else None,
        )


def config_of(behaviour: str, states: int) -> TrainConfig:
    """Return the options of training: off-policy with exploration and replay, on-policy with neither."""
    off = behaviour == "off"
    return TrainConfig(
        iterations=max(states // BATCH, 1),
        batch_size=BATCH,
        rollout_size=16 * BATCH if off else BATCH,
        steps_per_rollout=16 if off else 1,
        replay_batches=20 if off else 1,
        exploration=EpsilonSchedule(0.3, 0.0) if off else EpsilonSchedule(0.0, 0.0),
        optimizer="adam",
        learning_rate=1e-3,
        log_z_learning_rate=0.1,
        average_decay=0.99,
    )


def run(
    dimensions: int, side: int, r0: float, objective: str, behaviour: str, seed: int, states: int
) -> dict[str, Any]:
    """Train once and return what is recorded."""
    torch.set_num_threads(1)  # networks this small gain nothing from more
    environment, chosen = VisitedGrid(dimensions, side, r0=r0), make_objective(objective)
    generator = torch.Generator().manual_seed(seed)
    model = untrained(environment, chosen, generator)
    result = train(
        environment,
        model,
        chosen,
        config_of(behaviour, states),
        generator=generator,
        monitor=environment.progress,
    )
    if result.interrupted:
        raise KeyboardInterrupt
    along = [report.metrics for report in result.history]
    history = {name: [at[name] for at in along] for name in ("states", *FIGURES) if name in along[-1]}
    history["iteration"] = [float(report.iteration) for report in result.history]
    history["seconds"] = [report.seconds for report in result.history]
    return {
        **environment.progress(result.policy),
        "num_modes": environment.num_modes,
        "iterations": result.iterations,
        "training_seconds": result.seconds,
        "history": history,
    }


def plan(options: argparse.Namespace) -> list[Parameters]:
    """Return the parameters of all runs, seed by seed, so that every setting has a run early."""
    return [
        {
            "dimensions": dimensions,
            "side": side,
            "r0": r0,
            "objective": objective,
            "behaviour": behaviour,
            "seed": seed,
            "states": options.states,
        }
        for seed in options.seeds
        for side, dimensions in options.grids
        for r0 in options.r0
        for objective, behaviour in methods(options.objectives, options.behaviours)
    ]


def curve(records: list[Record]) -> pd.DataFrame:
    """Return a row for each point of each run's history."""
    return pd.DataFrame(
        [
            {
                **{name: record["parameters"][name] for name in (*SETTING, "seed")},
                **{name: history[name][k] for name in ("states", *FIGURES) if name in history},
            }
            for record in records
            if "error" not in record
            for history in [record["result"]["history"]]
            for k in range(len(history["states"]))
        ],
        columns=[*SETTING, "seed", "states", *FIGURES],
    )


def sections(table: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Return a titled table for each grid, as strings."""
    shown = []
    for (side, dimensions, r0), rows in table.groupby(["side", "dimensions", "r0"], sort=False):
        lines = {
            "method": [title(*method) for method in zip(rows["objective"], rows["behaviour"], strict=True)],
            "runs": rows.apply(runs_done, axis=1).tolist(),
            "L1, exact": rows.apply(with_interval, axis=1, figure="l1").tolist(),
            "L1, last states visited": rows.apply(with_interval, axis=1, figure="visited_l1").tolist(),
            "modes visited": [
                MISSING if pd.isna(value) else f"{value:g} of {2**dimensions}" for value in rows["modes"]
            ],
            "seconds": [MISSING if pd.isna(value) else f"{value:.0f}" for value in rows["training_seconds"]],
        }
        shown.append((f"{grid_name(side, dimensions)}, R0 = {r0:g}", pd.DataFrame(lines)))
    return shown


def grid_name(side: int, dimensions: int) -> str:
    """Return what a grid is called, as ``8^2``."""
    return f"{side}^{dimensions}"


def draw(planned: list[Parameters], records: list[Record], file: Path) -> Path:
    """Draw the median distance of each method against states visited, a panel for each grid."""
    grids = list(dict.fromkeys((p["side"], p["dimensions"], p["r0"]) for p in planned))
    present = list(dict.fromkeys((p["objective"], p["behaviour"]) for p in planned))
    size = (6.5 * len(grids) + 1, 8)
    figure, panels = plt.subplots(1, len(grids), figsize=size, layout="constrained", squeeze=False)
    for axes, (side, dimensions, r0) in zip(panels[0], grids, strict=True):
        exact = side**dimensions <= MAX_EXACT
        for objective, behaviour in present:
            look = LOOKS[objective]
            draw_curve(
                axes,
                records,
                "states",
                {
                    "side": side,
                    "dimensions": dimensions,
                    "r0": r0,
                    "objective": objective,
                    "behaviour": behaviour,
                },
                figure="l1" if exact else "visited_l1",
                color=look.colour,
                linestyle="-" if behaviour == "off" else "--",
                marker=look.marker,
                markevery=0.2,
            )
        log_axes(axes, "states")
        kind = "" if exact else ", of states visited"
        axes.set_title(f"{grid_name(side, dimensions)}, R0 = {r0:g}{kind}")
    panels[0][0].set_ylabel("L1 distance, median over seeds")
    figure.legend(handles=method_legend(present, patches=False), loc="outside lower center", ncols=4)
    return save(figure, file)


def write(planned: list[Parameters], records: list[Record], out: Path) -> None:
    """Print and write the tables and the figure of the runs that there are."""
    table = summarise(planned, records, by=SETTING, figures=(*FIGURES, "training_seconds"))
    write_csv(curve(records), out / "curve.csv")
    done = any("error" not in record for record in records)
    figures = [draw(planned, records, out / "l1.png")] if done else []
    write_page(out / "tables.md", "Hypergrids", sections(table), records, figures)


def grids(text: str) -> list[tuple[int, int]]:
    """Read ``8^2,8^4`` as cells per side and dimensions."""
    found = []
    for part in text.split(","):
        match = re.fullmatch(r"(\d+)\^(\d+)", part)
        if match is None:
            raise argparse.ArgumentTypeError(
                f"{part!r} is no grid: write cells per side ^ dimensions, as 8^2"
            )
        side, dimensions = int(match[1]), int(match[2])
        if side < 2 or dimensions < 1 or side**dimensions > MAX_CELLS:
            raise argparse.ArgumentTypeError(f"{part} has fewer than 2 or more than {MAX_CELLS:,} cells")
        found.append((side, dimensions))
    return found


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--grids", type=grids, default="8^2,16^2,32^2,64^2,8^4", help="default %(default)s")
    parser.add_argument("--r0", type=budgets, default=[0.1], help="reward everywhere, such as 0.1,0.01,0.001")
    parser.add_argument("--objectives", type=names, default=list(LOOKS), help="with commas; default all")
    parser.add_argument("--behaviours", type=names, default=["off", "on"], help="off,on or one of them")
    parser.add_argument("--seeds", type=seeds, default=[0, 1, 2], help="such as 0,1,2, or how many")
    parser.add_argument("--states", type=int, default=200_000, help="that a run visits")
    add_run_options(parser, OUT, timed=False)
    options = parser.parse_args(arguments)
    if options.smoke:
        options.grids, options.objectives = [(8, 2)], ["trajectory_balance", "reverse_kl"]
        options.seeds, options.states = [0], 320
    require_known(parser, "--objectives", options.objectives, list(LOOKS))
    require_known(parser, "--behaviours", options.behaviours, ["off", "on"])
    return options


def main(arguments: list[str] | None = None) -> None:
    options = parse(arguments)
    carry_out(options, OUT, plan(options), run, write)


if __name__ == "__main__":
    main()
