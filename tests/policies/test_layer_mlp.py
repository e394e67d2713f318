import pytest
import torch
from exact_tables import peaked_table, random_table
from sampler_cases import score_table, seeded

from dag_gfn.env.root_layers import RootLayers
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.policies.conformance import check_policy, check_state_flow
from dag_gfn.policies.independent_nodes import action_logits
from dag_gfn.policies.layer_mlp import LayerMLP
from dag_gfn.policies.masking import masked_log_softmax
from dag_gfn.policies.uniform import UniformPolicy
from dag_gfn.sampling.rollouts import rollout

TABLES = {
    "two": score_table(2),
    "three": score_table(3),
    "five": score_table(5),
    "constrained": score_table(5, required=[(4, 0)], forbidden=[(1, 2), (2, 1)], max_parents=2),
    "no parents": score_table(3, max_parents=0),
    "gaps": random_table(4, seed=3, forbidden=0.4),
    "peaked": peaked_table(5, seed=0, nats=400.0),
}


def case(name, walks=24):
    """Return an untrained network, states that random walks visit, and where these walks end."""
    environment = RootLayers(LayerWeights.of(TABLES[name].complete))
    torch.manual_seed(0)
    trajectories = rollout(environment, UniformPolicy(), walks, generator=seeded())
    return environment, LayerMLP(environment.log_all, hidden_size=32), trajectories


def moved(network, seed=1):
    """Return it with weights that are no longer those at first."""
    generator = seeded(seed)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter += 0.1 * torch.randn(parameter.shape, generator=generator)
    return network


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("change", [lambda network: network, moved], ids=["untrained", "moved"])
def test_it_is_a_policy_with_a_flow(name, change):
    _, network, trajectories = case(name, walks=6)
    network = change(network)
    check_policy(network, trajectories.observation)
    check_state_flow(lambda seen: network.logits_and_flow(seen)[1], trajectories.observation, tolerance=2e-3)


@pytest.mark.parametrize("name", ["three", "constrained", "peaked"])
def test_nothing_is_gained_from_a_finished_layering(name):
    environment, network, trajectories = case(name)
    final = trajectories.final[(trajectories.final.layer_of >= 0).all(1)]
    with torch.no_grad():
        logits, flow = moved(network).logits_and_flow(environment.observe(final))
    assert (flow == 0).all()
    assert (logits[:, -1] == 0).all()


def test_illegal_actions_have_no_probability():
    _, network, trajectories = case("constrained")
    seen = trajectories.observation
    with torch.no_grad():
        probability = masked_log_softmax(moved(network)(seen), seen.legal).exp()
    assert (probability[~seen.legal] == 0).all()
    assert (probability[seen.legal] > 0).all()


def test_before_training_it_is_near_to_independent_nodes():
    _, network, trajectories = case("five")
    seen = trajectories.observation
    with torch.no_grad():
        network.clash_scale.zero_()
        network.ready.weight.zero_()
        own = masked_log_softmax(network(seen), seen.legal)
    odds = seen.now - seen.later
    squashed = 3 * torch.asinh(odds / 3)
    expected = masked_log_softmax(action_logits(squashed, seen.addable), seen.legal)
    torch.testing.assert_close(own.exp(), expected.exp(), atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", ["two", "three", "five", "constrained", "peaked"])
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
    assert network.value_skip.isfinite().all()
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
    for name in ("peaked", "gaps", "no parents", "two", "constrained"):
        _, network, trajectories = case(name)
        seen = trajectories.observation
        logits, flow = network.logits_and_flow(seen)
        (logits[seen.legal].sum() + flow.sum()).backward()
        assert all(parameter.grad.isfinite().all() for parameter in network.parameters()), name
