"""Equations in own units or of normal scores: moments against the rows, and which the rows favour."""

from dataclasses import replace

import numpy as np
import pytest
from curve_cases import bent_pair, chain, known_pair

import dag_gfn
from dag_gfn.data.normal_scores import with_normal_margins
from dag_gfn.parameters import parameter_posterior
from dag_gfn.parameters.own_units import OwnUnits
from dag_gfn.scores import Additive
from dag_gfn.scores.additive import CURVES_OF_EFFECTS, curves_of, lines_and_curves, moments_of_rows

PAIR = np.array([[[False, True], [False, False]]])


def test_matrices_are_those_of_the_rows(rng):
    data = dag_gfn.from_frame(chain(rng))
    was_set = np.zeros(data.values.shape, dtype=bool)
    was_set[:60, 2] = True
    weights = rng.uniform(0.5, 2.0, data.n)
    scored = with_normal_margins(replace(data, intervened=was_set, weights=weights)).standardize()
    score = Additive(scored, num_curves=2)
    own = OwnUnits.from_statistics(score.statistics())
    curves = curves_of(score.design, CURVES_OF_EFFECTS)
    columns, rows = lines_and_curves(score.design, curves), ~was_set[:, 2]
    column, n = 2 * (CURVES_OF_EFFECTS + 1), weights[rows].sum()
    values = data.values[:, 2]
    columns[:, column] = (values - own.centers[2]) / own.scales[2]
    assert np.average(columns[:, column], weights=weights) == pytest.approx(0.0, abs=1e-12)
    assert np.average(columns[:, column] ** 2, weights=weights) == pytest.approx(1.0)
    # with the prior of the mean integrated out: the rows, and one more of weight alpha_mu at 0
    extended = np.vstack([columns[rows], np.zeros(columns.shape[1])])
    share = np.append(weights[rows], 1.0)
    mean = share @ extended / share.sum()
    expected = (extended - mean).T @ ((extended - mean) * share[:, None])
    moments = moments_of_rows(score.design, lines_and_curves(score.design, curves))[2]
    scatter = moments.scatter + n / (n + 1.0) * np.outer(moments.mean, moments.mean)
    matrix, centre = own.in_place_of_scores(2, column, scatter, n / (n + 1.0) * moments.mean, n, 1.0)
    assert matrix == pytest.approx(expected)
    assert centre == pytest.approx(mean)


@pytest.mark.parametrize(("change", "share"), [(lambda y: y, 1.0), (np.exp, 0.0)])
def test_the_scale_on_which_noise_is_even_is_chosen(change, share, rng):
    values = bent_pair("tanh", rng)
    values[:, 1] = change(values[:, 1])
    networks = parameter_posterior(known_pair(values)).sample(np.repeat(PAIR, 50, axis=0), rng=rng)
    assert networks.in_own_units[:, 1].mean() == share


@pytest.mark.filterwarnings("ignore::dag_gfn.errors.DataWarning")
def test_as_it_is_there_is_one_scale(rng):
    posterior = known_pair(bent_pair("square", rng), margins="as_is")
    networks = parameter_posterior(posterior).sample(np.repeat(PAIR, 20, axis=0), rng=rng)
    assert not networks.in_own_units.any()


def test_means_of_a_bowl_are_nearer_in_own_units(rng):
    values = bent_pair("square", rng, noise=0.3)
    parameters = parameter_posterior(known_pair(values))
    points = parameters.points(0, np.array([-1.5, 0.0, 1.5]))
    networks = parameters.sample(np.repeat(PAIR, 100, axis=0), rng=rng)
    assert networks.in_own_units[:, 1].all()
    (y,) = networks.means((0,), points, (1,), rng=rng)
    assert y.mean(axis=0)[:, 0] == pytest.approx([2.25, 0.0, 2.25], abs=0.3)
    scores = replace(
        networks.parameters, own_units=replace(parameters.own_units, scatter=np.zeros(2))
    )  # of normal scores alone
    (other,) = scores.sample(np.repeat(PAIR, 100, axis=0), rng=rng).means((0,), points, (1,), rng=rng)
    away, instead = (np.abs(each.mean(axis=0)[[0, 2], 0] - 2.25).max() for each in (y, other))
    assert away < instead
