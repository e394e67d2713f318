"""Moves of a policy that leave the posterior unchanged."""

import numpy as np
import pytest
import torch
from flow_cases import CONSTRAINTS as LATTICES
from flow_cases import Lattice
from sampler_cases import score_table, seeded

from dag_gfn.gflownet.env.edge_addition import EdgeAddition
from dag_gfn.gflownet.policies.uniform import UniformPolicy
from dag_gfn.gflownet.sampling.redo import redo


@pytest.mark.parametrize(("d", "constraints"), LATTICES, ids=str)
def test_wherever_chains_start_they_come_to_the_posterior(d, constraints):
    table = score_table(d, **constraints)
    environment, lattice = EdgeAddition(table), Lattice(table)
    generator, graphs = seeded(), environment.initial_state(6000)
    for _ in range(40):
        graphs = redo(environment, UniformPolicy(), graphs, generator=generator)[0]
    exact = lattice.log_reward.softmax(0).numpy()
    found = np.bincount(lattice.numbers(graphs.adjacency.numpy()), minlength=len(exact)) / 6000
    assert (np.abs(found - exact) < 5 * np.sqrt(exact * (1 - exact) / 6000) + 1e-3).all()
    np.testing.assert_allclose(graphs.log_reward, table.log_reward(graphs.parents.numpy()), rtol=1e-10)


def test_of_moves_of_the_exact_policy_only_those_to_other_lengths_can_be_refused():
    table = score_table(3)
    lattice, environment = Lattice(table), EdgeAddition(table)
    model = lattice.model(lattice.exact(lattice.uniform_log_pb)[0])
    before = environment.initial_state(3000)
    for _ in range(2):
        before = redo(environment, model, before, generator=seeded(1))[0]
    after, accepted = redo(environment, model, before, generator=seeded())
    assert 0.5 < accepted.double().mean() < 1
    sizes = before.adjacency.sum((1, 2)), after.adjacency.sum((1, 2))
    # the reverse of a move is one of n' + 1: a move to fewer steps is never refused
    assert accepted[sizes[1] < sizes[0]].all()
    assert torch.equal(after.parents[~accepted], before.parents[~accepted])
