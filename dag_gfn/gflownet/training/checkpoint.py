"""Checkpoints of training: weights, optimiser, random numbers and progress in a safetensors file, without pickle."""

import json
import math
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from dag_gfn.errors import StorageError, shortened
from dag_gfn.files import replacing


def save_checkpoint(
    path: Path,
    policy: torch.nn.Module,
    average: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    generator: torch.Generator,
    state: dict[str, Any],
) -> None:
    """Write the weights, their average, the optimiser, the generator and a `state` that JSON can hold.

    The file is written beside its place and then moved there: if the process is killed, the old or the new file is
    whole.

    Raises
    ------
    StorageError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import torch
    >>> from dag_gfn.gflownet.training.checkpoint import save_checkpoint
    >>> policy, average = torch.nn.Linear(2, 1), torch.nn.Linear(2, 1)
    >>> optimizer, generator = torch.optim.Adam(policy.parameters()), torch.Generator().manual_seed(0)
    >>> state = {"iteration": 3, "planned": 9, "cut_short": False, "seconds": 0.5}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "training.safetensors")
    ...     save_checkpoint(path, policy, average, optimizer, generator, state)
    ...     sorted(file.name for file in Path(folder).iterdir())
    ['training.safetensors']
    """
    tensors = {"generator": generator.get_state()}
    tensors |= {f"policy.{name}": tensor for name, tensor in policy.state_dict().items()}
    tensors |= {f"average.{name}": tensor for name, tensor in average.state_dict().items()}
    for index, entry in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{name}": torch.as_tensor(value) for name, value in entry.items()}
    contents = {
        name: tensor.detach().cpu().clone(memory_format=torch.contiguous_format)
        for name, tensor in tensors.items()
    }
    try:
        with replacing(path) as unfinished:
            save_file(contents, unfinished, metadata={"state": json.dumps(state)})
    except (OSError, SafetensorError) as error:
        raise StorageError(f"cannot write the checkpoint {path}: {error}") from error


def load_checkpoint(
    path: Path,
    policy: torch.nn.Module,
    average: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    generator: torch.Generator,
) -> dict[str, Any]:
    """Restore in place everything that `save_checkpoint` wrote, and return its `state`.

    Raises
    ------
    StorageError
        If the file cannot be read, is damaged, or belongs to another network.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import torch
    >>> from dag_gfn.gflownet.training.checkpoint import load_checkpoint, save_checkpoint
    >>> policy, average = torch.nn.Linear(2, 1), torch.nn.Linear(2, 1)
    >>> optimizer, generator = torch.optim.Adam(policy.parameters()), torch.Generator().manual_seed(0)
    >>> state = {"iteration": 3, "planned": 9, "cut_short": False, "seconds": 0.5}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "training.safetensors")
    ...     save_checkpoint(path, policy, average, optimizer, generator, state)
    ...     before = policy.weight.detach().clone()
    ...     _ = torch.nn.init.zeros_(policy.weight)
    ...     state = load_checkpoint(path, policy, average, optimizer, generator)
    >>> state["iteration"], torch.equal(policy.weight, before)
    (3, True)
    """
    try:
        with safe_open(path, framework="pt") as file:
            state = json.loads((file.metadata() or {})["state"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        _check_state(state)
        for prefix, module in (("policy.", policy), ("average.", average)):
            _check_tensors(prefix, module.state_dict(), tensors)
        moments = _moments(tensors, optimizer)
        # an invalid state of the generator must fail before anything is set
        torch.Generator(device=generator.device).set_state(tensors["generator"])
        for prefix, module in (("policy.", policy), ("average.", average)):
            module.load_state_dict({name: tensors[prefix + name] for name in module.state_dict()})
        optimizer.load_state_dict({**optimizer.state_dict(), "state": moments})
        generator.set_state(tensors["generator"])
    except (
        *(OSError, SafetensorError, KeyError, ValueError, RuntimeError, TypeError),
        *(AttributeError, IndexError, OverflowError),
    ) as error:
        raise StorageError(
            f"cannot go on from the checkpoint {path}: {shortened(str(error))}. It may belong to a run with other "
            "options; repeat those, or start anew with --overwrite"
        ) from error
    return state


def _check_state(state: object) -> None:
    """Raise `ValueError` unless this is the state of a training."""
    if not isinstance(state, dict):
        raise ValueError(f"its state is no record but {shortened(state, 80)}")
    iteration, planned, seconds = (state[name] for name in ("iteration", "planned", "seconds"))
    whole = all(isinstance(number, int) and not isinstance(number, bool) for number in (iteration, planned))
    if not whole or iteration < 0 or planned < 1:
        raise ValueError(f"{shortened(iteration, 40)} of {shortened(planned, 40)} are no numbers of steps")
    if not isinstance(state["cut_short"], bool):
        raise ValueError(f"cut_short should be true or false, not {shortened(state['cut_short'], 40)}")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < math.inf:
        raise ValueError(f"{shortened(seconds, 40)} are no seconds")


def _check_tensors(prefix: str, wanted: dict[str, torch.Tensor], tensors: dict[str, torch.Tensor]) -> None:
    """Raise `ValueError` unless all wanted tensors are there, of their shapes and types, and finite."""
    for name, expected in wanted.items():
        found = tensors[prefix + name]
        if found.shape != expected.shape or found.dtype != expected.dtype:
            raise ValueError(
                f"{prefix}{name} is {tuple(found.shape)} {found.dtype}, not {tuple(expected.shape)} {expected.dtype}"
            )
        if not torch.isfinite(found).all():
            raise ValueError(f"{prefix}{name} is not finite")


def _moments(
    tensors: dict[str, torch.Tensor], optimizer: torch.optim.Optimizer
) -> dict[int, dict[str, torch.Tensor]]:
    """Return the state of the optimiser for each of its parameters, with its shapes checked."""
    ordered = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    moments: dict[int, dict[str, torch.Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith("optimizer."):
            _, number, moment = name.split(".")
            moments.setdefault(int(number), {})[moment] = tensor
    names: dict[tuple[bool, ...], set[str]] = {}
    longest = optimizer.defaults.get("longest_side", math.inf)
    for index, found in moments.items():
        if not 0 <= index < len(ordered):
            raise ValueError(f"there is no parameter {index}")
        shape = tuple(ordered[index].shape)
        rows, columns = (shape[0], shape[1]) if len(shape) == 2 else (None, None)
        sides = {"step": (), **dict.fromkeys(("left", "left_basis"), (rows, rows))}
        sides |= dict.fromkeys(("right", "right_basis"), (columns, columns))
        alike = tuple(side <= longest for side in shape) if len(shape) == 2 else ()
        if found.keys() != names.setdefault(alike, set(found)) or "step" not in found:
            raise ValueError(f"what the optimiser knows of parameter {index} is not what it knows of others")
        for moment, tensor in found.items():
            if tuple(tensor.shape) != sides.get(moment, shape) or not torch.isfinite(tensor).all():
                raise ValueError(
                    f"what the optimiser knows of parameter {index} ({moment}) is of another shape"
                )
    return moments
