"""Completed tables of discrete columns: both routes, and which is taken."""

from dataclasses import replace

import numpy as np
import pytest
from completion_cases import chain_data, exact_mixture, number_of

import dag_gfn
from dag_gfn.completion.discrete_augmentation import DiscreteModel
from dag_gfn.completion.discrete_tables import complete_discrete
from dag_gfn.errors import DataError, OptionError
from dag_gfn.random_streams import RandomStreams
from dag_gfn.scores.bde import BDe


def states_of(completed, data):
    """Return the missing cells of each completed table."""
    return np.array([score.data.values[np.isnan(data.values)] for score in completed.scores], dtype=np.int64)


@pytest.mark.slow
@pytest.mark.parametrize(("route", "tables"), [("weighted", 1_500), ("augmentation", 800)])
def test_both_routes_give_the_mean_over_all_completions_and_dags(route, tables):
    data = chain_data(40, 6, seed=1)
    _, edges, exact = exact_mixture(data)
    completed = complete_discrete(
        data, DiscreteModel(), streams=RandomStreams(0), route=route, tables=tables, max_sweeps=400
    )
    assert completed.route == route
    which = number_of(states_of(completed, data), data)
    found = np.tensordot(np.exp(completed.log_weights), edges[which], 1)
    assert np.abs(found - exact).max() < 0.015
    assert len(completed) == tables


@pytest.mark.slow
def test_weights_stay_right_where_values_were_set():
    data = chain_data(12, 4, seed=6)
    intervened = np.zeros(data.values.shape, dtype=bool)
    intervened[:4, 1] = True
    data = replace(data, intervened=intervened)
    _, edges, exact = exact_mixture(data)
    completed = complete_discrete(
        data, DiscreteModel(), streams=RandomStreams(0), route="weighted", tables=1_500
    )
    found = np.tensordot(np.exp(completed.log_weights), edges[number_of(states_of(completed, data), data)], 1)
    assert np.abs(found - exact).max() < 0.02


def test_the_result_depends_on_the_seed_and_not_on_the_number_of_jobs():
    data = chain_data(20, 6, seed=3)

    def drawn(route, seed, n_jobs):
        completed = complete_discrete(
            data,
            DiscreteModel(),
            streams=RandomStreams(seed),
            route=route,
            tables=6,
            chains=2,
            burn_in=2,
            max_sweeps=4,
            n_jobs=n_jobs,
        )
        return states_of(completed, data), completed.log_weights

    for route in ("weighted", "augmentation"):
        one, two, other = drawn(route, 0, 1), drawn(route, 0, 2), drawn(route, 1, 1)
        assert (one[0] == two[0]).all()
        assert (one[1] == two[1]).all()
        assert (one[0] != other[0]).any()


def test_uneven_weights_lead_to_augmentation():
    rng = np.random.default_rng(0)
    codes = rng.integers(3, size=(40, 5))  # independent columns: far from the complete graph
    data = dag_gfn.from_array(codes, discrete="all")
    data = replace(data, values=np.where(rng.random(codes.shape) < 0.3, np.nan, data.values))
    completed = complete_discrete(
        data, DiscreteModel(score=BDe), streams=RandomStreams(0), tables=8, chains=2, burn_in=2, max_sweeps=6
    )
    assert completed.route == "augmentation"
    assert np.allclose(completed.log_weights, -np.log(8))
    assert {score.name for score in completed.scores} == {"bde"}
    assert not any(score.data.has_missing for score in completed.scores)
    assert np.bincount(completed.chains).tolist() == [4, 4]


def test_what_cannot_be_completed_is_refused_in_one_line():
    data = chain_data(20, 6, seed=3)
    complete = replace(data, values=np.nan_to_num(data.values))
    with pytest.raises(DataError, match="no missing cells"):
        complete_discrete(complete, DiscreteModel(), streams=RandomStreams(0))
    with pytest.raises(OptionError, match="weighted, augmentation, not 'best'"):
        complete_discrete(data, DiscreteModel(), streams=RandomStreams(0), route="best")
    wide = dag_gfn.from_array(np.random.default_rng(0).integers(2, size=(30, 12)), discrete="all")
    wide = replace(wide, values=np.where(np.arange(12) == np.arange(30)[:, None], np.nan, wide.values))
    with pytest.raises(OptionError, match="use the route 'augmentation'"):
        complete_discrete(wide, DiscreteModel(), streams=RandomStreams(0), route="weighted")
