"""What networks for root layerings have in common: by one that corrects nothing, and by those that there are."""

import pytest
import torch
from layer_network_cases import CASES, case, mlp, moved, transformer

from dag_gfn.gflownet.policies.conformance import check_policy, check_state_flow
from dag_gfn.gflownet.policies.independent_nodes import action_logits
from dag_gfn.gflownet.policies.layer_network import NUM_FEATURES, LayerNetwork, node_features
from dag_gfn.gflownet.policies.masking import masked_log_softmax

every_network = pytest.mark.parametrize("build", [mlp, transformer])


class Uncorrected(LayerNetwork):
    def corrections(self, observation, features):
        assert features.shape == (len(observation), NUM_FEATURES, observation.placed.shape[1])
        return torch.zeros_like(observation.now), torch.zeros(len(observation))


def uncorrected(environment):
    return Uncorrected(environment.log_all, environment.log_without)


def test_without_corrections_it_is_independent_nodes_squashed():
    _, network, trajectories = case(uncorrected, "five")
    seen = trajectories.observation
    with torch.no_grad():
        own = masked_log_softmax(network(seen), seen.legal)
    odds = seen.now - seen.later - seen.clash
    expected = masked_log_softmax(action_logits(3 * torch.asinh(odds / 3), seen.addable), seen.legal)
    torch.testing.assert_close(own.exp(), expected.exp(), atol=1e-5, rtol=0)


def test_the_flow_begins_with_what_independent_nodes_have_left():
    environment, network, trajectories = case(uncorrected, "five")
    seen = trajectories.observation
    available = torch.where(seen.addable, torch.logaddexp(seen.now, seen.later), seen.later)
    expected = (seen.left * (environment.log_all + available)).sum(1) + seen.clash.sum(1) / 2
    with torch.no_grad():
        flow = network.logits_and_flow(seen)[1].double()
    torch.testing.assert_close(flow, expected * seen.left.any(1), atol=1e-3, rtol=1e-5)


def test_the_flow_is_fitted_by_least_squares():
    """What is linear in the features is found; the penalty is small beside many states."""
    _, network, trajectories = case(uncorrected, "five", walks=200)
    seen = trajectories.observation[trajectories.observation.left.any(1)]
    gain = 5.0 + 20.0 * node_features(seen)[:, 7].sum(1) + 3.0 * node_features(seen)[:, 3].sum(1)
    network.start_from(seen, gain)
    with torch.no_grad():
        torch.testing.assert_close(network.logits_and_flow(seen)[1], gain, atol=0.5, rtol=0)


def test_what_is_seen_of_nodes():
    _, _, trajectories = case(uncorrected, "five")
    seen = trajectories.observation
    features = node_features(seen)
    for place, field in enumerate((seen.placed, seen.last, seen.open, seen.addable)):
        torch.testing.assert_close(features[:, place], field.float())
    for place, share in enumerate((seen.now, seen.later, seen.beyond)):
        torch.testing.assert_close(10 * features[:, 4 + place], (share * seen.left).clamp_min(-200.0))
        torch.testing.assert_close(features[:, 7 + place], share.exp() * seen.left)
    torch.testing.assert_close(10 * features[:, 10], seen.clash.clamp_min(-200.0))


def test_the_fit_does_not_depend_on_its_parts(monkeypatch):
    _, network, trajectories = case(uncorrected, "five", walks=200)
    seen = trajectories.observation
    gain = 20.0 * node_features(seen)[:, 7].sum(1)
    fits = []
    for together in (len(seen), 50):
        monkeypatch.setattr("dag_gfn.gflownet.policies.layer_network._FITTED_TOGETHER", together)
        network.start_from(seen, gain)
        fits.append(network.value_skip.detach().clone())
    assert len(seen) > 100
    torch.testing.assert_close(*fits, atol=1e-4, rtol=1e-4)


# --- of every network ---


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("build", [uncorrected, mlp, transformer])
def test_it_is_a_policy_with_a_flow(build, name):
    _, network, trajectories = case(build, name, walks=6)
    for changed in (network, moved(network)):
        check_policy(changed, trajectories.observation)
        check_state_flow(
            lambda seen: network.logits_and_flow(seen)[1], trajectories.observation, tolerance=2e-3
        )


@pytest.mark.parametrize("name", ["three", "constrained", "peaked"])
@every_network
def test_nothing_is_gained_from_a_finished_layering(build, name):
    environment, network, trajectories = case(build, name)
    final = trajectories.final[(trajectories.final.layer_of >= 0).all(1)]
    with torch.no_grad():
        logits, flow = moved(network).logits_and_flow(environment.observe(final))
    assert (flow == 0).all()
    assert (logits[:, -1] == 0).all()


@every_network
def test_illegal_actions_have_no_probability(build):
    _, network, trajectories = case(build, "constrained")
    seen = trajectories.observation
    with torch.no_grad():
        probability = masked_log_softmax(moved(network)(seen), seen.legal).exp()
    assert (probability[~seen.legal] == 0).all()
    assert (probability[seen.legal] > 0).all()


@pytest.mark.parametrize("name", ["two", "three", "five", "constrained", "peaked", "parents outside"])
@every_network
def test_a_fit_to_what_is_gained_comes_nearer(build, name):
    environment, network, trajectories = case(build, name, walks=200)
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
    assert network.value_skip.isfinite().all()
    assert squared_error() < 0.9 * before


@every_network
def test_a_gradient_reaches_every_weight(build):
    _, network, trajectories = case(build, "five")
    seen = trajectories.observation
    logits, flow = moved(network).logits_and_flow(seen)
    (logits[seen.legal].sum() + (flow**2).sum()).backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.abs().max() > 0, name


@pytest.mark.parametrize("name", CASES)
@every_network
def test_no_gradient_is_nan(build, name):
    _, network, trajectories = case(build, name)
    seen = trajectories.observation
    logits, flow = network.logits_and_flow(seen)
    (logits[seen.legal].sum() + flow.sum()).backward()
    assert all(parameter.grad.isfinite().all() for parameter in network.parameters())
