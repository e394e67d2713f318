"""Parameters of curves: what is read from statistics, and that a loaded folder gives the same."""

from dataclasses import replace

import numpy as np
import pytest
from curve_cases import bent_pair, chain, known_pair, mixed_table

import dag_gfn
from dag_gfn.parameters import AdditiveParameters, parameter_posterior

PAIR = np.array([[[False, True], [False, False]]])


def same(one, other):
    return all(
        np.array_equal(getattr(one, name), getattr(other, name))
        for name in ("coefficients", "intercepts", "noise_roots", "in_own_units")
    )


@pytest.mark.parametrize("make", [chain, mixed_table])
def test_a_loaded_folder_gives_the_same_draws(make, rng, tmp_path):
    posterior = dag_gfn.fit(dag_gfn.from_frame(make(rng)), score="additive", progress=False)
    posterior.save(tmp_path / "out")
    loaded = dag_gfn.load(tmp_path / "out")
    graphs = posterior.sample_adjacency(20, rng=0)
    fresh, again = (parameter_posterior(each) for each in (posterior, loaded))
    assert isinstance(again, AdditiveParameters)
    one, other = fresh.sample(graphs, rng=1), again.sample(graphs, rng=1)
    assert same(one, other)
    (y,), (z,) = (n.means((0,), np.array([[0.5]]), (2,), rng=np.random.default_rng(2)) for n in (one, other))
    assert np.array_equal(y, z)


def test_coefficients_are_where_the_graph_has_edges(rng):
    parameters = parameter_posterior(
        dag_gfn.fit(dag_gfn.from_frame(chain(rng)), score="additive", progress=False)
    )
    graphs = np.zeros((3, 4, 4), dtype=bool)
    graphs[1, 0, 2] = graphs[2, 0, 2] = graphs[2, 3, 2] = True
    found = parameters.sample(graphs, rng=0).coefficients
    for s, graph in enumerate(graphs):
        for i in range(4):
            block = found[s, parameters.starts[i] : parameters.starts[i + 1]]
            for j in range(4):
                assert (block[0, j] != 0) == graph[i, j]


def test_a_node_reads_the_rows_in_which_it_was_not_set(rng):
    values = bent_pair("line", rng, n=400)
    spoiled = values.copy()
    spoiled[:100, 1] = rng.normal(size=100)
    was_set = np.zeros(values.shape, dtype=bool)
    was_set[:100, 1] = True
    data = dag_gfn.from_array(spoiled, ["x", "y"])
    means = []
    for intervened in (was_set, None):
        posterior = dag_gfn.fit(
            replace(data, intervened=intervened), score="additive", margins="as_is", progress=False
        )
        parameters = parameter_posterior(posterior)
        networks = parameters.sample(np.repeat(PAIR, 100, axis=0), rng=0)
        (y,) = networks.means((0,), parameters.points(0, np.array([-1.0, 1.0])), (1,), rng=rng)
        means.append(np.diff(y.mean(axis=0)[:, 0])[0] / 2)
    assert means[0] == pytest.approx(1.5, abs=0.1)
    assert means[1] < 1.3  # the rows in which y was set hide the slope


def test_values_are_set_and_told_in_the_tables_units(rng):
    frame = chain(rng)
    for margins in ("as_is", "normal_scores"):
        parameters = parameter_posterior(
            dag_gfn.fit(dag_gfn.from_frame(frame), score="additive", margins=margins, progress=False)
        )
        for j, name in enumerate(frame.columns):
            values = np.quantile(frame[name], [0.1, 0.5, 0.9])
            points = parameters.points(j, values)
            networks = parameters.sample(np.zeros((1, 4, 4), dtype=bool), rng=0)
            (back,) = networks.means((j,), points, (j,), rng=rng)
            assert back[0, :, 0] == pytest.approx(values)


def test_curves_are_as_sure_as_the_rows_whatever_their_weight_for_graphs(rng):
    values, points = bent_pair("square", rng), np.array([[-1.0], [1.0]])
    found = []
    for weight in (0.05, 1.0):
        parameters = parameter_posterior(known_pair(values, curve_weight=weight))
        found.append(
            parameters.sample(PAIR, rng=0).means((0,), points, (1,), rng=np.random.default_rng(0))[0]
        )
    assert np.array_equal(*found)
