"""The perceptron for root layerings."""

import torch
from layer_network_cases import case, mlp

from dag_gfn.gflownet.policies.independent_nodes import action_logits
from dag_gfn.gflownet.policies.masking import masked_log_softmax


def test_before_training_it_is_near_to_independent_nodes():
    _, network, trajectories = case(mlp, "five")
    seen = trajectories.observation
    with torch.no_grad():
        network.clash_scale.zero_()
        network.ready.weight.zero_()
        own = masked_log_softmax(network(seen), seen.legal)
    odds = seen.now - seen.later
    squashed = 3 * torch.asinh(odds / 3)
    expected = masked_log_softmax(action_logits(squashed, seen.addable), seen.legal)
    torch.testing.assert_close(own.exp(), expected.exp(), atol=1e-5, rtol=0)
