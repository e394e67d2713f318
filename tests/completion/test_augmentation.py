import numpy as np
import pytest

import dag_gfn
from dag_gfn.completion.augmentation import augmented_tables
from dag_gfn.completion.gaussian_cells import GaussianCells, RankColumn
from dag_gfn.completion.normal_wishart import NormalWishartPrior
from dag_gfn.random_streams import RandomStreams
from dag_gfn.scores import BGe, Constraints


def make_score(columns):
    return BGe(dag_gfn.from_array(columns))


def augmented(cells, **options):
    prior = NormalWishartPrior.of(cells.num_columns)
    return augmented_tables(cells, prior, make_score, streams=RandomStreams(0), **options)


@pytest.fixture(autouse=True)
def _moved_graphs(monkeypatch):
    """Let the chains move their graphs, which is quicker while signatures are checked."""
    monkeypatch.setattr("dag_gfn.completion.graph_draws.MAX_EXACT_NODES", 0)


@pytest.fixture
def cells(rng):
    values = rng.normal(size=(25, 3))
    values[:, 1] += values[:, 0]
    values[rng.random(values.shape) < 0.15] = np.nan
    return GaussianCells(values, [[0], [1], [2]])


@pytest.mark.slow
def test_tables_agree_with_what_was_seen_and_do_not_depend_on_threads(cells):
    options = {"tables": 10, "chains": 3, "first_round": 20, "max_sweeps": 20}
    one, other = (augmented(cells, n_jobs=jobs, **options) for jobs in (1, 4))
    assert len(one) == 12
    assert one.chains.tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert one.sweeps.tolist() == [55, 60, 65, 70] * 3
    assert np.isclose(np.exp(one.log_weights).sum(), 1.0)
    seen = ~np.isnan(cells.values)
    for first, second in zip(one.scores, other.scores, strict=True):
        assert (first.data.values == second.data.values).all()
        assert (first.data.values[seen] == cells.values[seen]).all()


@pytest.mark.slow
def test_chains_that_do_not_agree_run_longer(cells):
    short = augmented(cells, tables=8, chains=2, first_round=20, max_sweeps=60)
    assert short.diagnostics["sweeps"] == 50 + 20 + 40  # too few for 400 effective draws
    assert short.diagnostics["converged"] == 0.0


@pytest.mark.slow
def test_chains_that_agree_end_early(cells):
    tables = augmented(cells, tables=8, chains=4, first_round=200, max_sweeps=3_200)
    assert tables.diagnostics["sweeps"] < 50 + 3_200
    assert tables.diagnostics["converged"] == 1.0
    assert tables.diagnostics["max_r_hat"] <= 1.05


def test_constraints_hold_in_every_sweep(cells, monkeypatch):
    from dag_gfn.completion.gaussian_chain import GaussianChain

    sweep, visited = GaussianChain.sweep, []

    def watched(chain):
        sweep(chain)
        visited.append(chain.parents.copy())

    monkeypatch.setattr(GaussianChain, "sweep", watched)
    constraints = Constraints.from_names(("a", "b", "c"), required=[("b", "a")], forbidden=[("a", "c")])
    augmented(cells, constraints=constraints, tables=4, chains=2, first_round=20, max_sweeps=20)
    parents = np.array(visited)
    assert (parents[:, 0] & 0b010 != 0).all()
    assert (parents[:, 2] & 0b001 == 0).all()


def test_a_column_of_ranks_is_read_by_its_order_alone(rng):
    """A number and the same number cut into four levels: the edge between them is found, and z follows the number."""
    number = rng.normal(size=80)
    levels = np.searchsorted([-0.8, 0.0, 0.8], number)
    values = np.column_stack([number, np.zeros(80), rng.normal(size=80)])
    cells = GaussianCells(values, [[0], [1], [2]], [RankColumn(1, levels)])
    tables = augmented(cells, tables=8, chains=2, first_round=40, max_sweeps=40)
    for score in tables.scores:
        latent = score.data.values[:, 1]
        assert np.corrcoef(latent, number)[0, 1] > 0.9
        for level in range(3):
            assert latent[levels == level].max() <= latent[levels == level + 1].min()
