"""The untrained model of a GFlowNet over root layerings."""

import torch

from dag_gfn.gflownet.env.root_layers import RootLayers
from dag_gfn.gflownet.objectives import Objective
from dag_gfn.gflownet.policies import LAYER_POLICIES
from dag_gfn.gflownet.policies.flow_model import FlowModel
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
        for_fit = guides.batches[0]
        rows = for_fit.position // for_fit.shape[1]
        final = (for_fit.ends.log_reward - environment.initial_state(1).log_reward).float()
        network.start_from(for_fit.observation, final[rows] - for_fit.log_reward)
    log_z = None
    if "log_z" in objective.needs:
        with torch.no_grad():
            log_z = float(network.logits_and_flow(environment.observe(environment.initial_state(1)))[1])
    model = FlowModel(network, shared_flow=True, forward_looking=True, log_z=log_z)
    return model.to(environment.device)
