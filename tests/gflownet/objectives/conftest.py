"""Trajectories that tests of several objectives share."""

import pytest
import torch
from flow_cases import Lattice
from sampler_cases import score_table


@pytest.fixture
def terms():
    """Ten trajectories of a random policy, with every optional field."""
    lattice = Lattice(score_table(3))
    forward, backward = lattice.logits()
    rows = torch.arange(0, len(lattice.state), 7)
    return lattice.all_terms(lattice.log_p(forward), lattice.log_pb(backward), rows=rows)
