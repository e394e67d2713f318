"""Proposals of layerings: their probabilities, and the ratios that the acceptance needs."""

import numpy as np
import pytest
from layering_oracles import all_layered_dags, frequencies_fail, layer_numbers, proposals
from numba import njit

from dag_gfn.mcmc.moves import MOVE_PROBABILITIES, MOVES, propose


def test_shares_of_moves_sum_to_one():
    assert len(MOVES) == len(MOVE_PROBABILITIES)
    assert MOVE_PROBABILITIES.sum() == pytest.approx(1.0)


@pytest.mark.parametrize("kind", [k for k in MOVES if k != "stay"])
@pytest.mark.parametrize("d", [3, 4])
def test_proposals_have_the_probabilities_and_ratios_of_their_definition(kind, d, rng):
    tries = 5000
    states = sorted({layers for layers, _ in all_layered_dags(d)})
    assert len(states) == {3: 13, 4: 75}[d]  # ordered partitions
    place = 10 ** np.arange(d)
    name = {int(place @ layer_numbers(layers)): layers for layers in states}
    for layers in states:
        codes, log_ratios = propose_often(MOVES.index(kind), layer_numbers(layers), place, tries, rng)
        expected = {**proposals(layers)[kind], None: 1.0 - sum(proposals(layers)[kind].values())}
        counts = dict.fromkeys(expected, 0)
        for code, often in zip(*np.unique(codes, return_counts=True), strict=True):
            result = None if code < 0 else name[int(code)]
            counts[result] += often  # a KeyError where it cannot be proposed
            if result is not None:
                correction = np.log(proposals(result)[kind][layers] / expected[result])
                np.testing.assert_allclose(log_ratios[codes == code], correction, atol=1e-12)
        wanted = np.array(list(expected.values()))
        wanted[wanted < 1e-12] = 0.0
        assert not frequencies_fail(np.array(list(counts.values())), wanted / wanted.sum())


@njit
def propose_often(move, layer_of, place, tries, rng):
    """Return the proposals as numbers, -1 for none, and their log-ratios."""
    codes, log_ratios = np.full(tries, -1), np.zeros(tries)
    proposed, sizes = np.empty_like(layer_of), np.empty_like(layer_of)
    for t in range(tries):
        possible, log_ratios[t] = propose(move, layer_of, proposed, sizes, rng)
        if possible:
            codes[t] = (proposed * place).sum()
    return codes, log_ratios
