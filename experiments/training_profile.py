"""Where the time of training goes: the share of each part, over some gradient steps of a GFlowNet on simulated data.

A part's time is that of its functions without those of other parts which they call. Erdős-Rényi graphs, 100 rows, raw,
BGe, with one expected edge per node up to 10 nodes and two beyond; one thread.

    python experiments/training_profile.py --environment layers --nodes 10,15 --steps 400
"""

import argparse
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd
import torch
from options import numbers
from summaries import markdown, print_table

import dag_gfn

PARTS = {
    "environment": [
        *(
            "dag_gfn.gflownet.env.root_layers.RootLayers.observe",
            "dag_gfn.gflownet.env.root_layers.RootLayers.step",
        ),
        *(
            "dag_gfn.gflownet.env.edge_addition.EdgeAddition.observe",
            "dag_gfn.gflownet.env.edge_addition.EdgeAddition.step",
        ),
    ],
    "table look-up": [
        "dag_gfn.gflownet.env.root_layers.RootLayers._within",
        "dag_gfn.gflownet.env.edge_addition.EdgeAddition._local_scores",
        "dag_gfn.gflownet.env.edge_addition.EdgeAddition._column_gains",
    ],
    "forward": [
        "dag_gfn.gflownet.policies.layer_network.LayerNetwork.forward",
        "dag_gfn.gflownet.policies.layer_network.LayerNetwork.logits_and_flow",
        "dag_gfn.gflownet.policies.edge_mlp.EdgeMLP.forward",
        "dag_gfn.gflownet.policies.edge_transformer.EdgeTransformer.forward",
    ],
    "replay": ["dag_gfn.gflownet.training.replay.TrajectoryReplay.sample"],
    "rest of collecting": ["dag_gfn.gflownet.training.loop.rollout"],
    "rest of the objective": [
        "dag_gfn.gflownet.training.loop.evaluate",
        "dag_gfn.gflownet.training.loop._Training.loss",
    ],
    "backward": ["torch.Tensor.backward"],
    "optimiser": [
        *(
            "torch.optim.Adam.step",
            "dag_gfn.gflownet.training.soap.SOAP.step",
            "torch.nn.utils.clip_grad_norm_",
        ),
        "dag_gfn.gflownet.training.loop._Training.follow",
    ],
    "rest": ["dag_gfn.gflownet.run.train"],
}
"""Functions by the part of training that they are; the rest is training itself."""


class Parts:
    """Seconds by part, of which one at a time is being timed.

    Attributes
    ----------
    seconds : dict of str to float
        Network passes while trajectories are collected are a part of their own.
    """

    def __init__(self):
        self.seconds: dict[str, float] = defaultdict(float)
        self._open: list[str] = []
        self._since = 0.0

    def timed(self, part: str, function: Callable) -> Callable:
        """Return the function, whose time counts for the part where it is called in training."""

        @wraps(function)
        def measured(*arguments: Any, **options: Any) -> Any:
            if not self._open and part != "rest":
                return function(*arguments, **options)
            collecting = part == "forward" and "rest of collecting" in self._open
            self._turn()
            self._open.append("forward, collecting" if collecting else part)
            try:
                return function(*arguments, **options)
            finally:
                self._turn()
                self._open.pop()

        return measured

    def _turn(self) -> None:
        """Give the time since the last turn to the part that was being timed."""
        now = time.perf_counter()
        if self._open:
            self.seconds[self._open[-1]] += now - self._since
        self._since = now


@contextmanager
def timing() -> Iterator[Parts]:
    """Time the parts of all training within."""
    parts = Parts()
    with ExitStack() as patches:
        for part, functions in PARTS.items():
            for name in functions:
                original, _ = patch(name).get_original()
                patches.enter_context(patch(name, parts.timed(part, original)))
        yield parts


def profile(environment: str, nodes: int, steps: int) -> dict[str, float]:
    """Train for some steps and return the seconds that each part took of them."""
    data = dag_gfn.simulate(nodes, 100, rng=np.random.default_rng(0), edges_per_node=1 if nodes <= 10 else 2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nobody asks for convergence
        with timing() as parts:
            dag_gfn.fit(
                data,
                method="gflownet",
                environment=environment,
                standardize=False,
                exact_check=False,
                iterations=steps,
                num_samples=100,
                train_options={"monitor_every": 1.0},
                progress=False,
            )
    return dict(parts.seconds)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--environment", choices=("layers", "edges"), default="layers")
    parser.add_argument("--nodes", type=numbers, default=[10, 15], help="such as 10,15")
    parser.add_argument("--steps", type=int, default=400, help="gradient steps")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    profile(options.environment, 4, 20)  # compiles
    seconds = {nodes: profile(options.environment, nodes, options.steps) for nodes in options.nodes}
    first = seconds[options.nodes[0]]
    table = pd.DataFrame({"part": sorted(first, key=first.__getitem__, reverse=True)})
    for nodes, parts in seconds.items():
        total = sum(parts.values())
        table[f"d = {nodes}"] = [f"{parts.get(part, 0.0) / total:.1%}" for part in table["part"]]
    rates = [f"{options.steps / sum(parts.values()):,.0f}" for parts in seconds.values()]
    table.loc[len(table)] = ["steps per second", *rates]
    title = f"Training, {options.environment}, {options.steps} gradient steps"
    print_table(title, table)
    print(markdown(title, table))


if __name__ == "__main__":
    main()
