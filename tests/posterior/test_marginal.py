import numpy as np
import pytest

from dag_gfn.posterior import Marginal, Probability


@pytest.mark.parametrize("values", [[-0.1, 0.5], [0.5, 1.1], [np.nan, 0.5]])
def test_marginals_are_probabilities(values):
    with pytest.raises(ValueError, match="must be probabilities"):
        Marginal(np.array(values), "exact")


def test_a_probability_is_a_number():
    assert float(Probability(0.25, 0.0, "exact")) == 0.25
    assert f"{float(Probability(1.0, 0.0, 'samples')):.1f}" == "1.0"
