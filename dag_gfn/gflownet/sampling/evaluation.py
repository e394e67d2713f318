"""What a policy says of trajectories: the terms that objectives read."""

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
    """Return the terms of an objective under the policy, with its gradients.

    Parameters
    ----------
    policy : Policy
        A `FlowModel` gives whatever else it has: flows, a backward policy, log Z.
    trajectories : Trajectories
    target : Policy, optional
        Slowly following copy of the policy, which then gives the stop probability and the flow of the next
        state, without gradient.
    environment : EnvironmentWithPredecessors, optional
        Where it is given, the flow into each state is computed, for which the states before it are built.
    """
    model = FlowModel.of(policy)
    # few states are distinct among few nodes, and the network need not see one twice: all that it sees is the same
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
        # states that look alike may have come by different rewards, as layerings do
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
        # undoing the step from a state is a matter of the next one's, a place further in the grid
        index = trajectories.pad(which)
        following = torch.cat([index[:, 1:], index[:, :1]], dim=1)
        edge = trajectories.pad(taken.squeeze(1)).clamp_max(legal.shape[1] - 2)
        log_pb = torch.where(goes_on, model.backward(seen)[following, edge], 0.0)
    flows = {}
    if flow is not None:
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
