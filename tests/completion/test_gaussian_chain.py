import itertools

import numpy as np
import pytest
from joint_distribution import CASES, EnumeratedGraphs, differences, largest_z
from prior_draws import all_dags
from scipy.integrate import quad

from dag_gfn.completion.block_scores import BlockScores
from dag_gfn.completion.gaussian_cells import CategoryColumns, GaussianCells
from dag_gfn.completion.gaussian_chain import GaussianChain
from dag_gfn.completion.normal_wishart import BlockLayout, NormalWishartPrior
from dag_gfn.errors import OptionError
from dag_gfn.scores import make_prior

NODES = [[0], [1, 2], [3]]
LAYOUT = BlockLayout(NODES)
VECTORS = np.array([[-1.2, -0.5], [1.0, -0.7], [0.1, 1.6]])
SIDES = np.array([[-1.0], [1.0]])


@pytest.mark.parametrize("case", CASES)
def test_sweeps_leave_the_joint_distribution_as_it_is(case, rng):
    assert largest_z(differences(case, 80, 4, rng)) < 4


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_sweeps_leave_the_joint_distribution_as_it_is_to_the_second_digit(case, rng):
    assert largest_z(differences(case, 1_000, 6, rng)) < 4


@pytest.mark.slow
@pytest.mark.parametrize("wrong", ["parameters", "cells", "graphs"])
def test_the_joint_distribution_shows_what_is_wrong(wrong, rng, monkeypatch):
    """The check above has the power to fail: each part of the sweep is spoilt."""
    if wrong == "cells":
        draw = GaussianChain.sweep

        def sweep(chain):
            draw(chain)
            chain.values[3] *= 0.5  # all its cells are drawn

        monkeypatch.setattr(GaussianChain, "sweep", sweep)
    elif wrong == "parameters":
        after = NormalWishartPrior.after

        def more_rows(prior, values, **_):
            return after(prior, np.concatenate([values, values]))

        monkeypatch.setattr(NormalWishartPrior, "after", more_rows)
    else:
        scored = BlockScores.local_scores
        monkeypatch.setattr(BlockScores, "local_scores", lambda *families: 4.0 * scored(*families))
    assert largest_z(differences("numbers", 600, 6, rng)) > 4


def log_scores(values, dags):
    """Return log R of each DAG on a complete table."""
    scores = BlockScores(NormalWishartPrior.of(4).after(values), LAYOUT)
    nodes = np.arange(3)
    return np.array([scores.local_scores(nodes, dag).sum() for dag in dags])


@pytest.fixture
def mixed(rng):
    """Return ten rows of a number and two categories, three of whose levels are missing."""
    levels, sides = rng.integers(0, 3, size=10), rng.integers(0, 2, size=10)
    number = levels - 1.0 + 0.5 * rng.normal(size=10)
    levels[[1, 4]], sides[4] = -1, -1
    values = np.column_stack([number, np.zeros((10, 3))])
    categories = [CategoryColumns((1, 2), VECTORS, levels), CategoryColumns((3,), SIDES, sides)]
    return GaussianCells(values, NODES, (), categories)


def completions(cells):
    """Return every complete table, one for each combination of the three missing levels."""
    for first, second, side in itertools.product(range(3), range(3), range(2)):
        levels, sides = (category.levels.copy() for category in cells.categories)
        levels[[1, 4]], sides[4] = [first, second], side
        yield np.column_stack([cells.values[:, 0], VECTORS[levels], SIDES[sides]])


@pytest.mark.parametrize("kind", ["graphs", "saturated"])
def test_missing_levels_have_their_exact_probabilities(kind, mixed, rng):
    """All 18 completed tables are enumerated, and under graphs all 25 DAGs of each."""
    dags = all_dags(3) if kind == "graphs" else np.array([[0b000, 0b001, 0b011]])
    tables = list(completions(mixed))
    weights = np.array([log_scores(table, dags) for table in tables])
    weights = np.exp(weights - weights.max())
    exact = weights.sum(axis=1) / weights.sum()
    chain = GaussianChain(
        mixed,
        NormalWishartPrior.of(4),
        EnumeratedGraphs(make_prior("uniform", 3)) if kind == "graphs" else None,
        rng=rng,
    )
    counts, blocks = np.zeros((20, 18)), 20
    for block in range(blocks):
        for _ in range(150):
            chain.sweep()
            counts[block, next(k for k, table in enumerate(tables) if np.allclose(table, chain.values))] += (
                1 / 150
            )
    error = np.sqrt(counts.var(axis=0) / blocks + exact * (1 - exact) / 3_000)
    assert (abs(counts.mean(axis=0) - exact) < 4 * error).all()


def test_a_missing_number_has_its_exact_distribution(rng):
    """Its density is the sum of R over all DAGs as a function of the cell, integrated here by quadrature."""
    values = rng.normal(size=(8, 4))
    values[2, 0] = np.nan
    cells, dags = GaussianCells(values, NODES), all_dags(3)

    def density(x):
        return np.exp(log_scores(np.where(np.isnan(values), x, values), dags) + 40.0).sum()

    below = np.array([-1.5, -0.5, 0.0, 0.5, 1.5])
    total = quad(density, -np.inf, np.inf)[0]
    exact = np.array([quad(density, -np.inf, x)[0] for x in below]) / total
    chain = GaussianChain(
        cells, NormalWishartPrior.of(4), EnumeratedGraphs(make_prior("uniform", 3)), rng=rng
    )
    shares = []
    for _ in range(20):
        drawn = []
        for _ in range(100):
            chain.sweep()
            drawn.append(chain.values[2, 0] < below)
        shares.append(np.mean(drawn, axis=0))
    assert (abs(np.mean(shares, axis=0) - exact) < 4 * np.std(shares, axis=0) / np.sqrt(20)).all()


def test_the_saturated_model_refuses_interventions(rng):
    cells = GaussianCells(np.zeros((2, 2)), [[0], [1]], intervened=np.array([[True, False], [False, False]]))
    with pytest.raises(OptionError, match="does not honour interventions"):
        GaussianChain(cells, NormalWishartPrior.of(2), None, rng=rng)


def test_the_prior_must_be_for_the_columns(rng):
    cells = GaussianCells(np.zeros((2, 2)), [[0], [1]])
    with pytest.raises(OptionError, match="a prior for 2 columns, not 3"):
        GaussianChain(cells, NormalWishartPrior.of(3), None, rng=rng)
