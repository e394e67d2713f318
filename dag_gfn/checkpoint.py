"""Training states on disk: safetensors, no pickle, complete or absent."""

import json
import os
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from dag_gfn.errors import StorageError


def save_checkpoint(
    path: Path,
    policy: torch.nn.Module,
    average: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    generator: torch.Generator,
    state: dict,
) -> None:
    """Write weights, their average, the optimiser and the generator, with `state` (JSON) beside them.

    The file is written next to its place and moved there, so that a kill leaves the old one or the new one.

    Raises
    ------
    StorageError
        If that cannot be done.
    """
    tensors = {"generator": generator.get_state()}
    tensors |= {f"policy.{name}": tensor for name, tensor in policy.state_dict().items()}
    tensors |= {f"average.{name}": tensor for name, tensor in average.state_dict().items()}
    for index, entry in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{name}": torch.as_tensor(value) for name, value in entry.items()}
    unfinished = path.with_suffix(".new")
    contents = {
        name: tensor.detach().cpu().clone(memory_format=torch.contiguous_format)
        for name, tensor in tensors.items()
    }
    try:
        save_file(contents, unfinished, metadata={"state": json.dumps(state)})
        os.replace(unfinished, path)
    except (OSError, SafetensorError) as error:
        raise StorageError(f"cannot write the checkpoint {path}: {error}") from error


def load_checkpoint(
    path: Path,
    policy: torch.nn.Module,
    average: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    generator: torch.Generator,
) -> dict:
    """Set everything that `save_checkpoint` wrote, in place, and return its `state`.

    Raises
    ------
    StorageError
        If the file cannot be read or belongs to another network.
    """
    try:
        with safe_open(path, framework="pt") as file:
            state = json.loads((file.metadata() or {})["state"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        for prefix, module in (("policy.", policy), ("average.", average)):
            module.load_state_dict({name: tensors[prefix + name] for name in module.state_dict()})
        moments: dict[int, dict] = {}
        for name, tensor in tensors.items():
            if name.startswith("optimizer."):
                _, index, moment = name.split(".")
                moments.setdefault(int(index), {})[moment] = tensor
        optimizer.load_state_dict({**optimizer.state_dict(), "state": moments})
        generator.set_state(tensors["generator"])
    except (OSError, SafetensorError, KeyError, ValueError, RuntimeError) as error:
        raise StorageError(
            f"cannot go on from the checkpoint {path}: {error}. It may belong to a run with other options; "
            "repeat those, or start anew with --overwrite"
        ) from error
    return state
