import pytest
import torch
from sampler_cases import seeded

from dag_gfn.gflownet.policies.edge_observation import with_stop
from dag_gfn.gflownet.policies.masking import masked_log_softmax
from dag_gfn.gflownet.sampling.exploration import EpsilonSchedule, epsilon_uniform, tempered, uniform


def test_schedule_falls_linearly_and_stays():
    schedule = EpsilonSchedule(1.0, 0.2, 0.5)
    assert [schedule(x) for x in (0.0, 0.25, 0.5, 0.75, 1.0)] == pytest.approx([1.0, 0.6, 0.2, 0.2, 0.2])
    constant = EpsilonSchedule(0.3, 0.3, 1.0)
    assert [constant(x) for x in (0.0, 0.5, 1.0)] == pytest.approx([0.3] * 3)


@pytest.fixture
def case():
    generator = seeded()
    legal = torch.rand(40, 3, 3, generator=generator) < 0.5
    legal[::4] = False
    legal = with_stop(legal)
    return masked_log_softmax(3 * torch.randn(40, 10, generator=generator), legal), legal


@pytest.mark.parametrize("epsilon", [0.0, 1e-6, 0.3, 1 - 1e-6, 1.0])
def test_mixture_by_its_definition(case, epsilon):
    log_p, legal = case
    mixed = epsilon_uniform(log_p, legal, epsilon)
    uniform = legal / legal.sum(1, keepdim=True)
    torch.testing.assert_close(mixed.exp(), (1 - epsilon) * log_p.exp() + epsilon * uniform)
    torch.testing.assert_close(mixed.exp().sum(1), torch.ones(40))
    assert (mixed[~legal] == -torch.inf).all()


def test_nothing_changes_where_only_the_stop_is_legal(case):
    log_p, legal = case
    alone = legal.sum(1) == 1
    assert alone.any()
    assert torch.equal(epsilon_uniform(log_p, legal, 1.0)[alone], log_p[alone])
    torch.testing.assert_close(epsilon_uniform(log_p, legal, 0.4)[alone], log_p[alone])


@pytest.mark.parametrize("temperature", [0.1, 0.5, 1, 2.0, 50.0])
def test_tempered_by_its_definition(case, temperature):
    log_p, legal = case
    found = tempered(log_p, temperature)
    power = log_p.double().exp() ** (1 / temperature) * legal
    torch.testing.assert_close(found.double().exp(), power / power.sum(1, keepdim=True), rtol=1e-4, atol=1e-7)
    assert (found[~legal] == -torch.inf).all()


def test_temperatures_between_the_peak_and_uniform(case):
    log_p, legal = case
    torch.testing.assert_close(tempered(log_p, 1e7)[legal], uniform(legal)[legal], rtol=0, atol=1e-5)
    assert torch.equal(tempered(log_p, 1e-4).argmax(1), log_p.argmax(1))
    assert (tempered(log_p, 1e-4).exp().amax(1) > 0.99).all()
    assert tempered(log_p, 1) is log_p


def test_uniform_over_what_is_legal(case):
    _, legal = case
    torch.testing.assert_close(uniform(legal).exp(), legal / legal.sum(1, keepdim=True))
