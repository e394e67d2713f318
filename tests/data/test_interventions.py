import numpy as np
import pytest

from dag_gfn.data.interventions import intervention_mask
from dag_gfn.errors import DataError


def test_masks_of_interventions():
    np.testing.assert_array_equal(intervention_mask(np.array([[0, 1]]), (1, 2)), [[False, True]])
    with pytest.raises(DataError, match=r"shape \(1, 2\).*\(3, 2\)"):
        intervention_mask(np.zeros((1, 2), dtype=bool), (3, 2))
    with pytest.raises(DataError, match="other than True and False"):
        intervention_mask(np.array([[0, 2]]), (1, 2))
