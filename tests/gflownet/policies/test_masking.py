import numpy as np
import pytest
import torch
from sampler_cases import seeded
from scipy import stats

from dag_gfn.gflownet.policies.edge_observation import with_stop
from dag_gfn.gflownet.policies.masking import masked_log_softmax, sample_actions


def random_case(rows, d, seed=0, scale=5.0):
    """Logits of all sizes and masks with every number of legal edges, none among them."""
    generator = seeded(seed)
    share = torch.rand(rows, 1, 1, generator=generator)
    legal = torch.rand(rows, d, d, generator=generator) < share
    legal[::3] = False
    return scale * torch.randn(rows, d * d + 1, generator=generator), with_stop(legal)


def test_edges_in_row_major_order_and_stop_last():
    legal = torch.tensor([[[False, True], [False, False]], [[False, False], [True, False]]])
    assert with_stop(legal).tolist() == [[False, True, False, False, True], [False, False, True, False, True]]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_probabilities_of_the_legal_actions_by_a_plain_loop(dtype):
    logits, legal = random_case(50, 3)
    logits = logits.to(dtype)
    log_p = masked_log_softmax(logits, legal)
    assert log_p.dtype == dtype
    for row in range(50):
        weights = np.where(legal[row], np.exp(logits[row].double().numpy()), 0.0)
        np.testing.assert_allclose(log_p[row].exp(), weights / weights.sum(), rtol=2e-6)
    assert (log_p[~legal] == -torch.inf).all()


@pytest.mark.parametrize("logit", [0.0, 1e30, -1e30, 88.8])
def test_the_only_legal_action_has_log_probability_exactly_zero(logit):
    _, legal = random_case(1, 3)
    log_p = masked_log_softmax(torch.full((1, 10), logit), legal)
    assert log_p[0, -1].item() == 0.0
    assert (log_p[0, :-1] == -torch.inf).all()


def test_illegal_logits_may_be_anything_and_gradients_stay_finite():
    logits, legal = random_case(30, 3)
    clean = masked_log_softmax(logits, legal)
    wild = logits.masked_fill(~legal, torch.nan).requires_grad_()
    log_p = masked_log_softmax(wild, legal)
    assert torch.equal(log_p, clean)
    log_p.masked_fill(~legal, 0.0).square().sum().backward()
    assert wild.grad.isfinite().all()
    assert not wild.grad[~legal].any()
    alone = legal.sum(1) == 1
    assert not wild.grad[alone].any()
    assert wild.grad[~alone].any()


@pytest.mark.parametrize("scale", [1.0, 1e4])
def test_a_hundred_thousand_sampled_actions_are_legal(scale):
    """Rows in which only the stop is legal are a third of them; an index one past the end is illegal too."""
    logits, legal = random_case(100_000, 3, scale=scale)
    action = sample_actions(masked_log_softmax(logits, legal), generator=seeded())
    assert action.min() >= 0
    assert action.max() == 9
    assert legal.gather(1, action[:, None]).all()
    assert (action[::3] == 9).all()


def test_frequencies_are_the_probabilities():
    p = torch.tensor([0.5, 0.25, 0.0, 0.2, 0.05])
    actions = sample_actions(p.log().repeat(50_000, 1), generator=seeded())
    counts = torch.bincount(actions, minlength=5).numpy()
    assert counts[2] == 0
    positive = p.numpy() > 0
    expected = p.double().numpy()[positive]
    assert stats.chisquare(counts[positive], 50_000 * expected / expected.sum()).pvalue > 1e-3


def test_the_generator_decides():
    logits, legal = random_case(1000, 3)
    log_p = masked_log_softmax(logits, legal)
    generator = seeded(7)
    first, second = (sample_actions(log_p, generator=generator) for _ in range(2))
    assert torch.equal(first, sample_actions(log_p, generator=seeded(7)))
    assert not torch.equal(first, second)
