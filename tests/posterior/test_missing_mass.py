import numpy as np
import pytest

from dag_gfn.posterior.diagnostic_parts import Tempering
from dag_gfn.posterior.marginal import Marginal
from dag_gfn.posterior.missing_mass import (
    draws_by_errors,
    missing_mass,
    unmet_mass,
    with_least_errors,
    worth_with,
)


def test_half_a_nat_is_39_percent_of_the_mass():
    assert missing_mass(-1.0, -0.5) == pytest.approx(1 - np.exp(-0.5))
    assert missing_mass(-1.0, -0.5, standard_error=0.2) == pytest.approx(1 - np.exp(-0.3))


@pytest.mark.parametrize("unknown", [(None, 0.0, 0.1), (0.0, None, 0.1), (0.0, 0.0, None)])
def test_where_an_evidence_is_not_known_all_may_be_missing(unknown):
    log_z, of_all, error = unknown
    assert missing_mass(log_z, of_all, standard_error=error) == 1.0


def test_a_missing_mode_moves_an_edge_by_no_more_than_the_least_error():
    # a mode of mass m in which the edge is certain, or certainly absent, was left out
    for mass in (0.019, 0.3):
        for seen in (0.0, 0.4, 1.0):
            true = [(1 - mass) * seen + mass * in_mode for in_mode in (0.0, 1.0)]
            edge = Marginal(np.array([[0.0, seen], [0.0, 0.0]]), "rao_blackwell", np.zeros((2, 2)))
            least = with_least_errors(edge, mass).errors()[0, 1]
            assert least == pytest.approx(max(abs(value - seen) for value in true))


def test_larger_errors_and_decided_pairs_keep_theirs():
    edge = Marginal(np.array([[0.0, 0.5], [1.0, 0.0]]), "rao_blackwell", np.array([[0.0, 0.3], [0.0, 0.0]]))
    errors = with_least_errors(edge, 0.1, np.array([[False, True], [False, False]])).errors()
    assert errors.tolist() == [[0.0, 0.3], [0.0, 0.0]]


def test_exact_values_have_no_errors_to_raise():
    edge = Marginal(np.array([[0.0, 0.5], [0.2, 0.0]]), "exact")
    assert with_least_errors(edge, 0.1) is edge


def test_draws_are_worth_less_where_a_part_may_be_missing():
    assert worth_with(400, 0.0) == 400
    assert worth_with(1e9, 0.1) == pytest.approx(100, rel=1e-4)


def test_draws_by_errors_are_those_of_the_worst_edge():
    values, errors = np.array([0.5, 0.1, 0.001]), np.array([0.05, 0.001, 0.5])
    assert draws_by_errors(Marginal(values, "samples", errors)) == pytest.approx(100)
    assert draws_by_errors(Marginal(np.array([0.5]), "samples", np.array([3.0]))) == 1.0


def test_what_draws_meet_once_is_bounded_by_how_often_chains_could_change_their_mode():
    rarely = Tempering.from_json({"arrivals": 50})
    assert unmet_mass(400) == unmet_mass(400, Tempering.from_json({"arrivals": 9_000})) == 1 / 400
    assert unmet_mass(400, rarely) == 1 / 50
    assert unmet_mass(400, Tempering.from_json({"arrivals": 0})) == 1.0
