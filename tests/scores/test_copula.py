"""The copula score against BGe of normal scores, and what it says of ordered categories."""

from dataclasses import replace

import numpy as np
from scipy.stats import norm, rankdata
from score_data import continuous, correlated, dependent_codes, discrete

from dag_gfn.data.normal_scores import level_scores
from dag_gfn.scores import BGe, BlockBGe, Copula


def ordered(codes, cardinalities):
    data = discrete(codes, cardinalities)
    return replace(data, kinds=("ordinal",) * data.d)


def test_of_numbers_it_is_bge_of_their_normal_scores(rng):
    values = np.exp(correlated(rng, 50, 4))
    z = norm.ppf(rankdata(values, axis=0) / 51)
    z = (z - z.mean(0)) / z.std(0)
    np.testing.assert_allclose(
        Copula(continuous(values), alpha_mu=2.0).complete_table(),
        BGe(continuous(z), alpha_mu=2.0).complete_table(),
        rtol=1e-10,
    )


def test_of_ordered_categories_it_is_bge_of_the_scores_of_their_levels(rng):
    codes = dependent_codes(rng, 80, (3, 2, 4))
    z = np.stack(
        [level_scores(np.bincount(c, minlength=c.max() + 1).astype(float))[c] for c in codes.T], axis=1
    )
    z = (z - z.mean(0)) / z.std(0)
    data = ordered(codes, (3, 2, 4))
    found = Copula(data)
    np.testing.assert_allclose(found.complete_table(), BGe(continuous(z)).complete_table(), rtol=1e-10)
    assert found.doubts() == []  # a fit draws the normal variables
    survey = replace(data, weights=np.linspace(0.5, 1.5, 80))
    assert [doubt.code for doubt in Copula(survey).doubts()] == ["ordinal_plug_in"]


def test_categories_without_order_stay_blocks(rng):
    data = discrete(dependent_codes(rng, 60, (3, 2, 4)), (3, 2, 4))
    np.testing.assert_array_equal(Copula(data).complete_table(), BlockBGe(data).complete_table())
    assert Copula(data).doubts() == []


def test_an_order_and_its_reverse_score_equally(rng):
    codes = dependent_codes(rng, 60, (3, 2, 4))
    turned = codes.copy()
    turned[:, 2] = 3 - turned[:, 2]
    np.testing.assert_allclose(
        Copula(ordered(codes, (3, 2, 4))).complete_table(),
        Copula(ordered(turned, (3, 2, 4))).complete_table(),
        rtol=1e-10,
    )


def test_which_data_have_cells_to_draw(rng):
    numbers, codes = (
        continuous(correlated(rng, 20, 3)),
        ordered(dependent_codes(rng, 20, (3, 2, 4)), (3, 2, 4)),
    )
    missing = numbers.values.copy()
    missing[3, 1] = np.nan
    assert not Copula.needs_completion(numbers)
    assert Copula.needs_completion(replace(numbers, values=missing))
    assert Copula.needs_completion(codes)
    assert Copula.needs_completion(replace(codes, weights=np.full(20, 3.0)))
    assert not Copula.needs_completion(replace(codes, weights=np.full(20, 0.5)))
