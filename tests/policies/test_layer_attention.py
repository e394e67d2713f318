import pytest
import torch
from exact_tables import peaked_table, random_table
from sampler_cases import score_table, seeded

from dag_gfn.env.root_layers import RootLayers
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.policies import attention
from dag_gfn.policies.conformance import check_policy, check_state_flow
from dag_gfn.policies.layer_attention import LayerAttention
from dag_gfn.policies.layer_network import NUM_FEATURES, node_features
from dag_gfn.policies.layer_observation import LayerObservation
from dag_gfn.policies.masking import masked_log_softmax
from dag_gfn.policies.uniform import UniformPolicy
from dag_gfn.sampling.rollouts import rollout

CASES = {
    name: LayerWeights.of(table.complete)
    for name, table in {
        "two": score_table(2),
        "five": score_table(5),
        "constrained": score_table(5, required=[(4, 0)], forbidden=[(1, 2), (2, 1)], max_parents=2),
        "no parents": score_table(3, max_parents=0),
        "gaps": random_table(4, seed=3, forbidden=0.4),
        "peaked": peaked_table(5, seed=0, nats=400.0),
    }.items()
} | {"parents outside": LayerWeights.build(score_table(5), num_candidates=2, outside=True)}


def ready_and_flow(network, seen):
    ready, _ = network.corrections(seen, node_features(seen))
    return network.log_odds(seen, ready), network.logits_and_flow(seen)[1]


def case(name, walks=24):
    """Return an untrained network, states that random walks visit, and where these walks end."""
    environment = RootLayers(CASES[name])
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = LayerAttention(environment.log_all, environment.log_without, width=16, num_heads=2)
    return environment, network, rollout(environment, UniformPolicy(), walks, generator=seeded())


def moved(network, seed=1):
    """Return it with weights that are no longer those at first."""
    generator = seeded(seed)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter += 0.1 * torch.randn(parameter.shape, generator=generator)
    return network


@pytest.mark.parametrize("name", CASES)
def test_it_is_a_policy_with_a_flow(name):
    _, network, trajectories = case(name, walks=6)
    for changed in (network, moved(network)):
        check_policy(changed, trajectories.observation)
        check_state_flow(
            lambda seen: network.logits_and_flow(seen)[1], trajectories.observation, tolerance=2e-3
        )


def test_before_training_it_corrects_independent_nodes_by_little():
    """By as much as small heads do: without these, nothing."""
    _, network, trajectories = case("five")
    seen = trajectories.observation
    with torch.no_grad():
        own = masked_log_softmax(network(seen), seen.legal).exp()
        network.ready.weight.zero_()
        guess = masked_log_softmax(network(seen), seen.legal).exp()
        ready, _ = ready_and_flow(network, seen)
    odds = seen.now - seen.later - seen.clash
    torch.testing.assert_close(ready, 3 * torch.asinh(odds / 3), atol=1e-4, rtol=1e-5)
    assert 0 < (own - guess).abs().max() < 0.35


def test_illegal_actions_have_no_probability():
    _, network, trajectories = case("constrained")
    seen = trajectories.observation
    with torch.no_grad():
        probability = masked_log_softmax(moved(network)(seen), seen.legal).exp()
    assert (probability[~seen.legal] == 0).all()
    assert (probability[seen.legal] > 0).all()


def test_nothing_is_gained_from_a_finished_layering():
    environment, network, trajectories = case("constrained")
    final = trajectories.final[(trajectories.final.layer_of >= 0).all(1)]
    with torch.no_grad():
        logits, flow = moved(network).logits_and_flow(environment.observe(final))
    assert (flow == 0).all()
    assert (logits[:, -1] == 0).all()


def relabelled(network, seen, order):
    """Return a network and states that differ in the nodes' names alone: v is what was order[v]."""
    d = len(order)
    other = LayerAttention(
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
    _, network, trajectories = case("five")
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
    _, network, trajectories = case("no parents")
    nobody_placed = trajectories.observation[:1]
    with torch.no_grad():
        ready, _ = ready_and_flow(moved(network), nobody_placed)
    assert (ready - ready[:, :1]).abs().max() > 1e-2


def test_what_one_node_is_shown_reaches_the_others():
    _, network, trajectories = case("five")
    with torch.no_grad():  # the linear map would take it there too
        moved(network).ready_skip.weight.zero_()
    seen = trajectories.observation[:1]
    changed = [tensor.clone() for tensor in seen.tensors]
    changed[5][0, 0] -= 3.0  # later, of node 0
    with torch.no_grad():
        difference = ready_and_flow(network, LayerObservation(*changed))[0] - ready_and_flow(network, seen)[0]
    assert (difference[0, 1:].abs() > 1e-4).all()


@pytest.mark.parametrize("name", ["two", "five", "constrained", "peaked", "parents outside"])
def test_a_fit_to_what_is_gained_comes_nearer(name):
    environment, network, trajectories = case(name, walks=200)
    seen = trajectories.observation
    alive = (trajectories.final.layer_of >= 0).all(1)
    rows = trajectories.position // trajectories.shape[1]
    kept = alive[rows].nonzero().squeeze(1)
    final = trajectories.final.log_reward - environment.initial_state(1).log_reward
    gain = (final[rows].float() - trajectories.log_reward)[kept]

    def squared_error():
        with torch.no_grad():
            return float(((network.logits_and_flow(seen[kept])[1] - gain) ** 2).mean())

    before = squared_error()
    network.start_from(seen[kept], gain)
    assert squared_error() < 0.9 * before


def test_a_gradient_reaches_every_weight():
    _, network, trajectories = case("five")
    seen = trajectories.observation
    logits, flow = moved(network).logits_and_flow(seen)
    (logits[seen.legal].sum() + (flow**2).sum()).backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.abs().max() > 0, name


def test_no_gradient_is_nan_with_peaked_tables():
    for name in CASES:
        _, network, trajectories = case(name)
        seen = trajectories.observation
        logits, flow = network.logits_and_flow(seen)
        (logits[seen.legal].sum() + flow.sum()).backward()
        assert all(parameter.grad.isfinite().all() for parameter in network.parameters()), name


def test_states_in_parts_are_the_same_states(monkeypatch):
    _, network, trajectories = case("five")
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
    _, network, trajectories = case("five")
    elsewhere = LayerObservation(*(tensor.to("meta") for tensor in trajectories.observation.tensors))
    logits, flow = network.to("meta").logits_and_flow(elsewhere)
    assert logits.device.type == flow.device.type == "meta"
