"""Evaluation of a policy on trajectories: the terms that objectives read."""

import torch
from torch import Tensor

from dag_gfn.gflownet.env.environment import EnvironmentWithPredecessors
from dag_gfn.gflownet.env.trajectories import NO_ACTION, Trajectories
from dag_gfn.gflownet.objectives.objective import FlowTerms
from dag_gfn.gflownet.policies.flow_model import FlowModel
from dag_gfn.gflownet.policies.masking import masked_log_softmax
from dag_gfn.gflownet.policies.policy import Policy
from dag_gfn.gflownet.sampling.inflow import log_inflow


def evaluate(
    policy: Policy,
    trajectories: Trajectories,
    *,
    target: Policy | None = None,
    environment: EnvironmentWithPredecessors | None = None,
) -> FlowTerms:
    """Return the terms that an objective reads, with gradients of the policy.

    Parameters
    ----------
    policy : Policy
        If it is a `FlowModel`, its flows, its backward policy and its log Z are used too.
    trajectories : Trajectories
    target : Policy, optional
        Target network: an older copy of the policy. It then gives the stop probability and the flow of the next state,
        without gradient.
    environment : EnvironmentWithPredecessors, optional
        If given, the inflow of each state is computed as well, which evaluates the policy on all predecessors.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.gflownet.env.edge_addition import EdgeAddition
    >>> from dag_gfn.gflownet.policies.uniform import UniformPolicy
    >>> from dag_gfn.gflownet.sampling.evaluation import evaluate
    >>> from dag_gfn.gflownet.sampling.rollouts import rollout
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> rows = np.random.default_rng(0).normal(size=(20, 3))
    >>> environment = EdgeAddition(ScoreTable.build(make_score("bge", from_array(rows)), None))
    >>> walks = rollout(environment, UniformPolicy(), 5, generator=torch.Generator().manual_seed(0))
    >>> terms = evaluate(UniformPolicy(), walks)
    >>> terms.log_pf[:, 0].exp().tolist()  # six edges and the stop are legal in the empty graph
    [0.1428571492433548, 0.1428571492433548, 0.1428571492433548, 0.1428571492433548, 0.1428571492433548]
    """
    model = FlowModel.of(policy)
    # with few nodes many states are equal, and the network need not evaluate one twice
    place, which = trajectories.distinct_states()
    seen = trajectories.observation[place]
    legal = seen.legal_actions
    logits, flow = model.logits_and_flow(seen)
    log_p = masked_log_softmax(logits, legal)
    left = trajectories.action != NO_ACTION
    stops = trajectories.action == legal.shape[1] - 1
    mask = trajectories.pad(left)
    padded_stops = trajectories.pad(stops)
    goes_on = mask & ~padded_stops

    def of_states(values: Tensor) -> Tensor:
        return trajectories.pad(values[which])

    def log_flow(flow_model: FlowModel, values: Tensor) -> Tensor:
        # equal observations can have different rewards so far, as in root layerings
        of_each = values[which]
        return trajectories.pad(of_each + trajectories.log_reward if flow_model.forward_looking else of_each)

    def of_next(values: Tensor) -> Tensor:
        following = torch.cat([values[:, 1:], values.new_zeros(values.shape[0], 1)], dim=1)
        return following.where(goes_on, 0.0)

    can_stop = legal[:, -1]
    log_stop = of_states(log_p[:, -1].where(can_stop, 0.0))
    aimed_stop, aimed, aimed_flow = log_stop, model, flow
    if target is not None:
        with torch.no_grad():
            aimed = FlowModel.of(target)
            aimed_logits, aimed_flow = aimed.logits_and_flow(seen)
            aimed_stop = of_states(masked_log_softmax(aimed_logits, legal)[:, -1].where(can_stop, 0.0))
    taken = trajectories.action.clamp_min(0).unsqueeze(1)
    log_pf = trajectories.pad(log_p[which].gather(1, taken).squeeze(1).where(left, 0.0))
    log_pb = trajectories.pad(trajectories.log_pb.where(left, 0.0))
    if model.backward is not None:
        # the backward policy is evaluated in the next state, which is the next column of the grid
        index = trajectories.pad(which)
        following = torch.cat([index[:, 1:], index[:, :1]], dim=1)
        edge = trajectories.pad(taken.squeeze(1)).clamp_max(legal.shape[1] - 2)
        log_pb = torch.where(goes_on, model.backward(seen)[following, edge], 0.0)
    flows: dict[str, Tensor] = {}
    if flow is not None and aimed_flow is not None:
        flows = {
            "log_flow": log_flow(model, flow).where(mask, 0.0),
            "log_flow_next": of_next(log_flow(aimed, aimed_flow)),
        }
    if environment is not None:
        flows["log_inflow"] = of_states(log_inflow(environment, model, seen)).where(mask, 0.0)
    return FlowTerms(
        mask=mask,
        stops=padded_stops,
        can_stop=mask & of_states(can_stop),
        log_pf=log_pf,
        log_pb=log_pb,
        log_stop=log_stop.where(mask, 0.0),
        log_stop_next=of_next(aimed_stop),
        delta_log_reward=trajectories.pad(trajectories.delta_log_reward.where(left, 0.0)),
        log_reward=trajectories.pad(trajectories.log_reward.where(left, 0.0)),
        log_behaviour=trajectories.pad(trajectories.log_behaviour.where(left, 0.0)),
        log_branch=trajectories.pad(trajectories.log_branch.where(left, 0.0)),
        log_z=model.log_z,
        **flows,
    )
