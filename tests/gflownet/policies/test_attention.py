import pytest
import torch
from sampler_cases import seeded

from dag_gfn.gflownet.policies import attention
from dag_gfn.gflownet.policies.attention import AttentionBlock, in_parts
from dag_gfn.gflownet.policies.edge_observation import EdgeObservation


def case(b=3, d=5, width=8, num_heads=2, num_pair_features=3):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        block = AttentionBlock(width, num_heads, num_pair_features)
    nodes = torch.randn(b, d, width, generator=seeded(1))
    pairs = torch.randn(b, num_pair_features, d, d, generator=seeded(2))
    return block, nodes, pairs


def attended(block, nodes, pairs):
    """The same by its formula, node by node and head by head."""
    _, d, width = nodes.shape
    size = width // block.num_heads
    outcome = torch.empty_like(nodes)
    for k, (state, of_pairs) in enumerate(zip(nodes, pairs, strict=True)):
        read = block.read(block.before_attention(state))
        query, key, value = (read[:, part * width : (part + 1) * width] for part in range(3))
        for u in range(d):
            seen = []
            for head in range(block.num_heads):
                own = slice(head * size, (head + 1) * size)
                logit = torch.stack(
                    [
                        query[u, own] @ key[w, own] / size**0.5 + block.bias.weight[head] @ of_pairs[:, u, w]
                        for w in range(d)
                    ]
                )
                seen.append((logit.exp() / logit.exp().sum()) @ value[:, own])
            with_others = state[u] + block.write(torch.cat(seen))
            outcome[k, u] = with_others + block.body(block.before_body(with_others))
    return outcome


def test_it_is_its_formula():
    block, nodes, pairs = case()
    with torch.no_grad():
        torch.testing.assert_close(block(nodes, pairs), attended(block, nodes, pairs), atol=1e-5, rtol=1e-5)


def test_relabelled_nodes_are_relabelled_in_the_outcome():
    block, nodes, pairs = case()
    order = torch.randperm(5, generator=seeded())
    with torch.no_grad():
        relabelled = block(nodes[:, order], pairs[:, :, order][:, :, :, order])
        torch.testing.assert_close(relabelled, block(nodes, pairs)[:, order], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("b", [0, 1, 4])
def test_the_shape_is_kept(b):
    block, nodes, pairs = case(b=b, d=2, num_pair_features=1)
    assert block(nodes, pairs).shape == nodes.shape


def test_a_gradient_reaches_every_weight():
    block, nodes, pairs = case()
    block(nodes, pairs).square().sum().backward()
    for name, parameter in block.named_parameters():
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.any(), name


@pytest.mark.parametrize("b", [0, 1, 4, 5, 9])
@pytest.mark.parametrize("keeps_gradients", [True, False])
def test_states_come_in_parts_of_bounded_size_and_in_order(b, keeps_gradients, monkeypatch):
    monkeypatch.setattr(attention, "_PAIRS_TOGETHER", 4 * 3**2)
    number = torch.arange(b).view(b, 1, 1).expand(b, 3, 3)
    states = EdgeObservation(number > 0, number > 1, number.float())
    with torch.set_grad_enabled(keeps_gradients):
        parts = in_parts(lambda part: part.gains, states, 3)
    assert [len(part) for part in parts] == [4] * (b // 4) + [b % 4] * (b % 4 > 0 or b == 0)
    assert torch.equal(torch.cat(parts), states.gains)
