"""The untrained model of a GFlowNet over root layerings."""

from typing import cast

import torch

from dag_gfn.gflownet.env.root_layers import RootLayers
from dag_gfn.gflownet.objectives import Objective
from dag_gfn.gflownet.policies import LAYER_POLICIES
from dag_gfn.gflownet.policies.flow_model import FlowModel
from dag_gfn.gflownet.policies.layer_network import LayerNetwork
from dag_gfn.gflownet.policies.layer_observation import LayerObservation
from dag_gfn.gflownet.training.replay import TrajectoryReplay


def build_layer_model(
    environment: RootLayers, objective: Objective, guides: TrajectoryReplay | None, *, policy: str = "mlp"
) -> FlowModel:
    """Return an untrained model with all that the objective needs, on the environment's device.

    Its weights are drawn from torch's global generator, or within `DrawnFrom` from a given one. Flows, and log
    Z, start from what is gained along the guides.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.gflownet.env.root_layers import RootLayers
    >>> from dag_gfn.gflownet.layers.model import build_layer_model
    >>> from dag_gfn.gflownet.objectives import OBJECTIVES
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> table = ScoreTable.build(make_score("bge", from_array(np.random.default_rng(0).normal(size=(10, 3)))))
    >>> environment = RootLayers(LayerWeights.build(table))
    >>> model = build_layer_model(environment, OBJECTIVES["trajectory_balance"](), None)
    >>> model.backward is None, model.log_z is not None  # each layering is built in one way
    (True, True)
    """
    network = LAYER_POLICIES[policy](environment.log_all, environment.log_without).to(environment.device)
    if guides is not None:
        fit_flow(network, environment, guides)
    log_z = None
    if "log_z" in objective.needs:
        with torch.no_grad():
            log_z = float(network.logits_and_flow(environment.observe(environment.initial_state(1)))[1])
    model = FlowModel(network, shared_flow=True, forward_looking=True, log_z=log_z)
    return model.to(environment.device)


def fit_flow(
    network: LayerNetwork,
    environment: RootLayers,
    guides: TrajectoryReplay,
    *,
    beside_corrections: bool = False,
) -> None:
    """Fit the linear part of a network's flow to what is gained along the guides, in place.

    With `beside_corrections` what the network has learned elsewhere is taken into account: the flow is then right along
    the guides from the first step on, and training does not spoil the policy by making up for it.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from dag_gfn.gflownet.env.root_layers import RootLayers
    >>> from dag_gfn.gflownet.layers.model import fit_flow
    >>> from dag_gfn.gflownet.policies.layer_mlp import LayerMLP
    >>> from dag_gfn.gflownet.sampling.rollouts import backward_rollout
    >>> from dag_gfn.gflownet.training.replay import TrajectoryReplay
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> environment, guides = RootLayers(LayerWeights.of(np.zeros((2, 2)))), TrajectoryReplay(1)
    >>> shown = environment.state_of(torch.tensor([[0, 0], [0, 1], [1, 0]]))
    >>> guides.add(backward_rollout(environment, shown, generator=torch.Generator()))
    >>> network = LayerMLP(environment.log_all, environment.log_without)
    >>> fit_flow(network, environment, guides, beside_corrections=True)
    >>> flow = network.logits_and_flow(environment.observe(environment.initial_state(1)))[1]
    >>> abs(flow.item()) < 0.1  # the gain of single draws, log 1
    True
    """
    shown = guides.batches[0]
    rows = shown.position // shown.shape[1]
    final = (shown.ends.log_reward - environment.initial_state(1).log_reward).float()
    gain = final[rows] - shown.log_reward
    seen = cast(LayerObservation, shown.observation)
    network.start_from(seen, gain, beside_corrections=beside_corrections)
