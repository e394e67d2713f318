"""TB and DB on the 8 x 8 hypergrid with this package and with torchgfn, after the same number of states visited.

Networks, batches, optimiser, schedule and averages of weights are alike; initial weights are each library's own. Both
policies are judged by the same code: the L1 distance of their exact distribution from the target. torchgfn needs
numpy < 2, so it runs as a program of another Python. Without it nothing is measured.

    python -m venv torchgfn-venv && torchgfn-venv/bin/pip install torchgfn==2.4.1 'numpy<2'
    python experiments/torchgfn_hypergrid.py --python torchgfn-venv/bin/python --seeds 2 --states 32000
"""

import argparse
import json
import subprocess
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from hypergrid import BATCH, Hypergrid, config_of, run
from jaxtyping import Float
from options import add_run_options, folder, seeds
from runs import console
from summaries import write_csv
from torch import Tensor

from dag_gfn.gflownet.env.hypergrid import terminal_probabilities
from dag_gfn.gflownet.policies.grid_mlp import GridObservation

OUT = Path("experiments/results/torchgfn_hypergrid")
WORKER = Path(__file__).with_name("torchgfn_worker.py")
OBJECTIVES = ("trajectory_balance", "detailed_balance")
SIDE, DIMENSIONS = 8, 2


class Tabulated:
    """A policy whose logits are listed for each cell, in row-major order."""

    def __init__(self, logits: Float[Tensor, "n a"]):
        self.logits = logits

    def __call__(self, observation: GridObservation) -> Float[Tensor, "b a"]:
        return self.logits[observation.number]


def has_torchgfn(python: Path | None) -> bool:
    """Return whether this Python is there and finds torchgfn."""
    if python is None:
        return False
    look = "import importlib.util as i, sys; sys.exit(i.find_spec('gfn') is None)"
    try:
        return subprocess.run([python, "-c", look], check=False).returncode == 0
    except OSError:
        return False


def train_with_torchgfn(
    python: Path, objective: str, seed: int, states: int, at: list[int]
) -> dict[str, Any]:
    """Train in the other Python, with the options that `hypergrid.run` has; see `torchgfn_worker.py`."""
    config, environment = config_of("on", states), Hypergrid(DIMENSIONS, SIDE)
    rates = ("learning_rate", "log_z_learning_rate", "warmup", "gradient_clip", "average_decay")
    given = {
        "objective": objective,
        "seed": seed,
        "at": at,
        "dimensions": DIMENSIONS,
        "side": SIDE,
        **{name: getattr(environment, name) for name in ("r0", "r1", "r2")},
        "hidden_size": 256,
        "num_layers": 2,
        **{name: getattr(config, name) for name in ("iterations", "batch_size", *rates)},
    }
    done = subprocess.run(
        [python, WORKER], input=json.dumps(given), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"torchgfn failed:\n{done.stderr}")
    return json.loads(done.stdout)


def distances(answer: dict[str, Any]) -> list[float]:
    """Return the L1 distance of each policy from the target, which must be the same in both libraries."""
    environment = Hypergrid(DIMENSIONS, SIDE)
    target = environment.target()
    rewards = torch.tensor(answer["rewards"], dtype=torch.float64)
    torch.testing.assert_close(rewards / rewards.sum(), target, rtol=1e-5, atol=0)
    found = [
        terminal_probabilities(environment, Tabulated(torch.tensor(logits))) for logits in answer["policies"]
    ]
    return [float((p - target).abs().sum()) for p in found]


def compare(python: Path, objective: str, seed: int, states: int) -> pd.DataFrame:
    """Return a row for each point at which both were judged."""
    own = run(DIMENSIONS, SIDE, 0.1, objective, "on", seed, states)
    history = own["history"]
    at = [int(iteration) for iteration in history["iteration"]]
    other = train_with_torchgfn(python, objective, seed, states, at)
    return pd.DataFrame(
        {
            "objective": objective,
            "seed": seed,
            "states": [BATCH * iteration for iteration in at],
            "dag_gfn_l1": history["l1"],
            "torchgfn_l1": distances(other),
            "dag_gfn_seconds": own["training_seconds"],
            "torchgfn_seconds": other["seconds"],
            "torchgfn_version": other["version"],
        }
    )


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--python", type=Path, help="a Python that has torchgfn")
    parser.add_argument("--seeds", type=seeds, default=[0], help="such as 0,1,2, or how many")
    parser.add_argument("--states", type=int, default=32_000, help="that a run visits")
    add_run_options(parser, OUT, timed=False)
    options = parser.parse_args(arguments)
    if not has_torchgfn(options.python):
        console.print(f"skipped: no torchgfn in the Python {options.python} (--python PATH names another)")
        return
    tables = [
        compare(options.python, objective, seed, 64 if options.smoke else options.states)
        for seed in options.seeds
        for objective in OBJECTIVES
    ]
    table = pd.concat(tables, ignore_index=True)
    console.print(table.groupby(["objective", "seed"]).last().to_string())
    out = folder(options, OUT)
    out.mkdir(parents=True, exist_ok=True)
    write_csv(table, out / "l1.csv")


if __name__ == "__main__":
    main()
