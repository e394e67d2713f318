import pytest
import torch
from torch import nn

from dag_gfn.gflownet.policies.perceptron import perceptron, start_small


@pytest.mark.parametrize("widths", [[3, 5], [4, 8, 2]])
def test_layers_have_the_widths(widths):
    network = perceptron(widths)
    assert [layer.in_features for layer in network if isinstance(layer, nn.Linear)] == widths[:-1]
    seen = network(torch.randn(7, widths[0], generator=torch.Generator().manual_seed(0)))
    assert seen.shape == (7, widths[-1])
    assert (seen >= 0).all()


def test_only_what_is_given_starts_small():
    head, skip = nn.Linear(3, 2), nn.Linear(3, 2, bias=False)
    before = head.weight.detach().clone()
    start_small(head)
    torch.testing.assert_close(head.weight.detach(), 0.1 * before)
    assert not head.bias.any()
    assert skip.weight.any()
    start_small(skip=skip)
    assert not skip.weight.any()
