import numpy as np
import pytest
from prior_draws import all_dags

import dag_gfn
from dag_gfn.completion.augmentation import augmented_tables
from dag_gfn.completion.gaussian_cells import GaussianCells
from dag_gfn.completion.normal_wishart import NormalWishartPrior
from dag_gfn.completion.saturated import weighted_tables
from dag_gfn.graphs.subsets import remove_bit
from dag_gfn.random_streams import RandomStreams
from dag_gfn.scores import BGe


def make_score(columns):
    return BGe(dag_gfn.from_array(columns))


def of_all_dags(score):
    """Return log Z and the edge probabilities, by the scores of all 25 DAGs of three nodes."""
    dags, table = all_dags(3), score.complete_table()
    log_r = sum(table[node, remove_bit(dags[:, node], node)] for node in range(3))
    log_z = np.logaddexp.reduce(log_r)
    edge = [[np.exp(log_r - log_z) @ (dags[:, j] >> i & 1) for j in range(3)] for i in range(3)]
    return float(log_z), np.array(edge)


def evidence(score):
    return of_all_dags(score)[0]


def edges(tables):
    """Return the mean of the edge probabilities of the tables, and its standard error as of independent tables."""
    each = np.array([of_all_dags(score)[1] for score in tables.scores])
    weights = np.exp(tables.log_weights)
    mean = np.tensordot(weights, each, 1)
    return mean, np.sqrt(np.tensordot(weights**2, (each - mean) ** 2, 1))


def incomplete(rng, n, share):
    a = rng.normal(size=n)
    b = 0.8 * a + rng.normal(size=n)
    values = np.column_stack([a, b, 0.6 * b + rng.normal(size=n)])
    values = (values - values.mean(axis=0)) / values.std(axis=0)
    values[rng.random(values.shape) < share] = np.nan
    return GaussianCells(values, [[0], [1], [2]])


def both(cells, number, seed=0, **options):
    prior, streams = NormalWishartPrior.of(3), RandomStreams(seed)
    weighted = weighted_tables(cells, prior, make_score, evidence, streams=streams, tables=number, **options)
    augmented = augmented_tables(
        cells, prior, make_score, streams=streams, tables=number, first_round=number, max_sweeps=number
    )
    return edges(weighted), edges(augmented)


@pytest.mark.slow
def test_both_routes_give_the_same_posterior(rng, monkeypatch):
    monkeypatch.setattr("dag_gfn.completion.graph_draws.MAX_EXACT_NODES", 0)
    (one, one_error), (other, other_error) = both(incomplete(rng, 30, 0.2), 120, spacing=5)
    # tables of a chain that are 4 sweeps apart depend on one another a little
    assert (abs(one - other) <= 5 * np.hypot(one_error, other_error) + 1e-12).all()


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 3])
def test_both_routes_give_the_same_posterior_to_the_second_digit(seed, monkeypatch):
    monkeypatch.setattr("dag_gfn.completion.graph_draws.MAX_EXACT_NODES", 0)
    (one, _), (other, _) = both(incomplete(np.random.default_rng(seed), 30, 0.2), 1_200, seed, spacing=5)
    assert abs(one - other).max() < 0.02  # standard error of either about 0.004


def test_tables_do_not_depend_on_the_number_of_threads(rng):
    cells = incomplete(rng, 20, 0.1)
    options = {"tables": 10, "chains": 3, "burn_in": 5, "spacing": 2}
    found = [
        weighted_tables(
            cells,
            NormalWishartPrior.of(3),
            make_score,
            evidence,
            streams=RandomStreams(3),
            n_jobs=jobs,
            **options,
        )
        for jobs in (1, 4)
    ]
    assert (found[0].log_weights == found[1].log_weights).all()
    assert len(found[0]) == 12
    assert found[0].chains.tolist() == [0, 1, 2] * 4
    assert found[0].sweeps.tolist() == [7] * 3 + [9] * 3 + [11] * 3 + [13] * 3


def test_uneven_weights_end_the_attempt():
    """Three rows of thirty are complete, and the complete graph is far from every probable DAG."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(30, 3))
    values[3:][rng.random((27, 3)) < 0.6] = np.nan
    cells = GaussianCells(values, [[0], [1], [2]])
    counted = []

    def uneven(score):
        counted.append(score)
        return 3.0 * evidence(score)  # as if a few tables were far more probable than the others

    options = {"streams": RandomStreams(0), "tables": 80, "burn_in": 20, "spacing": 2}
    prior = NormalWishartPrior.of(3)
    assert weighted_tables(cells, prior, make_score, uneven, insist=False, **options) is None
    assert len(counted) < 80
    insisted = weighted_tables(cells, prior, make_score, uneven, **options)
    assert insisted.effective < 8
    assert insisted.diagnostics["effective_tables"] == pytest.approx(insisted.effective)
