"""The file of a trained sampler: networks and score table as safetensors, with a description in JSON; no pickle.

The file is all that is needed to use the sampler, without the data. It holds the networks' weights with their sizes,
the table of scores or what makes it again (:mod:`dag_gfn.scores.stored_table`), and the constraints.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from dag_gfn.data.column_selection import MAX_COLUMNS
from dag_gfn.errors import DagGfnError, StorageError, shortened
from dag_gfn.files import replacing
from dag_gfn.gflownet.env.edge_addition import EdgeAddition
from dag_gfn.gflownet.env.root_layers import RootLayers
from dag_gfn.gflownet.policies import EDGE_NETWORKS, LAYER_POLICIES
from dag_gfn.gflownet.policies.edge_mlp import MLPBackward, MLPStateFlow
from dag_gfn.gflownet.policies.flow_model import FlowModel
from dag_gfn.gflownet.policies.sizes import sizes_of
from dag_gfn.gflownet.sampling.inflow import FlowBackward
from dag_gfn.graphs.subsets import unpack
from dag_gfn.scores import ScoreTable
from dag_gfn.scores.stored_table import table_arrays, table_of

FORMAT = 1
_UNREADABLE = (
    *(OSError, SafetensorError, KeyError, ValueError, RuntimeError, TypeError, AttributeError, IndexError),
    *(OverflowError, MemoryError, RecursionError, DagGfnError, StopIteration),
)


@dataclass(frozen=True)
class SamplerFile:
    """What is stored of a sampler.

    Attributes
    ----------
    kind : {"edges", "layers"}
        How it builds graphs.
    names : tuple of str
        The variables.
    policy : {"mlp", "transformer", "families"}
        Kind of network.
    parts : dict
        The model's parts with their sizes, as `save_sampler` describes them.
    weights : dict of str to Tensor
        Parameters of the model.
    arrays : dict of str to ndarray
        What `save_sampler` was given beside the table.
    stored_table : tuple
        Arrays and description of the table.
    path : Path

    Examples
    --------
    See `save_sampler`.
    """

    kind: str
    names: tuple[str, ...]
    policy: str
    parts: dict[str, Any]
    weights: dict[str, Tensor]
    arrays: dict[str, np.ndarray]
    stored_table: tuple[dict[str, np.ndarray], dict[str, Any]]
    path: Path

    def table(self) -> ScoreTable:
        """Return the score table.

        Raises
        ------
        StorageError
            If the file does not hold one.
        """
        try:
            return table_of(*self.stored_table)
        except _UNREADABLE as error:
            raise damaged(self.path, error) from error

    def model(self, environment: EdgeAddition | RootLayers) -> FlowModel:
        """Return the trained model in its environment.

        Raises
        ------
        StorageError
            If the weights are not those of the networks that the file names.
        """
        try:
            self._check_sizes()
            model = _untrained(self.policy, self.parts, environment)
            expected = model.state_dict()
            for name, tensor in self.weights.items():
                if name not in expected or tensor.dtype != expected[name].dtype:
                    raise ValueError(f"the network has no {name} of type {tensor.dtype}")
                if not torch.isfinite(tensor).all():
                    raise ValueError(f"{name} is not finite")
            model.load_state_dict(self.weights)
        except _UNREADABLE as error:
            raise damaged(self.path, error) from error
        return model.to(environment.device).requires_grad_(requires_grad=False)

    def _check_sizes(self) -> None:
        """Raise ValueError where networks would be larger than the weights that are there."""
        largest = max((side for tensor in self.weights.values() for side in tensor.shape), default=0)
        for name, part in self.parts.items():
            for size in part["sizes"].values() if isinstance(part, dict) else ():
                if not isinstance(size, int) or not 0 < size <= max(largest, len(self.weights)):
                    raise ValueError(f"{shortened(size, 40)} is no size of {shortened(name, 40)}")


def save_sampler(
    path: Path, kind: str, table: ScoreTable, model: FlowModel, arrays: dict[str, np.ndarray]
) -> None:
    """Write a sampler, completely or not at all.

    Parameters
    ----------
    path : Path
    kind : {"edges", "layers"}
    table : ScoreTable
    model : FlowModel
    arrays : dict of str to ndarray
        What else the sampler needs.

    Raises
    ------
    StorageError
        If that cannot be done.
    OptionError
        If the table cannot be stored.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.gflownet.edges.model import build_edge_model
    >>> from dag_gfn.gflownet.env.edge_addition import EdgeAddition
    >>> from dag_gfn.gflownet.sampler_file import load_sampler, save_sampler
    >>> from dag_gfn.gflownet.training.config import make_objective
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> table = ScoreTable.build(make_score("bge", from_array(np.random.default_rng(0).normal(size=(9, 2)))))
    >>> model = build_edge_model(EdgeAddition(table), make_objective("modified_db"))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "sampler.safetensors")
    ...     save_sampler(path, "edges", table, model, {})
    ...     stored = load_sampler(path)
    >>> stored.kind, stored.policy, stored.parts["policy"]["sizes"]
    ('edges', 'mlp', {'hidden_size': 256, 'num_layers': 2})
    """
    held, description = table_arrays(table)
    tensors = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    tensors |= {f"table.{name}": torch.from_numpy(np.array(array)) for name, array in held.items()}
    tensors |= {f"arrays.{name}": torch.from_numpy(np.array(array)) for name, array in arrays.items()}
    policies = {"edges": EDGE_NETWORKS, "layers": LAYER_POLICIES}[kind]
    about = {
        "format": FORMAT,
        "kind": kind,
        "policy": next(name for name, of_kind in policies.items() if isinstance(model.policy, of_kind)),
        "parts": _described(model),
        "table": description,
    }
    contents = {name: tensor.detach().cpu().clone().contiguous() for name, tensor in tensors.items()}
    try:
        with replacing(path) as unfinished:
            save_file(contents, unfinished, metadata={"sampler": json.dumps(about)})
    except (OSError, SafetensorError) as error:
        raise StorageError(f"cannot write the sampler {path}: {error}") from error


def load_sampler(path: Path) -> SamplerFile:
    """Read a file of `save_sampler`.

    Raises
    ------
    StorageError
        If it is missing, damaged, from another program, or of a newer version.

    Examples
    --------
    See `save_sampler`.
    """
    try:
        with safe_open(path, framework="pt") as file:
            about = json.loads((file.metadata() or {})["sampler"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        version = about["format"]
        if isinstance(version, int) and version > FORMAT:
            raise StorageError(
                f"the sampler {path} has format {version}; this dag_gfn reads up to {FORMAT}: upgrade it"
            )
        if about["kind"] not in ("edges", "layers") or version != FORMAT:
            raise ValueError("it is of no known kind")
        names = tuple(about["table"]["names"])
        if not 1 <= len(names) <= MAX_COLUMNS or not all(isinstance(name, str) for name in names):
            raise ValueError(f"it names {len(names)} variables")
        return SamplerFile(
            about["kind"],
            names,
            about["policy"],
            about["parts"],
            {name.removeprefix("model."): t for name, t in tensors.items() if name.startswith("model.")},
            _numpy(tensors, "arrays."),
            (_numpy(tensors, "table."), about["table"]),
            path,
        )
    except StorageError:
        raise
    except _UNREADABLE as error:
        raise damaged(path, error) from error


def damaged(path: Path, error: BaseException) -> StorageError:
    """Return the error to raise for a file that is not what it seems.

    Examples
    --------
    >>> from pathlib import Path
    >>> from dag_gfn.gflownet.sampler_file import damaged
    >>> print(damaged(Path("s.safetensors"), KeyError("kind")))
    the sampler s.safetensors is damaged or not from dag_gfn ('kind'): fit again with save_sampler (--save-sampler)
    """
    why = " ".join(shortened(str(error) or type(error).__name__).split())
    return StorageError(
        f"the sampler {path} is damaged or not from dag_gfn ({why}): fit again with save_sampler (--save-sampler)"
    )


def _numpy(tensors: dict[str, Tensor], prefix: str) -> dict[str, np.ndarray]:
    return {
        name.removeprefix(prefix): tensor.numpy()
        for name, tensor in tensors.items()
        if name.startswith(prefix)
    }


def _described(model: FlowModel) -> dict[str, Any]:
    """Return the parts of a model with their sizes."""
    parts: dict[str, Any] = {
        "policy": {"sizes": sizes_of(model.policy)},
        "backward": None,
        "state_flow": None,
        "forward_looking": model.forward_looking,
        "shared_flow": model.shared_flow,
        "log_z": model.log_z is not None,
    }
    if isinstance(model.backward, FlowBackward):
        parts["backward"] = "flows"
    elif model.backward is not None:
        parts["backward"] = {"sizes": sizes_of(model.backward)}
    if model.state_flow is not None:
        parts["state_flow"] = {"sizes": sizes_of(model.state_flow)}
    return parts


def _untrained(policy: str, parts: dict[str, Any], environment: EdgeAddition | RootLayers) -> FlowModel:
    """Return a model of these parts whose weights are not yet those of the file."""
    d, sizes = environment.num_nodes, parts["policy"]["sizes"]
    if isinstance(environment, RootLayers):
        network = LAYER_POLICIES[policy](environment.log_all, environment.log_without, **sizes)
    else:
        network = EDGE_NETWORKS[policy](d, **sizes)
    network = network.to(environment.device)
    backward: Any = None
    if parts["backward"] == "flows" and isinstance(environment, EdgeAddition):
        backward = FlowBackward(environment, network)
    elif parts["backward"] is not None and isinstance(environment, EdgeAddition):
        required = unpack(environment.table.constraints.required, d).T
        backward = MLPBackward(d, required, **parts["backward"]["sizes"])
    flow = parts["state_flow"]
    return FlowModel(
        network,
        backward=backward,
        state_flow=None
        if flow is None
        else MLPStateFlow(d, forward_looking=parts["forward_looking"], **flow["sizes"]),
        forward_looking=parts["forward_looking"],
        shared_flow=parts["shared_flow"],
        log_z=0.0 if parts["log_z"] else None,
    )
