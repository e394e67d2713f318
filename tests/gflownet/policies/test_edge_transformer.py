import pytest
import torch
from sampler_cases import score_table, seeded

from dag_gfn.gflownet.env.edge_addition import EdgeAddition
from dag_gfn.gflownet.objectives.modified_db import ModifiedDetailedBalance
from dag_gfn.gflownet.policies import EDGE_POLICIES, attention
from dag_gfn.gflownet.policies.conformance import check_policy
from dag_gfn.gflownet.policies.edge_observation import EdgeObservation
from dag_gfn.gflownet.policies.edge_transformer import EdgeTransformer
from dag_gfn.gflownet.policies.independent_pairs import independent_pairs
from dag_gfn.gflownet.policies.masking import masked_log_softmax
from dag_gfn.gflownet.policies.policy import Policy
from dag_gfn.gflownet.policies.uniform import UniformPolicy
from dag_gfn.gflownet.sampling.evaluation import evaluate
from dag_gfn.gflownet.sampling.rollouts import rollout


def case(d, *, moved=True):
    """Return a network, its weights away from their beginning where `moved`, and trajectories of random walks."""
    with torch.random.fork_rng():
        torch.manual_seed(5)
        policy = EdgeTransformer(d, width=16, num_heads=2)
        if moved:
            with torch.no_grad():
                for parameter in policy.parameters():
                    parameter.add_(0.05 * torch.randn_like(parameter))
    return policy, rollout(EdgeAddition(score_table(d)), UniformPolicy(), 16, generator=seeded())


@pytest.mark.parametrize("d", [2, 3, 6])
@pytest.mark.parametrize("moved", [True, False])
def test_conforms(d, moved):
    policy, trajectories = case(d, moved=moved)
    assert isinstance(policy, Policy)
    check_policy(policy, trajectories.observation)


def test_it_has_a_name():
    assert EDGE_POLICIES["transformer"] is EdgeTransformer


def test_before_training_it_leans_on_the_scores():
    """It differs from independent pairs by as much as small heads do: without these, not at all."""
    policy, trajectories = case(5, moved=False)
    seen = trajectories.observation
    legal = seen.legal_actions
    with torch.no_grad():
        expected = masked_log_softmax(independent_pairs(seen, torch.ones(())), legal).exp()
        own = masked_log_softmax(policy(seen), legal).exp()
        assert 0 < (own - expected).abs().max() < 0.1
        for head in (policy.edge, policy.stop):
            head.weight.zero_()
        torch.testing.assert_close(masked_log_softmax(policy(seen), legal).exp(), expected)


def relabelled(seen, order):
    return EdgeObservation(*(tensor[:, order][:, :, order] for tensor in seen.tensors))


def test_relabelled_nodes_have_relabelled_logits_if_their_embeddings_are_relabelled_too():
    policy, trajectories = case(6)
    seen, order = trajectories.observation, torch.randperm(6, generator=seeded(3))
    with torch.no_grad():
        logits, by_others = policy(seen), policy(relabelled(seen, order))
        policy.identity.copy_(policy.identity[order])
        there = policy(relabelled(seen, order))
    edges = logits[:, :-1].view(-1, 6, 6)[:, order][:, :, order].flatten(1)
    expected = torch.cat([edges, logits[:, -1:]], dim=1)
    torch.testing.assert_close(there, expected, atol=1e-3, rtol=1e-4)
    assert (by_others - expected).abs().max() > 0.1


def test_states_in_parts_are_the_same_states(monkeypatch):
    policy, trajectories = case(5)
    weights = list(policy.parameters())

    def outcome_and_gradients():
        logits = policy(trajectories.observation)
        return [logits.detach(), *torch.autograd.grad(logits.logsumexp(1).mean(), weights)]

    together = outcome_and_gradients()
    monkeypatch.setattr(attention, "_PAIRS_TOGETHER", 7 * 5**2)
    for one, other in zip(together, outcome_and_gradients(), strict=True):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)
    with torch.no_grad():
        torch.testing.assert_close(policy(trajectories.observation), together[0], atol=1e-4, rtol=1e-5)


def test_gradients_reach_every_weight():
    policy, trajectories = case(4)
    ModifiedDetailedBalance()(evaluate(policy, trajectories)).backward()
    for name, parameter in policy.named_parameters():
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.any(), name


def test_large_gains_do_no_harm():
    seen = EdgeObservation(
        adjacency=torch.zeros(1, 3, 3, dtype=torch.bool),
        legal=~torch.eye(3, dtype=torch.bool)[None],
        gains=1e4 * (1 - torch.eye(3))[None],
    )
    policy, _ = case(3)
    logits = policy(seen)
    assert logits.isfinite().all()
    logits.sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in policy.parameters())


def test_it_runs_without_looking_at_values():
    """On the meta device nothing can be read back: no synchronisation hides in it."""
    policy, trajectories = case(4)
    elsewhere = EdgeObservation(*(tensor.to("meta") for tensor in trajectories.observation.tensors))
    assert policy.to("meta")(elsewhere).device.type == "meta"
