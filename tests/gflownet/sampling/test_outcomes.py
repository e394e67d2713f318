"""Finished objects without their trajectories."""

import numpy as np
import pytest
import torch
from flow_cases import CONSTRAINTS as LATTICES
from flow_cases import Lattice
from sampler_cases import score_table, seeded
from scipy import stats

from dag_gfn.gflownet.env.edge_addition import EdgeAddition
from dag_gfn.gflownet.policies.uniform import UniformPolicy
from dag_gfn.gflownet.sampling.outcomes import sample_outcomes


def test_a_policy_that_diverged_is_an_error_and_no_endless_walk():
    def diverged(observation):
        return torch.full((len(observation), 10), torch.nan)

    with pytest.raises(FloatingPointError, match="logits are not finite"):
        sample_outcomes(EdgeAddition(score_table(3)), diverged, 4, generator=seeded())


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
