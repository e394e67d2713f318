"""The transformer for root layerings."""

import torch
from layer_network_cases import case, moved, transformer

from dag_gfn.gflownet.policies import attention
from dag_gfn.gflownet.policies.layer_network import NUM_FEATURES, node_features
from dag_gfn.gflownet.policies.layer_observation import LayerObservation
from dag_gfn.gflownet.policies.layer_transformer import LayerTransformer
from dag_gfn.gflownet.policies.masking import masked_log_softmax


def ready_and_flow(network, seen):
    ready, _ = network.corrections(seen, node_features(seen))
    return network.log_odds(seen, ready), network.logits_and_flow(seen)[1]


def test_before_training_it_corrects_independent_nodes_by_little():
    """By as much as small heads do: without these, nothing."""
    _, network, trajectories = case(transformer, "five")
    seen = trajectories.observation
    with torch.no_grad():
        own = masked_log_softmax(network(seen), seen.legal).exp()
        network.ready.weight.zero_()
        guess = masked_log_softmax(network(seen), seen.legal).exp()
        ready, _ = ready_and_flow(network, seen)
    odds = seen.now - seen.later - seen.clash
    torch.testing.assert_close(ready, 3 * torch.asinh(odds / 3), atol=1e-4, rtol=1e-5)
    assert 0 < (own - guess).abs().max() < 0.35


def relabelled(network, seen, order):
    """Return a network and states that differ in the nodes' names alone: v is what was order[v]."""
    d = len(order)
    other = LayerTransformer(
        network.log_all[order], network.log_without[order][:, order], width=16, num_heads=2
    )
    other.load_state_dict(network.state_dict())
    pair_of = torch.zeros(d, d, dtype=torch.long)
    i, j = network.pairs
    pair_of[i, j] = pair_of[j, i] = torch.arange(len(i))
    by_node, pairs, last = network.value_skip.split([NUM_FEATURES * d, len(i), 2])
    with torch.no_grad():
        other.identity.copy_(network.identity[order])
        skip = network.ready_skip.weight.view(d, NUM_FEATURES, d)
        other.ready_skip.weight.copy_(skip[order][:, :, order].reshape(d, -1))
        by_node = by_node.view(NUM_FEATURES, d)[:, order].flatten()
        other.value_skip.copy_(torch.cat([by_node, pairs[pair_of[order[i], order[j]]], last]))
    legal = torch.cat([seen.legal[:, :d][:, order], seen.legal[:, d:]], dim=1)
    return other, LayerObservation(legal, *(field[:, order] for field in seen.tensors[1:]))


def test_relabelled_nodes_have_relabelled_odds_and_the_same_flow():
    """The logits are not relabelled: nodes of a layer are added in increasing order, which these follow."""
    _, network, trajectories = case(transformer, "five")
    moved(network)
    seen, order = trajectories.observation, torch.tensor([3, 0, 4, 2, 1])
    with torch.no_grad():
        ready, flow = ready_and_flow(network, seen)
        other, shuffled = relabelled(network, seen, order)
        ready_there, flow_there = ready_and_flow(other, shuffled)
    torch.testing.assert_close(ready_there, ready[:, order], atol=1e-3, rtol=1e-4)
    torch.testing.assert_close(flow_there, flow, atol=1e-2, rtol=1e-4)
    assert (ready_there - ready).abs().max() > 0.1  # and is not the same for every node


def test_nodes_that_look_alike_differ():
    _, network, trajectories = case(transformer, "no parents")
    nobody_placed = trajectories.observation[:1]
    with torch.no_grad():
        ready, _ = ready_and_flow(moved(network), nobody_placed)
    assert (ready - ready[:, :1]).abs().max() > 1e-2


def test_what_one_node_is_shown_reaches_the_others():
    _, network, trajectories = case(transformer, "five")
    with torch.no_grad():  # the linear map would take it there too
        moved(network).ready_skip.weight.zero_()
    seen = trajectories.observation[:1]
    changed = [tensor.clone() for tensor in seen.tensors]
    changed[5][0, 0] -= 3.0  # later, of node 0
    with torch.no_grad():
        difference = ready_and_flow(network, LayerObservation(*changed))[0] - ready_and_flow(network, seen)[0]
    assert (difference[0, 1:].abs() > 1e-4).all()


def test_states_in_parts_are_the_same_states(monkeypatch):
    _, network, trajectories = case(transformer, "five")
    seen, weights = trajectories.observation, list(moved(network).parameters())

    def outcome_and_gradients():
        logits, flow = network.logits_and_flow(seen)
        total = logits[seen.legal].sum() + flow.mean()
        return [logits.detach(), flow.detach(), *torch.autograd.grad(total, weights)]

    together = outcome_and_gradients()
    monkeypatch.setattr(attention, "_PAIRS_TOGETHER", 7 * 5**2)
    in_parts = outcome_and_gradients()
    for one, other in zip(together, in_parts, strict=True):
        torch.testing.assert_close(one, other, atol=1e-3, rtol=1e-4)
    with torch.no_grad():
        torch.testing.assert_close(network(seen), together[0], atol=1e-3, rtol=1e-4)


def test_it_runs_without_looking_at_values():
    """On the meta device nothing can be read back: no synchronisation hides in it."""
    _, network, trajectories = case(transformer, "five")
    elsewhere = LayerObservation(*(tensor.to("meta") for tensor in trajectories.observation.tensors))
    logits, flow = network.to("meta").logits_and_flow(elsewhere)
    assert logits.device.type == flow.device.type == "meta"
