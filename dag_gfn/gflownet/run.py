"""What every GFlowNet's fit shares: its device and its training."""

from typing import Any

import torch

from dag_gfn.errors import OptionError, TrainingError
from dag_gfn.gflownet.env.environment import Environment
from dag_gfn.gflownet.objectives import Objective
from dag_gfn.gflownet.policies.flow_model import FlowModel
from dag_gfn.gflownet.training.config import TrainConfig
from dag_gfn.gflownet.training.loop import TrainingResult, train

GRACE = 10.0
"""Seconds for draws after Ctrl-C."""


def usable_device(device: str) -> torch.device:
    """Return the device that torch knows by this name.

    Raises
    ------
    OptionError
        If it cannot be used here.
    """
    try:
        place = torch.device(device)
        torch.Generator(device=place)
    except (RuntimeError, AssertionError) as error:
        raise OptionError(f"device '{device}' cannot be used: {str(error).splitlines()[0]}") from error
    return place


def run_training(
    environment: Environment,
    model: FlowModel,
    objective: Objective,
    config: TrainConfig,
    *,
    seed: int,
    **rest: Any,
) -> TrainingResult:
    """Train as `train` does, from a seed, and say what to do where numbers overflow.

    Raises
    ------
    TrainingError
        If training diverged.
    """
    generator = torch.Generator(device=environment.device).manual_seed(seed)
    try:
        return train(environment, model, objective, config, generator=generator, **rest)
    except (FloatingPointError, torch.linalg.LinAlgError) as error:
        raise TrainingError(
            f"{error}; try another seed, or look for columns whose scores are extreme"
        ) from error
