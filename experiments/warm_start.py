"""What a warm start saves: training from an earlier fit's sampler beside training from the beginning.

A GFlowNet over root layers is trained on a sample of a random linear-Gaussian network, with the default number of
steps or another, and saved. Then the problem changes a little:

- rows: a tenth more rows;
- prior: the graph prior `fair` in place of the uniform one;
- tier: two columns come before all others (those that least probably have parents).

On each changed problem it is trained with a part of these steps, cold (from the beginning) and warm (from the
saved sampler; 0 steps are the saved sampler as it is). Printed are, for the trained sampler itself, the largest edge
error of its draws without weights, the share of the draws that importance weights leave, the error of its log evidence,
and the seconds of training, guides included. The Markov chains that judge a fit do not run here.

    python experiments/warm_start.py --columns 10 --out experiments/results/warm_start/columns_10.csv
"""

import argparse
import csv
import tempfile
import time
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch

import dag_gfn
from dag_gfn.exact.dag_dp import exact_marginals
from dag_gfn.gflownet.chains import draw_guides
from dag_gfn.gflownet.env.root_layers import RootLayers
from dag_gfn.gflownet.layers.model import build_layer_model, fit_flow
from dag_gfn.gflownet.layers.sampler import LayerSampler
from dag_gfn.gflownet.sampler_file import load_sampler
from dag_gfn.gflownet.sampling.rollouts import backward_rollout
from dag_gfn.gflownet.training.config import default_config, make_objective
from dag_gfn.gflownet.training.loop import train
from dag_gfn.gflownet.training.replay import TrajectoryReplay
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.scores import BGe, Constraints, ScoreTable, make_prior

DRAWS = 10_000
OBJECTIVE = make_objective("subtrajectory_balance")


def problems(columns: int, rows: int, seed: int) -> tuple[ScoreTable, dict[str, ScoreTable]]:
    """Return the table of scores of the earlier fit, and that of each changed problem."""
    larger = dag_gfn.simulate(columns, rows + rows // 10, rng=np.random.default_rng(seed))
    smaller = BGe(replace(larger, values=larger.values[:rows]).standardize())
    earlier = ScoreTable.build(smaller)
    first = np.argsort(exact_marginals(earlier).edge.sum(axis=0))[:2]
    names = earlier.names
    back = [(a, names[k]) for k in first for a in names if a not in {names[j] for j in first}]
    return earlier, {
        "rows": ScoreTable.build(BGe(larger.standardize())),
        "prior": ScoreTable.build(smaller, make_prior("fair", columns)),
        "tier": ScoreTable.build(smaller, None, Constraints.from_names(names, forbidden=back)),
    }


def trained(
    table: ScoreTable, steps: int, start: dict[str, torch.Tensor] | None, seed: int, rate: float = 3e-3
) -> tuple[LayerSampler, float]:
    """Return a trained sampler, and the seconds that it took."""
    began = time.perf_counter()
    options = {"learning_rate": rate}
    config = default_config(table.d, environment="layers", iterations=max(steps, 1), options=options)
    weights = LayerWeights.build(table)
    environment = RootLayers(weights)
    if steps == 0:
        model = build_layer_model(environment, OBJECTIVE, None)
        model.load_state_dict(start)
        return LayerSampler(table, weights, model.requires_grad_(False)), time.perf_counter() - began
    shown = torch.from_numpy(draw_guides(weights, seed=seed, training_iterations=steps).layer_of)
    guides, generator = TrajectoryReplay(len(shown)), torch.Generator().manual_seed(seed)
    for part in shown.split(512):
        guides.add(backward_rollout(environment, environment.state_of(part), generator=generator))
    torch.manual_seed(seed)
    model = build_layer_model(environment, OBJECTIVE, guides)
    if start is not None:
        model.load_state_dict(start)
        fit_flow(model.policy, environment, guides, beside_corrections=True)
    training = train(environment, model, OBJECTIVE, config, generator=generator, guides=guides)
    return LayerSampler(table, weights, training.policy), time.perf_counter() - began


def figures(sampler: LayerSampler, seconds: float) -> dict[str, float]:
    """Return how far a sampler is from the exact posterior."""
    exact = exact_marginals(sampler.table)
    drawn = sampler.layerings(DRAWS, seed=0)
    log_z = float(np.logaddexp.reduce(drawn.log_weights)) - np.log(len(drawn))
    return {
        "edge_error": float(np.abs(drawn.edges(sampler.weights).values - exact.edge).max()),
        "ess": drawn.effective_samples / len(drawn),
        "log_z_error": float(abs(log_z - exact.log_evidence)),
        "seconds": seconds,
    }


def main() -> None:
    """Train in all ways, print a line for each training, and write them to a file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--columns", type=int, default=10)
    parser.add_argument("--rows", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--steps", type=int, help="of the earlier training; by default as many as a fit takes"
    )
    parser.add_argument("--changes", default="rows,prior,tier")
    parser.add_argument("--warm", default="0,0.03125,0.125,0.25", help="parts of these steps")
    parser.add_argument("--cold", default="0.25,0.5,1", help="parts of these steps")
    parser.add_argument("--rates", default="0.003", help="learning rates of warm trainings")
    parser.add_argument("--out", type=Path, default=Path("experiments/results/warm_start/trainings.csv"))
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    whole = chosen.steps or default_config(chosen.columns, environment="layers").iterations
    earlier, changed = problems(chosen.columns, chosen.rows, chosen.seed)
    sampler, seconds = trained(earlier, whole, None, chosen.seed)
    with tempfile.TemporaryDirectory() as folder:
        sampler.save(Path(folder) / "sampler.safetensors")
        start = load_sampler(Path(folder) / "sampler.safetensors").weights
    lines: list[dict[str, Any]] = []

    def note(change: str, way: str, steps: int, rate: float, found: dict[str, float]) -> None:
        asked = {"columns": chosen.columns, "change": change, "start": way, "steps": steps, "rate": rate}
        lines.append(asked | found)
        shown = {name: round(v, 4) if isinstance(v, float) else v for name, v in lines[-1].items()}
        print(shown, flush=True)
        chosen.out.parent.mkdir(parents=True, exist_ok=True)
        with chosen.out.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(lines[0]))
            writer.writeheader()
            writer.writerows(lines)

    note("none", "cold", whole, 3e-3, figures(sampler, seconds))
    for change in chosen.changes.split(","):
        for way, parts, rates in (("warm", chosen.warm, chosen.rates), ("cold", chosen.cold, "0.003")):
            wanted = [float(part) for part in parts.split(",") if part]
            for part, rate in product(wanted, map(float, rates.split(","))):
                steps, of_way = round(part * whole), start if way == "warm" else None
                made = trained(changed[change], steps, of_way, chosen.seed + 1, rate)
                note(change, way, steps, rate, figures(*made))


if __name__ == "__main__":
    main()
