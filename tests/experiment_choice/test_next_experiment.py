"""Against quadrature for two variables, and a slow computation over all DAGs for three."""

import numpy as np
import pytest
from experiment_cases import information, log_rewards, with_experiment

import dag_gfn
from dag_gfn.errors import OptionError, QueryError
from dag_gfn.exact.enumeration import enumerate_dags
from dag_gfn.graphs import graph
from dag_gfn.parameters import parameter_posterior


def pair(rng, n=15):
    first = rng.normal(size=n)
    return np.column_stack([first, 0.6 * first + rng.normal(size=n)])


def chain(rng, n=200):
    a = rng.normal(size=n)
    b = a + rng.normal(size=n)
    return np.column_stack([a, b, b + rng.normal(size=n)])


def fitted(values, **options):
    names = [f"x{j}" for j in range(values.shape[1])]
    data = dag_gfn.from_array(values, names)
    return dag_gfn.fit(data, method="exact", standardize=False, progress=False, **options)


@pytest.mark.filterwarnings("ignore::dag_gfn.DataWarning")
def test_against_quadrature(rng):
    values = pair(rng)
    posterior = fitted(values)
    found = dag_gfn.next_experiments(posterior, rows=1, num_simulations=4000, rng=0)
    before = log_rewards(values, None, "bge")
    weights = np.exp(before - np.logaddexp.reduce(before))
    grid = np.linspace(-11.0, 11.0, 100)
    for each in found.ranked:
        target = int(each.targets[0][1])
        value = values[:, target].mean() - 2 * values[:, target].std()
        value = max(value, values[:, target].min())  # the first of the two settings
        density = []
        for seen in grid:
            row = np.full((1, 2), seen)
            row[0, target] = value
            density.append(np.exp(log_rewards(*with_experiment(values, target, row), "bge") - before))
        density = np.array(density)
        assert np.allclose(np.trapezoid(density, grid, axis=0), 1.0, atol=1e-3)
        mixture = density @ weights
        expected = np.trapezoid(density * np.log(density / mixture[:, None]), grid, axis=0) @ weights
        assert abs(each.information.value - expected) < 4 * each.information.standard_error + 1e-3


@pytest.mark.filterwarnings("ignore::dag_gfn.DataWarning")
def test_against_all_dags_of_three_variables(rng):
    """Rows simulated by coefficients in the columns' units, and whole tables scored anew."""
    values = chain(rng, n=30)
    posterior = fitted(values)
    found = {
        each.targets[0]: each.information
        for each in dag_gfn.next_experiments(posterior, rows=6, num_simulations=400, rng=0).ranked
    }
    before = log_rewards(values, None, "bge")
    weights = np.exp(before - np.logaddexp.reduce(before))
    graphs = graph.adjacency_from_masks(enumerate_dags(3).astype(np.int64), 3)
    parameters = parameter_posterior(posterior)
    for target in range(3):
        spread = 2 * values[:, target].std()
        low = max(values[:, target].mean() - spread, values[:, target].min())
        high = min(values[:, target].mean() + spread, values[:, target].max())
        told = []
        for which in rng.choice(25, size=60, p=weights):
            network = parameters.sample(graphs[[which]], rng=rng)
            rows = np.zeros((6, 3))
            for node in graph.topological_order(graphs[which]):
                noise = rng.normal(size=6) * np.sqrt(network.noise_variances[0, node])
                rows[:, node] = network.intercepts[0, node] + rows @ network.coefficients[0, :, node] + noise
                if node == target:
                    rows[:, node] = np.tile([low, high], 3)
            after = log_rewards(*with_experiment(values, target, rows), "bge")
            told.append(information(weights, after - before))
        error = np.hypot(np.std(told) / np.sqrt(len(told)), found[f"x{target}"].standard_error)
        assert abs(found[f"x{target}"].value - np.mean(told)) < 4 * error


def test_information_grows_with_rows_to_its_limit(rng):
    posterior = fitted(chain(rng))
    of_rows = [dag_gfn.next_experiments(posterior, rows=rows, rng=0).ranked for rows in (2, 5_000)]
    few = {each.targets: each.information for each in of_rows[0]}
    for each in of_rows[1]:
        assert few[each.targets].value < each.information.value
        assert abs(each.information.value - each.limit.value) < 4 * each.information.standard_error + 0.02


def test_draws_agree_with_all_dags(rng):
    posterior = fitted(chain(rng))
    whole = dag_gfn.next_experiments(posterior, rows=20, num_simulations=1000, rng=0)
    draws = dag_gfn.GraphPosterior.from_samples(
        posterior.names,
        posterior.sample_adjacency(4000, rng=0),
        info={key: value for key, value in posterior.info.items() if key != "all_dags"},
        statistics=posterior.statistics,
    )
    sampled = dag_gfn.next_experiments(draws, rows=20, num_graphs=2000, num_simulations=1000, rng=1)
    assert whole.exact
    assert not sampled.exact
    exact = {each.targets: each for each in whole.ranked}
    for each in sampled.ranked:
        error = np.hypot(each.information.standard_error, exact[each.targets].information.standard_error)
        assert abs(each.information.value - exact[each.targets].information.value) < 4 * error + 0.03
        assert each.information.lower <= each.information.upper
        assert abs(each.limit.value - exact[each.targets].limit.value) < 4 * each.limit.standard_error + 0.02


def test_questions_costs_and_forbidden_targets(rng):
    posterior = fitted(chain(rng))
    found = dag_gfn.next_experiments(
        posterior, rows=50, about="path(x0, x2)", costs={"x0": 4}, forbid_targets=["x1"], rng=0
    )
    assert {each.targets for each in found.ranked} == {("x0",), ("x2",)}
    of_first = next(each for each in found.ranked if each.targets == ("x0",))
    assert of_first.value == of_first.information.value / 4
    share = posterior.probability("path(x0, x2)").value
    assert found.open_nats == pytest.approx(-share * np.log(share) - (1 - share) * np.log(1 - share))
    assert all(each.information.value < found.open_nats + 1e-9 for each in found.ranked)
    effect = dag_gfn.next_experiments(posterior, rows=50, about="effect(x0, x2) > 0.5", rng=0)
    assert effect.best.information.value > 0.1


def test_batches_add_what_is_missing(rng):
    posterior = fitted(chain(rng))
    found = dag_gfn.next_experiments(posterior, rows=50, batch=2, rng=0)
    first, both = found.batch
    assert first.targets == found.best.targets
    assert both.targets[:1] == first.targets
    assert both.information.value > first.information.value
    assert both.limit.value > first.limit.value


def test_a_certain_posterior_leaves_nothing_to_learn(rng):
    posterior = fitted(chain(rng), required=[("x0", "x1"), ("x1", "x2")], forbidden=[("x0", "x2")])
    found = dag_gfn.next_experiments(posterior, rows=50, rng=0)
    assert found.open_nats == pytest.approx(0.0, abs=1e-9)
    assert found.tells_nothing()
    assert len(found.ties()) == 2


def test_categories(rng):
    first = rng.integers(0, 2, size=200)
    values = np.column_stack([first, np.where(rng.random(200) < 0.8, first, 1 - first)])
    posterior = dag_gfn.fit(dag_gfn.from_array(values, ["a", "b"], discrete="all"), progress=False)
    found = dag_gfn.next_experiments(posterior, rows=200, rng=0)
    assert found.best.settings == {found.best.targets[0]: ["0", "1"]}
    assert found.best.information.value == pytest.approx(np.log(2), abs=0.05)
    assert len(found.ties()) == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"rows": 0}, "rows must be 1 or more"),
        ({"batch": 4}, "only 3 variables"),
        ({"costs": {"x0": 0}}, "positive number"),
        ({"costs": {"x9": 1}}, "there is no column 'x9'"),
        ({"forbid_targets": ["x0", "x1", "x2"]}, "leave one"),
        ({"num_graphs": 1}, "num_graphs must be 2 or more"),
    ],
)
def test_impossible_options(rng, options, said):
    with pytest.raises(OptionError, match=said):
        dag_gfn.next_experiments(fitted(chain(rng, n=30)), **options)


def test_what_has_no_predictions_is_refused(rng):
    posterior = dag_gfn.fit(rng.normal(size=(30, 3)), score="bic", progress=False)
    with pytest.raises(OptionError, match="not for 'bic': fit again with score='bge'"):
        dag_gfn.next_experiments(posterior)
    with pytest.raises(QueryError, match="did you mean x1"):
        dag_gfn.next_experiments(fitted(rng.normal(size=(30, 3))), about="edge(x0, x11)")
