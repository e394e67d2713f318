"""What networks for root layerings have in common, by one that corrects nothing."""

import torch
from sampler_cases import score_table, seeded

from dag_gfn.env.root_layers import RootLayers
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.policies.conformance import check_policy, check_state_flow
from dag_gfn.policies.independent_nodes import action_logits
from dag_gfn.policies.layer_network import NUM_FEATURES, LayerNetwork, node_features
from dag_gfn.policies.masking import masked_log_softmax
from dag_gfn.policies.uniform import UniformPolicy
from dag_gfn.sampling.rollouts import rollout


class Uncorrected(LayerNetwork):
    def corrections(self, observation, features):
        assert features.shape == (len(observation), NUM_FEATURES, observation.placed.shape[1])
        return torch.zeros_like(observation.now), torch.zeros(len(observation))


def case(d=5, walks=24):
    """Return the environment, a network without corrections, and trajectories of random walks."""
    environment = RootLayers(LayerWeights.of(score_table(d).complete))
    network = Uncorrected(environment.log_all)
    return environment, network, rollout(environment, UniformPolicy(), walks, generator=seeded())


def test_it_is_a_policy_with_a_flow():
    _, network, trajectories = case(3, walks=6)
    check_policy(network, trajectories.observation)
    check_state_flow(lambda seen: network.logits_and_flow(seen)[1], trajectories.observation, tolerance=2e-3)


def test_without_corrections_it_is_independent_nodes_squashed():
    _, network, trajectories = case()
    seen = trajectories.observation
    with torch.no_grad():
        own = masked_log_softmax(network(seen), seen.legal)
    odds = seen.now - seen.later - seen.clash
    expected = masked_log_softmax(action_logits(3 * torch.asinh(odds / 3), seen.addable), seen.legal)
    torch.testing.assert_close(own.exp(), expected.exp(), atol=1e-5, rtol=0)


def test_the_flow_begins_with_what_independent_nodes_have_left():
    environment, network, trajectories = case()
    seen = trajectories.observation
    available = torch.where(seen.addable, torch.logaddexp(seen.now, seen.later), seen.later)
    expected = (seen.left * (environment.log_all + available)).sum(1) + seen.clash.sum(1) / 2
    with torch.no_grad():
        flow = network.logits_and_flow(seen)[1].double()
    torch.testing.assert_close(flow, expected * seen.left.any(1), atol=1e-3, rtol=1e-5)


def test_the_flow_is_fitted_by_least_squares():
    """What is linear in the features is found; the penalty is small beside many states."""
    _, network, trajectories = case(walks=200)
    seen = trajectories.observation[trajectories.observation.left.any(1)]
    gain = 5.0 + 20.0 * node_features(seen)[:, 7].sum(1) + 3.0 * node_features(seen)[:, 3].sum(1)
    network.start_from(seen, gain)
    with torch.no_grad():
        torch.testing.assert_close(network.logits_and_flow(seen)[1], gain, atol=0.5, rtol=0)


def test_what_is_seen_of_nodes():
    _, _, trajectories = case(4)
    seen = trajectories.observation
    features = node_features(seen)
    for place, field in enumerate((seen.placed, seen.last, seen.open, seen.addable)):
        torch.testing.assert_close(features[:, place], field.float())
    for place, share in enumerate((seen.now, seen.later, seen.beyond)):
        torch.testing.assert_close(10 * features[:, 4 + place], (share * seen.left).clamp_min(-200.0))
        torch.testing.assert_close(features[:, 7 + place], share.exp() * seen.left)
    torch.testing.assert_close(10 * features[:, 10], seen.clash.clamp_min(-200.0))


def test_the_fit_does_not_depend_on_its_parts(monkeypatch):
    _, network, trajectories = case(walks=200)
    seen = trajectories.observation
    gain = 20.0 * node_features(seen)[:, 7].sum(1)
    fits = []
    for together in (len(seen), 50):
        monkeypatch.setattr("dag_gfn.policies.layer_network._FITTED_TOGETHER", together)
        network.start_from(seen, gain)
        fits.append(network.value_skip.detach().clone())
    assert len(seen) > 100
    torch.testing.assert_close(*fits, atol=1e-4, rtol=1e-4)
