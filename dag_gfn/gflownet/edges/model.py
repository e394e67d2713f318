"""The untrained model of a GFlowNet over edges."""

import torch

from dag_gfn.gflownet.env.edge_addition import EdgeAddition
from dag_gfn.gflownet.objectives import Objective
from dag_gfn.gflownet.policies import EDGE_POLICIES
from dag_gfn.gflownet.policies.edge_mlp import MLPBackward, MLPStateFlow
from dag_gfn.gflownet.policies.family_network import FamilyNetwork
from dag_gfn.gflownet.policies.flow_model import FlowModel
from dag_gfn.gflownet.sampling.importance import importance_estimate
from dag_gfn.graphs.subsets import unpack
from dag_gfn.layerings.family_posterior import FamilyPosterior

_START_SAMPLES = 512


def build_edge_model(
    environment: EdgeAddition,
    objective: Objective,
    *,
    policy: str = "mlp",
    backward: str | None = None,
    families: FamilyPosterior | None = None,
) -> FlowModel:
    """Return an untrained model with all that the objective needs, on the environment's device.

    Its weights are drawn from torch's global generator, or within `DrawnFrom` from a given one. Flows start
    from what the scores say if pairs of nodes were independent, and log Z, or a flow that must be learned as a
    whole, from what the importance weights of the untrained policy say. With a posterior of parent sets the network is
    the one that begins with it.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.gflownet.edges.model import build_edge_model
    >>> from dag_gfn.gflownet.env.edge_addition import EdgeAddition
    >>> from dag_gfn.gflownet.objectives import OBJECTIVES
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> table = ScoreTable.build(make_score("bge", from_array(np.random.default_rng(0).normal(size=(10, 3)))))
    >>> model = build_edge_model(EdgeAddition(table), OBJECTIVES["wake_sleep"]())
    >>> model.backward is not None, model.log_z is not None  # the objective learns a backward policy
    (True, False)
    """
    d = environment.num_nodes
    network = EDGE_POLICIES[policy](d) if families is None else FamilyNetwork.with_families(families)
    network = network.to(environment.device)
    start = 0.0
    forward_looking = "forward_looking_flow" in objective.needs
    if "log_z" in objective.needs or ("log_flow" in objective.needs and not forward_looking):
        generator = torch.Generator(device=environment.device).manual_seed(0)
        start = importance_estimate(environment, network, _START_SAMPLES, generator=generator).log_z
        start -= float(environment.initial_state(1).log_reward)
    learned = learns_backward(objective, backward)
    required = unpack(environment.table.constraints.required, d).T
    model = FlowModel(
        network,
        backward=MLPBackward(d, required) if learned else None,
        state_flow=MLPStateFlow(d, forward_looking=forward_looking, start=start)
        if "log_flow" in objective.needs
        else None,
        forward_looking=forward_looking,
        log_z=start if "log_z" in objective.needs else None,
    )
    return model.to(environment.device)


def learns_backward(objective: Objective, backward: str | None) -> bool:
    """Return whether a backward policy is learned: as is asked for, else as the objective does by default.

    Examples
    --------
    >>> from dag_gfn.gflownet.edges.model import learns_backward
    >>> from dag_gfn.gflownet.objectives import OBJECTIVES
    >>> learns_backward(OBJECTIVES["modified_db"](), None), learns_backward(OBJECTIVES["modified_db"](), "learned")
    (False, True)
    """
    return objective.learns_backward if backward is None else backward == "learned"
