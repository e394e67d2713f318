import numpy as np
import pytest
from missing_cells import numbers, with_holes

import dag_gfn
from dag_gfn.errors import OptionError
from dag_gfn.fitting.incomplete import MODELLED, filled_in, require_modelled


def test_only_missing_cells_are_filled_from_their_column():
    data = numbers(3, 40, 0.2)
    filled = filled_in(data)
    np.testing.assert_array_equal(filled.values[~data.missing], data.values[~data.missing])
    for j in range(3):
        assert np.isin(filled.values[:, j], data.values[~data.missing[:, j], j]).all()
    assert filled_in(filled) is filled


@pytest.mark.parametrize("score", ["bic", "linear_gaussian"])
def test_scores_without_a_distribution_of_cells_are_refused_with_the_remedies(score):
    data = numbers(3, 40, 0.2)
    with pytest.raises(OptionError, match=r"score='bge'.*missing='drop'"):
        dag_gfn.fit(data, score=score, progress=False)
    require_modelled(score, filled_in(data))  # complete: any score


def test_discrete_columns_are_referred_to_bdeu():
    codes = np.random.default_rng(0).integers(2, size=(30, 3))
    data = with_holes(dag_gfn.from_array(codes, discrete="all"), 0.1)
    with pytest.raises(OptionError, match="score='bdeu'"):
        require_modelled("bic", data)
    for score in MODELLED:
        require_modelled(score, data)
