import torch
from sampler_cases import score_table, seeded

from dag_gfn.gflownet.env.edge_addition import EdgeAddition
from dag_gfn.gflownet.policies.conformance import check_policy
from dag_gfn.gflownet.policies.masking import masked_log_softmax
from dag_gfn.gflownet.policies.uniform import UniformPolicy
from dag_gfn.gflownet.sampling.rollouts import rollout


def test_conforms():
    trajectories = rollout(EdgeAddition(score_table(4)), UniformPolicy(), 20, generator=seeded())
    check_policy(UniformPolicy(), trajectories.observation)


def test_every_legal_action_alike():
    environment = EdgeAddition(score_table(3))
    seen = environment.observe(environment.step(environment.initial_state(2), torch.tensor([1, 9])))
    p = masked_log_softmax(UniformPolicy()(seen), seen.legal_actions).exp()
    torch.testing.assert_close(p[0], seen.legal_actions[0] / 5)  # 0->2, 1->2, 2->0, 2->1 and stop
    torch.testing.assert_close(p[1], seen.legal_actions[1] / 7)
