import math
from collections import Counter

import numpy as np
import oracles
import pytest
import torch
from flow_cases import CONSTRAINTS as LATTICES
from flow_cases import Lattice, LookUp
from sampler_cases import exact_policy, log_reward, policy_of, score_table, seeded, states_of
from scipy import stats

from dag_gfn.env.edge_addition import EdgeAddition
from dag_gfn.env.root_layers import RootLayers
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.objectives import OBJECTIVES
from dag_gfn.objectives.modified_db import ModifiedDetailedBalance
from dag_gfn.policies.flow_model import FlowModel
from dag_gfn.policies.layer_mlp import LayerMLP
from dag_gfn.policies.masking import masked_log_softmax
from dag_gfn.policies.mlp import MLPBackward, MLPPolicy, MLPStateFlow
from dag_gfn.policies.uniform import UniformPolicy
from dag_gfn.sampling import backward_rollout, evaluate, log_inflow, rollout, sample_outcomes

CONSTRAINTS = [{}, {"required": [(1, 0)], "forbidden": [(0, 2)]}, {"max_parents": 1}, {"max_parents": 0}]


def steps_of(trajectories):
    """Return the places of each trajectory's steps in the flat lists, by a plain loop."""
    b, t = trajectories.shape
    places = {position: m for m, position in enumerate(trajectories.position.tolist())}
    return [[places[r * t + s] for s in range(t) if r * t + s in places] for r in range(b)]


def check_bookkeeping(environment, trajectories):
    """Replay every trajectory on a matrix of its own."""
    d = environment.num_nodes
    start = environment.initial_state(1)
    reward = log_reward(environment.table)
    for row, steps in enumerate(steps_of(trajectories)):
        dag = start.adjacency[0].numpy().copy()
        for count, m in enumerate(steps):
            np.testing.assert_array_equal(trajectories.observation.adjacency[m], dag)
            action = int(trajectories.action[m])
            if count == len(steps) - 1:
                assert action == environment.stop_action
                assert float(trajectories.log_pb[m]) == 0.0
                assert float(trajectories.delta_log_reward[m]) == 0.0
            else:
                assert trajectories.observation.legal[m, action // d, action % d]
                before = reward(dag)
                dag[action // d, action % d] = True
                assert float(trajectories.log_pb[m]) == pytest.approx(-math.log(count + 1), abs=1e-6)
                assert float(trajectories.delta_log_reward[m]) == pytest.approx(
                    reward(dag) - before, abs=1e-4
                )
        np.testing.assert_array_equal(trajectories.final.adjacency[row], dag)
        np.testing.assert_array_equal(trajectories.final.ancestor[row], oracles.closure(dag))
        assert float(trajectories.final.log_reward[row]) == pytest.approx(reward(dag), rel=1e-12)
        total = sum(float(trajectories.delta_log_reward[m]) for m in steps)
        assert total == pytest.approx(reward(dag) - float(start.log_reward[0]), abs=1e-4)
        orders = sum(float(trajectories.log_pb[m]) for m in steps)
        assert orders == pytest.approx(-math.lgamma(len(steps)), abs=1e-5)  # -log k! of k edges


@pytest.mark.parametrize("batch_size", [1, 7, 32])
@pytest.mark.parametrize("constraints", CONSTRAINTS, ids=str)
def test_bookkeeping_of_rollouts(batch_size, constraints):
    environment = EdgeAddition(score_table(4, **constraints))
    trajectories = rollout(environment, UniformPolicy(), batch_size, generator=seeded())
    assert trajectories.shape[0] == len(trajectories.final) == batch_size
    check_bookkeeping(environment, trajectories)


@pytest.mark.parametrize("constraints", CONSTRAINTS, ids=str)
def test_bookkeeping_of_backward_rollouts(constraints):
    environment = EdgeAddition(score_table(4, **constraints))
    graphs = rollout(environment, UniformPolicy(), 40, generator=seeded()).final
    trajectories = backward_rollout(environment, graphs, generator=seeded(2))
    assert torch.equal(trajectories.final.adjacency, graphs.adjacency)
    check_bookkeeping(environment, trajectories)


def test_backward_rollouts_of_empty_graphs_are_single_stops():
    environment = EdgeAddition(score_table(3))
    trajectories = backward_rollout(environment, environment.initial_state(5), generator=seeded())
    assert trajectories.shape == (5, 1)
    assert trajectories.action.tolist() == [environment.stop_action] * 5


@pytest.mark.parametrize("constraints", [{}, {"required": [(1, 0)]}, {"max_parents": 1}], ids=str)
def test_the_exact_policy_samples_the_posterior(constraints):
    table = score_table(3, **constraints)
    n = 10_000
    trajectories = rollout(EdgeAddition(table), exact_policy(table), n, generator=seeded())
    counts = Counter(dag.tobytes() for dag in trajectories.final.adjacency.numpy())
    target = oracles.posterior(3, log_reward(table))
    assert set(counts) <= set(target)
    keys = sorted(target, key=target.get)
    expected = n * np.array([target[key] for key in keys])
    observed = np.array([counts[key] for key in keys])
    rare = np.cumsum(expected) < 10  # chi-square needs a few in every cell: the rare ones share one
    pool = (lambda x: np.append(x[~rare], x[rare].sum())) if rare.any() else (lambda x: x)
    assert stats.chisquare(pool(observed), pool(expected)).pvalue > 1e-3


def test_rollouts_are_uniform_where_epsilon_is_one():
    environment = EdgeAddition(score_table(3))
    determined = policy_of({dag.tobytes(): np.eye(10)[9] for dag in oracles.all_dags(3)})
    always_stop = rollout(environment, determined, 50, generator=seeded())
    assert always_stop.shape == (50, 1)
    n = 4000
    wandering = rollout(environment, determined, n, generator=seeded(), epsilon=1.0)
    first = wandering.action[wandering.position % wandering.shape[1] == 0]
    counts = torch.bincount(first, minlength=10)
    assert stats.chisquare(counts[counts > 0].numpy()).pvalue > 1e-3
    assert (counts > 0).sum() == 7
    some = rollout(environment, determined, n, generator=seeded(), epsilon=0.35)
    edges = (some.action[some.position % some.shape[1] == 0] != 9).sum()
    assert stats.binomtest(int(edges), n, 0.35 * 6 / 7).pvalue > 1e-3


def test_a_hundred_thousand_steps_are_legal():
    environment = EdgeAddition(score_table(3))
    trajectories = rollout(environment, UniformPolicy(), 40_000, generator=seeded())
    assert len(trajectories.action) > 100_000
    legal = trajectories.observation.legal_actions
    assert legal.gather(1, trajectories.action[:, None]).all()
    alone = ~trajectories.observation.legal.any(2).any(1)
    assert alone.sum() > 1000
    assert (trajectories.action[alone] == 9).all()


def test_the_generator_decides():
    environment = EdgeAddition(score_table(4))
    first, second, other = (
        rollout(environment, UniformPolicy(), 20, generator=seeded(seed)) for seed in (3, 3, 4)
    )
    assert torch.equal(first.action, second.action)
    assert torch.equal(first.position, second.position)
    assert not torch.equal(first.final.adjacency, other.final.adjacency)
    state = torch.random.get_rng_state()
    rollout(environment, UniformPolicy(), 20, generator=seeded(3))
    assert torch.equal(state, torch.random.get_rng_state())  # the global stream is left alone


@pytest.mark.parametrize("epsilon", [0.0, 0.5])
def test_a_policy_that_diverged_is_an_error_and_no_endless_walk(epsilon):
    def diverged(observation):
        return torch.full((len(observation), 10), torch.nan)

    environment = EdgeAddition(score_table(3))
    with pytest.raises(FloatingPointError, match="logits are not finite"):
        rollout(environment, diverged, 4, generator=seeded(), epsilon=epsilon)
    with pytest.raises(FloatingPointError, match="logits are not finite"):
        sample_outcomes(environment, diverged, 4, generator=seeded())


@pytest.mark.parametrize(("num_samples", "batch_size"), [(0, 4), (1, 4), (12, 4), (13, 4), (3, 4)])
def test_number_of_sampled_graphs(num_samples, batch_size):
    """Divisible by the batch size and not: the last batch is neither empty nor too large."""
    table = score_table(4, required=[(2, 1)])
    environment = EdgeAddition(table)
    options = {"generator": seeded(), "batch_size": batch_size}
    drawn = sample_outcomes(environment, UniformPolicy(), num_samples, **options)
    parents, rewards = drawn.outcome, drawn.log_reward
    assert parents.shape == (num_samples, 4)
    assert (parents[:, 1] & 4 == 4).all()
    np.testing.assert_allclose(rewards, table.log_reward(parents.numpy()), rtol=1e-12)


def test_sampled_graphs_come_in_the_order_of_the_draws():
    """Graphs with few edges end first; yet the first half of a sample is distributed as the second."""
    environment = EdgeAddition(score_table(3))
    parents = sample_outcomes(environment, UniformPolicy(), 4000, generator=seeded(), batch_size=4000).outcome
    empty = (parents == 0).all(1)
    counts = [[int(half.sum()), int((~half).sum())] for half in empty.split(2000)]
    assert stats.fisher_exact(counts).pvalue > 1e-3
    assert stats.binomtest(int(empty.sum()), 4000, 1 / 7).pvalue > 1e-3


@pytest.fixture
def evaluated():
    environment = EdgeAddition(score_table(4))
    with torch.random.fork_rng():
        torch.manual_seed(3)
        policy = MLPPolicy(4)
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
    policy = MLPPolicy(2)
    ModifiedDetailedBalance()(evaluate(policy, trajectories)).backward()
    gradients = [p.grad for p in policy.parameters() if p.grad is not None]
    assert len(gradients) >= 6
    assert all(gradient.isfinite().all() for gradient in gradients)


def test_forward_and_backward_agree_on_the_distribution_of_trajectories():
    """At the exact policy P_F(τ) = P(x) P_B(τ | x): log P_F(τ) of backward trajectories is known."""
    table = score_table(3)
    environment = EdgeAddition(table)
    graphs = states_of(environment, oracles.all_dags(3))
    terms = evaluate(exact_policy(table), backward_rollout(environment, graphs, generator=seeded()))
    target = oracles.posterior(3, log_reward(table))
    expected = [math.log(target[dag.tobytes()]) - math.lgamma(dag.sum() + 1) for dag in oracles.all_dags(3)]
    np.testing.assert_allclose(terms.log_pf.sum(1), expected, atol=1e-9)
    orders = [-math.lgamma(dag.sum() + 1) for dag in oracles.all_dags(3)]
    np.testing.assert_allclose(terms.log_pb.sum(1), orders, atol=1e-6)


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


@pytest.mark.parametrize(("d", "constraints"), LATTICES, ids=str)
def test_inflow_by_brute_force(d, constraints):
    table = score_table(d, **constraints)
    lattice, environment = Lattice(table), EdgeAddition(table)
    forward, _ = lattice.logits(requires_grad=True)
    log_p = lattice.log_p(forward)
    seen = environment.observe(states_of(environment, lattice.dags))
    found = log_inflow(environment, LookUp(lattice, forward), seen)
    expected = lattice.inflow(log_p)
    assert found[0] == -torch.inf
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)
    one, other = (
        torch.autograd.grad(x[1:].square().sum(), forward, retain_graph=True)[0] for x in (found, expected)
    )
    torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


def test_inflow_of_rewards_far_apart():
    """In single precision, without overflow, where flows differ by more than it could hold otherwise."""
    table = score_table(3, rows=400)
    environment, lattice = EdgeAddition(table), Lattice(table)
    assert len(lattice.dags) == 25
    assert lattice.log_reward.max() > 100
    log_p = lattice.log_p(lattice.logits()[0])
    seen = environment.observe(states_of(environment, lattice.dags))
    found = log_inflow(environment, LookUp(lattice, log_p.float()), seen)
    torch.testing.assert_close(found.double(), lattice.inflow(log_p), rtol=1e-5, atol=1e-3)


@pytest.fixture(params=[3, 7])
def network(request):
    """A network that has everything, and trajectories in which states come back; at 7 nodes, some."""
    d = request.param
    environment = EdgeAddition(score_table(d))
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(3)
        model = FlowModel(MLPPolicy(d), backward=MLPBackward(d), state_flow=MLPStateFlow(d), log_z=0.5)
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
            FlowModel(LayerMLP(environment.log_all, hidden_size=16), shared_flow=True, forward_looking=True)
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


# --- what is known of the policy that explored ---


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("epsilon", [0.0, 1e-3, 0.4, 1.0])
def test_behaviour_is_the_mixture_that_was_drawn_from(epsilon, temperature):
    table = score_table(3)
    lattice, environment = Lattice(table), EdgeAddition(table)
    log_p = lattice.log_p(lattice.logits()[0])
    trajectories = rollout(
        environment, lattice.model(log_p), 200, generator=seeded(), epsilon=epsilon, temperature=temperature
    )
    states = lattice.numbers(trajectories.observation.adjacency.numpy())
    followed, alike = [], []
    for state, action in zip(states.tolist(), trajectories.action.tolist(), strict=True):
        weights = (log_p[state].exp() ** (1 / temperature)).numpy()
        followed.append(weights[action] / weights.sum())
        alike.append(1 / int(lattice.legal[state].sum()))
    followed, alike = np.array(followed), np.array(alike)
    mixture = (1 - epsilon) * followed + epsilon * alike
    np.testing.assert_allclose(trajectories.log_behaviour, np.log(mixture), atol=1e-5)
    branch = trajectories.log_branch.numpy()
    from_policy, from_uniform = (np.isclose(branch, np.log(p), atol=1e-5) for p in (followed, alike))
    assert (from_policy | from_uniform).all()
    if epsilon in (0.0, 1.0):
        assert (from_uniform if epsilon else from_policy).all()


def test_branches_are_taken_as_often_as_said_and_given_the_branch_actions_are_its_own():
    table = score_table(3)
    lattice, environment = Lattice(table), EdgeAddition(table)
    log_p = lattice.log_p(2 * lattice.logits()[0])
    n, epsilon = 8000, 0.3
    drawn = rollout(environment, lattice.model(log_p), n, generator=seeded(), epsilon=epsilon)
    first = drawn.position % drawn.shape[1] == 0
    action, branch = drawn.action[first].numpy(), drawn.log_branch[first].numpy()
    strayed = np.isclose(branch, -np.log(7), atol=1e-5)
    assert stats.binomtest(int(strayed.sum()), n, epsilon).pvalue > 1e-3
    legal = lattice.legal[0].numpy()
    for taken, p in ((action[strayed], legal / 7), (action[~strayed], log_p[0].exp().numpy())):
        counts = np.bincount(taken, minlength=10)
        assert stats.chisquare(counts[legal], len(taken) * p[legal]).pvalue > 1e-3


@pytest.mark.parametrize("constraints", CONSTRAINTS, ids=str)
def test_on_policy_the_behaviour_is_the_policy(constraints):
    environment = EdgeAddition(score_table(4, **constraints))
    with torch.random.fork_rng():
        torch.manual_seed(3)
        policy = MLPPolicy(4)
    terms = evaluate(policy, rollout(environment, policy, 30, generator=seeded()))
    torch.testing.assert_close(terms.log_behaviour, terms.log_pf.detach(), rtol=1e-5, atol=1e-5)
    assert torch.equal(terms.log_branch, terms.log_behaviour)


def test_backward_trajectories_were_drawn_by_no_forward_policy():
    environment = EdgeAddition(score_table(3))
    graphs = rollout(environment, UniformPolicy(), 10, generator=seeded()).final
    trajectories = backward_rollout(environment, graphs, generator=seeded())
    assert trajectories.log_behaviour.isnan().all()
    assert trajectories.log_branch.isnan().all()


@pytest.mark.parametrize("temperature", [0.4, 2.5])
def test_tempered_rollouts(temperature):
    table = score_table(3)
    lattice = Lattice(table)
    log_p = lattice.log_p(lattice.logits()[0])
    drawn = rollout(
        EdgeAddition(table), lattice.model(log_p), 5000, generator=seeded(), temperature=temperature
    )
    counts = torch.bincount(drawn.action[drawn.position % drawn.shape[1] == 0], minlength=10).numpy()
    weights = log_p[0].exp().numpy() ** (1 / temperature)
    legal = lattice.legal[0].numpy()
    assert stats.chisquare(counts[legal], 5000 * weights[legal] / weights.sum()).pvalue > 1e-3


# --- graphs alone, without their trajectories ---


@pytest.mark.parametrize(("d", "constraints"), LATTICES, ids=str)
def test_weights_of_graphs_by_the_learned_backward_policy(d, constraints):
    """Where both policies agree, every trajectory weighs Z."""
    table = score_table(d, **constraints)
    lattice, environment = Lattice(table), EdgeAddition(table)
    log_pb = lattice.log_pb(lattice.logits(5)[1])
    log_p, _, log_z = lattice.exact(log_pb)
    model = lattice.model(log_p, log_pb)
    sample = sample_outcomes(environment, model, 60, generator=seeded())
    np.testing.assert_allclose(sample.log_weight, log_z + lattice.first_log_reward, atol=1e-9)
    if d > 2:  # else there is one order alone
        uniform = sample_outcomes(environment, lattice.model(log_p), 60, generator=seeded())
        assert np.ptp(uniform.log_weight.numpy()) > 1e-3
