"""Compiled simulation against SciPy's splines and a slow simulation by NumPy."""

import numpy as np
import pytest
from curve_cases import chain, mixed_table

import dag_gfn
from dag_gfn.parameters import parameter_posterior
from dag_gfn.parameters.additive_simulation import spline_value
from dag_gfn.scores.curves import Curves


def test_splines_are_those_of_the_score(rng):
    curves = Curves.of(rng.normal(size=200), 4)
    weights = rng.normal(size=4)
    low, high = curves.knots[3], curves.knots[-4]
    points = np.concatenate([rng.uniform(low - 1, high + 1, 50), [low, high, curves.knots[5]]])
    for x, expected in zip(points, curves.at(points) @ weights, strict=True):
        value, inside = spline_value(x, curves.knots, curves.coefficients @ weights)
        assert value - inside * (curves.slope @ weights) - curves.offset @ weights == pytest.approx(
            expected, abs=1e-9
        )


def by_rows(networks, s, sources, point, target, rows, rng):
    """Return the mean of the target in simulated rows of network s, node by node."""
    of = networks.parameters
    columns, graph = of.columns, networks.graphs[s].copy()
    graph[:, list(sources)] = False
    values = np.zeros((rows, int(columns.starts[-1])))
    done, told = set(), {}
    while len(done) < len(graph):
        node = next(
            j for j in range(len(graph)) if j not in done and set(np.flatnonzero(graph[:, j])) <= done
        )
        own = columns.design_columns(node)
        done.add(node)
        if node in sources:
            values[:, own] = point[node]
            continue
        width = own.stop - own.start
        values[:, own] = networks.intercepts[s, own]
        values[:, own] += rng.normal(size=(rows, width)) @ networks.noise_roots[s, own, :width].T
        for i in np.flatnonzero(graph[:, node]).tolist():
            lines = values[:, columns.design_columns(i)]
            basis = np.column_stack([lines, of.curves[i].at(lines[:, 0])])
            values[:, own] += basis @ networks.coefficients[s, of.starts[i] : of.starts[i + 1], own]
        if networks.in_own_units[s, node]:
            (f,) = columns.features_of(node)
            told[node] = of.own_units.centers[node] + of.own_units.scales[node] * values[:, own]
            values[:, own] = (of.margins[node].to_scored(told[node]) - columns.offsets[f]) / columns.scales[f]
    reached = values[:, columns.design_columns(target)]
    if target in told:
        return told[target].mean(axis=0)
    if of.is_bent and of.margins[target] is not None:
        (f,) = columns.features_of(target)
        return of.margins[target].to_own(reached * columns.scales[f] + columns.offsets[f]).mean(axis=0)
    return of.features(target, reached.mean(axis=0)[None, None])[0, 0]


@pytest.mark.parametrize("margins", ["as_is", "normal_scores"])
@pytest.mark.parametrize("make", [chain, mixed_table])
def test_means_are_those_of_simulated_rows(make, margins, rng):
    data = dag_gfn.from_frame(make(rng))
    posterior = dag_gfn.fit(data, score="additive", margins=margins, progress=False)
    parameters = parameter_posterior(posterior)
    graphs = np.array([np.triu(np.ones((4, 4), dtype=bool), 1), np.eye(4, k=1, dtype=bool)])
    networks = parameters.sample(graphs, rng=rng)
    settings = np.array([[-1.0], [0.5]])
    found = networks.means((0,), settings, (1, 2, 3), rng=rng, rows=4000)
    for target, means in zip((1, 2, 3), found, strict=True):
        for s in range(2):
            for at, value in enumerate(settings[:, 0]):
                expected = by_rows(networks, s, (0,), {0: value}, target, 20_000, rng)
                spread = 0.06 if margins == "as_is" or target != 1 else 0.15
                assert means[s, at] == pytest.approx(expected, abs=spread)


def test_what_does_not_descend_has_the_same_mean_at_all_settings(rng):
    posterior = dag_gfn.fit(dag_gfn.from_frame(chain(rng)), score="additive", progress=False)
    parameters = parameter_posterior(posterior)
    graphs = np.zeros((2, 4, 4), dtype=bool)
    graphs[0, 1, 0] = graphs[0, 1, 2] = graphs[1, 0, 2] = True
    networks = parameters.sample(graphs, rng=rng)
    (b, c) = networks.means((0,), np.array([[-1.0], [0.0], [1.0]]), (1, 2), rng=rng)
    assert (np.ptp(b, axis=1) == 0).all()
    assert np.ptp(c[0]) == 0
    assert np.ptp(c[1]) > 0


def test_of_two_that_are_set_neither_hears_the_other(rng):
    posterior = dag_gfn.fit(dag_gfn.from_frame(chain(rng)), score="additive", margins="as_is", progress=False)
    networks = parameter_posterior(posterior).sample(np.eye(4, k=1, dtype=bool)[None], rng=rng)
    (c,) = networks.means((0, 1), np.array([[-1.0, 0.3], [2.0, 0.3]]), (2,), rng=rng)
    assert c[0, 0] == pytest.approx(c[0, 1], abs=1e-12)  # b is held, and a acts through it alone
