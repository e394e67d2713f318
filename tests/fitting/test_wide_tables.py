"""Tables of more than 63 columns, from the fit to what is asked of it."""

import networkx as nx
import numpy as np
import pytest
from oracles import is_dag

import dag_gfn
from dag_gfn.effects import total_effects
from dag_gfn.errors import OptionError
from dag_gfn.exact.dag_dp import exact_marginals
from dag_gfn.scores import ScoreTable, make_score

pytestmark = pytest.mark.filterwarnings("ignore::dag_gfn.NotConvergedWarning", "ignore::dag_gfn.DataWarning")
D = 70


@pytest.fixture(scope="module")
def data():
    return dag_gfn.simulate(D, 80, rng=np.random.default_rng(2))


@pytest.fixture(scope="module")
def posterior(data):
    return dag_gfn.fit(
        data,
        method="mcmc",
        prior="fair",
        time_budget=6,
        num_samples=200,
        seed=1,
        required=[("x0", "x1")],
        forbidden=[("x2", "x3")],
        progress=False,
    )


def test_a_fit_of_70_columns(posterior, data):
    edge = posterior.marginal("edge").values
    assert edge.shape == (D, D)
    assert edge[0, 1] == 1.0
    assert edge[2, 3] == edge[1, 0] == 0.0
    assert all(is_dag(dag) for dag in posterior.graphs[:20])
    assert posterior.graphs[:, 0, 1].all()
    assert not posterior.graphs[:, 2, 3].any()
    true = data.true_graph | data.true_graph.T
    linked = (edge + edge.T)[np.triu_indices(D, 1)]
    assert linked[true[np.triu_indices(D, 1)]].mean() > 10 * linked[~true[np.triu_indices(D, 1)]].mean()


def test_edges_that_no_graph_can_have_are_told(posterior, data):
    (told,) = [note for note in posterior.info["notes"] if "other columns can be parents" in note]
    assert told.startswith(f"62 of the {D - 1} other")
    assert f"the other {D * (D - 63)} edges have probability 0" in told
    # no fewer edges are at 0: each node has at most 62 parents in all drawn graphs together
    assert (posterior.marginal("edge").values > 0).sum(axis=0).max() <= 62


def test_what_is_asked_of_it(posterior, tmp_path):
    posterior.save(tmp_path / "out")
    loaded = dag_gfn.load(tmp_path / "out")
    np.testing.assert_array_equal(loaded.graphs, posterior.graphs)
    assert loaded.probability("edge(x0, x1)").value == 1.0
    chain = loaded.probability("path(x0, x69) & !edge(x69, x0)").value
    reaches = [
        nx.has_path(nx.from_numpy_array(dag, create_using=nx.DiGraph), 0, 69) for dag in posterior.graphs
    ]
    assert chain == pytest.approx(float(posterior.weights @ np.array(reaches, dtype=float)), abs=1e-9)
    parents = posterior.graphs[:, :, 65]
    exactly = loaded.probability(
        "parents(x65) == {" + ", ".join(f"x{i}" for i in np.flatnonzero(parents[0])) + "}"
    )
    assert exactly.value == pytest.approx(
        float(posterior.weights @ (parents == parents[0]).all(axis=1)), abs=1e-9
    )
    best = loaded.top_graphs(1)[0]
    assert nx.is_directed_acyclic_graph(best)
    assert loaded.top_classes(2)[0].graph["size"] >= 1
    effects = total_effects(loaded, num_draws=20, rng=0)
    assert effects.mean.shape == (D, D)
    checked = dag_gfn.check_graph(loaded, best)
    assert np.isfinite(checked.log_odds)


def test_scores_of_graphs_are_sums_over_families(posterior, data):
    score = make_score("bge", data.standardize())
    dag, log_score = posterior.best_graphs[0], float(posterior.best_log_scores[0])
    prior = dag_gfn.scores.make_prior("fair", D).log_prior_by_size
    total = 0.0
    for node in range(D):
        parents = np.flatnonzero(dag[:, node]).tolist()
        alone = score.on_nodes([node, *parents])
        total += (
            float(alone.local_scores(0, np.array([(1 << len(parents)) - 1 << 1]))[0]) + prior[len(parents)]
        )
    assert log_score == pytest.approx(total, abs=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"environment": "edges", "method": "gflownet"}, "not built edge by edge, and there are 70"),
        ({"method": "exact"}, "70 columns"),
    ],
)
def test_what_wide_tables_cannot_have_is_said_before(data, options, message):
    with pytest.raises((OptionError, dag_gfn.NotTractable), match=message):
        dag_gfn.fit(data, **options, progress=False)


def test_missing_cells_of_wide_tables_are_refused(data):
    frame = data.to_frame()
    frame.iloc[3, 5] = np.nan
    with pytest.raises(OptionError, match=r"at most 63 columns, and there are 70.*--missing drop"):
        dag_gfn.fit(frame, method="mcmc", progress=False)


def test_a_network_of_categories():
    hepar = dag_gfn.load_example("hepar2", num_samples=200)
    posterior = dag_gfn.fit(hepar, method="mcmc", time_budget=8, num_samples=50, progress=False)
    assert posterior.d == 70
    edge = posterior.marginal("edge").values
    assert edge[hepar.true_graph].mean() > 3 * edge[~hepar.true_graph].mean()


@pytest.mark.parametrize(
    "score",
    ["bic", *(pytest.param(score, marks=pytest.mark.slow) for score in ("linear_gaussian", "copula"))],
)
def test_scores_of_numbers_take_wide_tables(score):
    rows = dag_gfn.simulate(D, 150, rng=np.random.default_rng(5))
    posterior = dag_gfn.fit(rows, method="mcmc", score=score, time_budget=3, num_samples=20, progress=False)
    assert np.isfinite(posterior.log_scores).all()


@pytest.mark.slow
def test_columns_of_noise_change_nothing_where_they_cannot_be_parents():
    small = dag_gfn.simulate(15, 100, edges_per_node=2.0, rng=np.random.default_rng(3))
    noise = np.random.default_rng(4).normal(size=(100, 60))
    names = [*small.names, *(f"noise{i}" for i in range(60))]
    wide = dag_gfn.from_array(np.column_stack([small.values, noise]), names)
    exact = exact_marginals(ScoreTable.build(make_score("bge", small.standardize()))).edge
    from_noise = [(f"noise{i}", name) for i in range(60) for name in names if name != f"noise{i}"]
    found = dag_gfn.fit(wide, method="mcmc", time_budget=90, forbidden=from_noise, progress=False).marginal(
        "edge"
    )
    away = np.abs(found.values[:15, :15] - exact)
    assert (away <= 5 * found.errors()[:15, :15] + 2e-3).all()
    free = (
        dag_gfn.fit(wide, method="mcmc", prior="fair", time_budget=90, progress=False).marginal("edge").values
    )
    assert np.median(free[15:, :][free[15:, :] > 0]) < 0.05
    assert free[15:, 15:].max() < 0.6
