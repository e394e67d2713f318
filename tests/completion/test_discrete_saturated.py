"""The saturated model against the complete DAG and all completions."""

import itertools

import numpy as np
import pytest
from completion_cases import chain_data, completions, family_scores, number_of

from dag_gfn.completion.discrete_cells import DiscreteCells
from dag_gfn.completion.discrete_saturated import SaturatedChain, log_saturated_score


def log_complete_dag(data, states, ess, order):
    scores = family_scores(data, states, ess)
    return sum(scores[node, tuple(sorted(order[:k]))] for k, node in enumerate(order))


@pytest.mark.parametrize("ess", [0.5, 4.0])
def test_the_score_is_that_of_every_complete_dag(ess):
    data = chain_data(12, 3, seed=0, states=3)
    cells, states = DiscreteCells.of(data), completions(data)[5]
    found = log_saturated_score(cells.completed(states), ess)
    for order in itertools.permutations(range(3)):
        assert found == pytest.approx(log_complete_dag(data, states, ess, order), abs=1e-9)


def test_the_chain_visits_completions_in_proportion_to_their_score():
    data, sweeps = chain_data(9, 4, seed=3), 4_000
    cells = DiscreteCells.of(data)
    chain = SaturatedChain(cells, 2.0, rng=np.random.default_rng(0))
    states = np.empty((sweeps, len(cells.columns)), dtype=np.int64)
    for k in range(sweeps):
        chain.sweep()
        states[k] = chain.codes[cells.missing]
    seen = np.bincount(number_of(states, data), minlength=16) / sweeps
    log_r = np.array([log_complete_dag(data, s, 2.0, (0, 1, 2)) for s in completions(data)])
    exact = np.exp(log_r - np.logaddexp.reduce(log_r))
    # successive sweeps are dependent: five standard errors, eight sweeps for one independent draw
    assert (np.abs(seen - exact) <= 5 * np.sqrt(exact * (1 - exact) * 8 / sweeps)).all()
