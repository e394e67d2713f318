"""Terms of trajectories, by plain loops and from tables."""

import pytest
import torch
from flow_cases import CONSTRAINTS as LATTICES
from flow_cases import Lattice
from sampler_cases import score_table, seeded, steps_of

from dag_gfn.gflownet.env.edge_addition import EdgeAddition
from dag_gfn.gflownet.env.root_layers import RootLayers
from dag_gfn.gflownet.objectives import OBJECTIVES
from dag_gfn.gflownet.objectives.modified_db import ModifiedDetailedBalance
from dag_gfn.gflownet.policies.edge_mlp import EdgeMLP, MLPBackward, MLPStateFlow
from dag_gfn.gflownet.policies.flow_model import FlowModel
from dag_gfn.gflownet.policies.layer_mlp import LayerMLP
from dag_gfn.gflownet.policies.masking import masked_log_softmax
from dag_gfn.gflownet.policies.uniform import UniformPolicy
from dag_gfn.gflownet.sampling.evaluation import evaluate
from dag_gfn.gflownet.sampling.rollouts import rollout
from dag_gfn.layerings.layer_weights import LayerWeights


@pytest.fixture
def evaluated():
    environment = EdgeAddition(score_table(4))
    with torch.random.fork_rng():
        torch.manual_seed(3)
        policy = EdgeMLP(4)
    trajectories = rollout(environment, UniformPolicy(), 25, generator=seeded())
    return policy, trajectories, evaluate(policy, trajectories)


def test_terms_by_a_plain_loop(evaluated):
    policy, trajectories, terms = evaluated
    seen = trajectories.observation
    log_p = masked_log_softmax(policy(seen), seen.legal_actions)
    for row, steps in enumerate(steps_of(trajectories)):
        for t, m in enumerate(steps):
            last = t == len(steps) - 1
            assert terms.mask[row, t]
            assert bool(terms.stops[row, t]) == last
            assert terms.log_pf[row, t] == log_p[m, trajectories.action[m]]
            assert terms.log_pb[row, t] == trajectories.log_pb[m]
            assert terms.log_stop[row, t] == log_p[m, -1]
            assert terms.log_stop_next[row, t] == (0.0 if last else log_p[steps[t + 1], -1])
            assert terms.delta_log_reward[row, t] == trajectories.delta_log_reward[m]
            for name in ("log_reward", "log_behaviour", "log_branch"):
                assert getattr(terms, name)[row, t] == getattr(trajectories, name)[m]
    assert torch.equal(terms.can_stop, terms.mask)
    for name in ("log_flow", "log_flow_next", "log_inflow", "log_z"):
        assert getattr(terms, name) is None  # nobody gave them


def test_padding_of_the_terms_is_zero(evaluated):
    _, trajectories, terms = evaluated
    assert not terms.mask.all()
    assert terms.mask.sum(1).tolist() == [len(steps) for steps in steps_of(trajectories)]
    for name, value in vars(terms).items():
        if name != "mask" and value is not None:
            assert not value[~terms.mask].any(), name


def test_the_target_gives_the_next_stop_without_gradient(evaluated):
    policy, trajectories, terms = evaluated
    aimed = evaluate(UniformPolicy(), trajectories, target=policy)
    assert not aimed.log_stop_next.requires_grad
    assert torch.equal(aimed.log_stop_next, terms.log_stop_next)
    uniform = evaluate(UniformPolicy(), trajectories)
    assert torch.equal(aimed.log_stop, uniform.log_stop)
    assert terms.log_stop_next.requires_grad


def test_gradients_are_finite_where_only_the_stop_is_legal():
    trajectories = rollout(EdgeAddition(score_table(2)), UniformPolicy(), 30, generator=seeded())
    assert not trajectories.observation.legal.any(2).any(1).all()
    policy = EdgeMLP(2)
    ModifiedDetailedBalance()(evaluate(policy, trajectories)).backward()
    gradients = [p.grad for p in policy.parameters() if p.grad is not None]
    assert len(gradients) >= 6
    assert all(gradient.isfinite().all() for gradient in gradients)


# --- against all trajectories over few nodes, worked out from tables ---


def tables(lattice):
    """Return a forward and a backward policy and flows, all of them random."""
    forward, backward = lattice.logits()
    log_flow = lattice.log_reward + torch.linspace(-2, 2, len(lattice.dags), dtype=torch.float64)
    return lattice.log_p(forward), lattice.log_pb(backward), log_flow


def assert_same_terms(found, expected, names=None):
    for name, value in vars(expected).items():
        if value is not None and (names is None or name in names):
            torch.testing.assert_close(
                getattr(found, name), value, rtol=0, atol=1e-5, check_dtype=False, msg=name
            )


@pytest.mark.parametrize("forward_looking", [False, True])
@pytest.mark.parametrize(("d", "constraints"), LATTICES, ids=str)
def test_terms_are_those_of_the_tables(d, constraints, forward_looking):
    table = score_table(d, **constraints)
    lattice, environment = Lattice(table), EdgeAddition(table)
    log_p, log_pb, log_flow = tables(lattice)
    model = lattice.model(log_p, log_pb, log_flow=log_flow, log_z=1.25, forward_looking=forward_looking)
    trajectories = rollout(environment, UniformPolicy(), 40, generator=seeded())
    walks = lattice.rows_of(trajectories)
    expected = lattice.terms(log_p, log_pb, log_flow=log_flow, log_z=1.25, inflow=True, walks=walks)
    assert_same_terms(evaluate(model, trajectories, environment=environment), expected)
    # the backward policy is uniform where none is learned
    plain = evaluate(lattice.model(log_p), trajectories)
    assert_same_terms(plain, lattice.terms(log_p, walks=walks))
    assert (plain.log_flow, plain.log_inflow, plain.log_z) == (None, None, None)


@pytest.fixture(params=[3, 7])
def network(request):
    """A network that has everything, and trajectories in which states come back; at 7 nodes, some."""
    d = request.param
    environment = EdgeAddition(score_table(d))
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(3)
        model = FlowModel(EdgeMLP(d), backward=MLPBackward(d), state_flow=MLPStateFlow(d), log_z=0.5)
        for parameter in model.backward.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    return environment, model, rollout(environment, UniformPolicy(), 30, generator=seeded())


def test_states_met_twice_are_seen_once_and_nothing_changes(network, monkeypatch):
    environment, model, trajectories = network
    place, which = trajectories.distinct_states()
    assert len(place) < len(which)
    once = evaluate(model, trajectories, environment=environment)
    every = torch.arange(len(which))
    monkeypatch.setattr(type(trajectories), "distinct_states", lambda self: (every, every))
    again = evaluate(model, trajectories, environment=environment)
    for name, value in vars(again).items():
        torch.testing.assert_close(getattr(once, name), value, rtol=1e-5, atol=1e-5, msg=name)


@pytest.mark.parametrize("aimed", [False, True])
def test_layerings_that_look_alike_keep_the_rewards_that_they_came_by(aimed, monkeypatch):
    environment = RootLayers(LayerWeights.build(score_table(4)))
    with torch.random.fork_rng():
        torch.manual_seed(3)
        models = [
            FlowModel(
                LayerMLP(environment.log_all, environment.log_without, hidden_size=16),
                shared_flow=True,
                forward_looking=True,
            )
            for _ in range(2)
        ]
    trajectories = rollout(environment, UniformPolicy(), 60, generator=seeded())
    place, which = trajectories.distinct_states()
    alike = trajectories.log_reward[place][which]
    assert not torch.allclose(alike, trajectories.log_reward, atol=0.1)  # else nothing is tested
    target = models[1] if aimed else None
    once = evaluate(models[0], trajectories, target=target)
    every = torch.arange(len(which))
    monkeypatch.setattr(type(trajectories), "distinct_states", lambda self: (every, every))
    again = evaluate(models[0], trajectories, target=target)
    for name in ("log_flow", "log_flow_next", "log_pf"):
        torch.testing.assert_close(getattr(once, name), getattr(again, name), rtol=1e-5, atol=1e-4, msg=name)


def test_a_learned_backward_policy_is_looked_up_at_the_next_state(network):
    _, model, trajectories = network
    terms = evaluate(model, trajectories)
    seen = trajectories.observation
    for row, steps in enumerate(steps_of(trajectories)):
        for t, (here, after) in enumerate(zip(steps, [*steps[1:], None], strict=True)):
            expected = 0.0
            if after is not None:
                log_pb = model.backward(seen[after : after + 1])[0]
                assert float(log_pb.detach().exp().sum()) == pytest.approx(1, abs=1e-5)
                expected = float(log_pb[trajectories.action[here]].detach())
            assert float(terms.log_pb[row, t].detach()) == pytest.approx(expected, abs=1e-4)


def test_the_target_gives_the_next_flow_without_gradient(network):
    environment, model, trajectories = network
    terms = evaluate(model, trajectories)
    other = FlowModel(UniformPolicy(), state_flow=MLPStateFlow(environment.num_nodes), forward_looking=True)
    aimed = evaluate(other, trajectories, target=model)
    for name in ("log_flow_next", "log_stop_next"):
        assert not getattr(aimed, name).requires_grad
        assert torch.equal(getattr(aimed, name), getattr(terms, name))
    assert not torch.equal(aimed.log_flow, terms.log_flow)
    assert aimed.log_flow.requires_grad


@pytest.mark.parametrize(
    "name", [name for name in OBJECTIVES if "whole_trajectories" not in OBJECTIVES[name].needs]
)
def test_single_steps_give_the_loss_of_whole_trajectories(network, name):
    environment, model, trajectories = network
    order = torch.randperm(len(trajectories.action), generator=seeded())
    cut = trajectories.transitions(order)
    objective = OBJECTIVES[name]()
    whole, single = (
        objective(evaluate(model, given, environment=environment)) for given in (trajectories, cut)
    )
    torch.testing.assert_close(single, whole)
    weights = list(model.policy.parameters())
    for one, other in zip(*(torch.autograd.grad(loss, weights) for loss in (single, whole)), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4)
