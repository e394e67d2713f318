import numpy as np
import pandas as pd
import pytest
from missing_cells import numbers

import dag_gfn
from dag_gfn.errors import DataError
from dag_gfn.fitting.completed import complete
from dag_gfn.fitting.incomplete import filled_in
from dag_gfn.scores import Constraints, make_prior, make_score


def tables_of(data, *, score=None, weigh=False, tables=8, **options):
    of_filled = make_score(score, filled_in(data), **options)
    model = of_filled, make_prior("uniform", of_filled.d), Constraints.none(of_filled.d)
    return complete(data, *model, seed=0, tables=tables, weigh=weigh)


@pytest.mark.slow
def test_cells_that_were_seen_stay_and_hyperparameters_too():
    data = numbers(3, 40, 0.2)
    completed = tables_of(data, alpha_mu=0.5, alpha_w=9.0)
    assert completed.route == "augmentation"
    for score in completed.scores:
        np.testing.assert_array_equal(score.data.values[~data.missing], data.values[~data.missing])
        assert (score.alpha_mu, score.alpha_w) == (0.5, 9.0)
        assert not score.data.has_missing


@pytest.fixture
def mixed():
    rng = np.random.default_rng(0)
    size = rng.normal(size=60)
    colour = np.where(size + rng.normal(size=60) > 0, "red", "blue").astype(object)
    shape = rng.choice(["a", "b", "c"], size=60).astype(object)
    table = pd.DataFrame({"size": size, "colour": colour, "shape": shape})
    table.loc[:4, "colour"] = None
    table.loc[3:8, "size"] = np.nan
    table.loc[10:14, "shape"] = None
    return dag_gfn.from_frame(table).standardize()


@pytest.mark.slow
def test_a_missing_category_becomes_one_of_its_levels(mixed):
    completed = tables_of(mixed, score="block")
    design = completed.scores[0].design
    for score in completed.scores:
        levels = score.design.features()[:, design.feature_levels >= 0]
        np.testing.assert_allclose(levels[:, :2].sum(axis=1), 1.0, atol=1e-9)
        np.testing.assert_allclose(levels * (1 - levels), 0.0, atol=1e-9)
        seen = ~mixed.missing[:, 1]
        np.testing.assert_allclose(levels[seen, 1], mixed.values[seen, 1], atol=1e-9)


@pytest.mark.slow
def test_levels_that_no_seen_cell_has_are_not_drawn(mixed):
    from dataclasses import replace

    rare = replace(
        mixed,
        states=(*mixed.states[:2], (*mixed.states[2], "z")),
        cardinalities=(*mixed.cardinalities[:2], 4),
    )
    for score in tables_of(rare, score="block").scores:
        assert np.isfinite(score.design.columns).all()


def test_missing_cells_of_a_group_are_refused_with_the_remedies(rng):
    from dataclasses import replace

    data = replace(numbers(3, 40, 0.2), groups=(("both", ("x0", "x1")),))
    with pytest.raises(DataError, match=r"group 'both'.*missing='drop'"):
        tables_of(data, score="block")
