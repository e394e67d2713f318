"""Links that chance makes in short tables."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import chi2
from score_data import continuous, correlated, discrete, mixed

from dag_gfn.scores.chance_links import chance_links, chance_rate


def linked(d, **pairs):
    matrix = np.zeros((d, d))
    for pair, value in pairs.items():
        i, j = int(pair[1]), int(pair[2])
        matrix[i, j] = matrix[j, i] = value
    return matrix


def test_likely_but_not_certain_links_are_counted(rng):
    data = continuous(rng.normal(size=(100, 4)))
    (doubt,) = chance_links(linked(4, p01=0.7, p02=0.95, p13=1.0, p23=0.4), data)
    assert doubt.level == "mild"
    assert doubt.warning.startswith("2 of 3 likely links are less than 99.9% probable")
    assert "100 rows" in doubt.warning


def test_nothing_is_said_of_certain_links_or_long_tables(rng):
    data = continuous(rng.normal(size=(100, 3)))
    assert chance_links(linked(3, p01=0.9999), data) == []
    assert chance_links(linked(3), data) == []
    long = continuous(rng.normal(size=(50_000, 3)))
    assert chance_links(linked(3, p01=0.7), long) == []


def test_many_states_are_linked_by_chance_less_often(rng):
    states = (2, 2, 8)
    data = discrete(rng.integers(0, states, size=(500, 3)), states)
    assert len(chance_links(linked(3, p01=0.7), data)) == 1
    assert chance_links(linked(3, p02=0.7), data) == []
    rate = chance_rate(data)
    assert rate[0, 1] > 0.01 > rate[0, 2] == pytest.approx(rate[2, 0])


def test_nodes_of_several_columns_have_the_product_of_their_widths_as_degrees_of_freedom(rng):
    codes = rng.integers(0, [5, 3], size=(500, 2))
    codes[:5, 0], codes[:3, 1] = range(5), range(3)
    data = mixed(np.column_stack([codes, rng.normal(size=(500, 2))]), (5, 3, 0, 0))
    rate = chance_rate(data)
    assert rate[0, 1] == pytest.approx(chi2.sf(8 * np.log(500) - 2 * np.log(4), 8))
    assert rate[0, 2] == pytest.approx(chi2.sf(4 * np.log(500) - 2 * np.log(4), 4))
    assert rate[2, 3] == pytest.approx(chance_rate(continuous(data.values[:, 2:]))[0, 1])
    grouped = replace(data, groups=(("pair", ("x2", "x3")),))
    assert chance_rate(grouped)[0, 2] == pytest.approx(rate[0, 1])


def test_unequal_weights_make_chance_links_likelier(rng):
    data = continuous(correlated(rng, 100, 2))
    equal = chance_rate(replace(data, weights=np.full(100, 0.999)))[0, 1]
    unequal = chance_rate(replace(data, weights=np.tile([0.1, 1.9], 50)))[0, 1]
    inflated = chance_rate(replace(data, weights=np.tile([1000.1, 1000.2], 50)))[0, 1]
    assert chance_rate(data)[0, 1] == pytest.approx(equal, rel=0.01)
    assert equal < unequal < inflated
