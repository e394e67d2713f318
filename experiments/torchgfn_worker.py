"""Train torchgfn on a hypergrid, as a program for a Python that has it (torchgfn 2.4.1, numpy < 2).

`torchgfn_hypergrid.py` starts it. It reads its parameters as JSON from the standard input and writes JSON to the
standard output: at each of the iterations `at`, the forward policy's logits of all cells in row-major order.
"""

import copy
import json
import math
import sys
import time
from importlib.metadata import version

import torch
from gfn.estimators import DiscretePolicyEstimator, ScalarEstimator
from gfn.gflownet import DBGFlowNet, TBGFlowNet
from gfn.gym import HyperGrid
from gfn.preprocessors import KHotPreprocessor
from gfn.utils.modules import MLP
from torch.optim.swa_utils import AveragedModel


def flow_network(objective: str, environment: HyperGrid, hidden: int, layers: int) -> torch.nn.Module:
    """Return perceptrons on one-hot coordinates, with a uniform backward policy."""
    coordinates = KHotPreprocessor(environment.height, environment.ndim)

    def network(outputs: int) -> MLP:
        return MLP(coordinates.output_dim, outputs, hidden_dim=hidden, n_hidden_layers=layers)

    actions = environment.n_actions
    forward = DiscretePolicyEstimator(network(actions), actions, preprocessor=coordinates)
    backward = DiscretePolicyEstimator.uniform(actions, preprocessor=coordinates)
    if objective == "trajectory_balance":
        return TBGFlowNet(forward, backward)
    return DBGFlowNet(forward, backward, ScalarEstimator(network(1), preprocessor=coordinates))


def rate(progress: float, warmup: float) -> float:
    """Return the learning rate as a share of its peak: a linear warm-up, then a cosine to zero."""
    if progress < warmup:
        return 0.01 + 0.99 * progress / warmup
    return (1 + math.cos(math.pi * (progress - warmup) / (1 - warmup))) / 2


def mean_of_weights(decay: float):
    """Return the exponential average whose decay begins low, as that of `dag_gfn.gflownet.training.loop`."""

    def averaged(mean: torch.Tensor, value: torch.Tensor, count: torch.Tensor) -> torch.Tensor:
        return torch.lerp(value, mean, min(decay, (2 + int(count)) / (11 + int(count))))

    return averaged


def train(given: dict) -> dict:
    """Train on-policy and return the policies on the way, and the reward of each cell."""
    torch.set_num_threads(1)
    torch.manual_seed(given["seed"])
    rewards = {"R0": given["r0"], "R1": given["r1"], "R2": given["r2"]}
    environment = HyperGrid(given["dimensions"], given["side"], "original", rewards)
    side = [torch.arange(given["side"])] * given["dimensions"]
    cells = environment.States(torch.cartesian_prod(*side).view(-1, given["dimensions"]))
    model = flow_network(given["objective"], environment, given["hidden_size"], given["num_layers"])
    total = [value for name, value in model.named_parameters() if "logZ" in name]
    others = [value for name, value in model.named_parameters() if "logZ" not in name]
    groups = [{"params": others, "lr": given["learning_rate"]}]
    groups += [{"params": total, "lr": given["log_z_learning_rate"]}] if total else []
    optimizer = torch.optim.Adam(groups)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: rate(step / given["iterations"], given["warmup"])
    )
    average = AveragedModel(copy.deepcopy(model.pf), avg_fn=mean_of_weights(given["average_decay"]))
    start, policies = time.perf_counter(), []
    for iteration in range(1, given["iterations"] + 1):
        trajectories = model.sample_trajectories(environment, n=given["batch_size"], save_logprobs=False)
        optimizer.zero_grad()
        model.loss_from_trajectories(environment, trajectories).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), given["gradient_clip"])
        optimizer.step()
        schedule.step()
        average.update_parameters(model.pf)
        if iteration in given["at"]:
            with torch.no_grad():
                policies.append(average.module(cells).tolist())
    return {
        "version": version("torchgfn"),
        "seconds": time.perf_counter() - start,
        "rewards": environment.reward(cells).tolist(),
        "policies": policies,
    }


if __name__ == "__main__":
    print(json.dumps(train(json.load(sys.stdin))))
