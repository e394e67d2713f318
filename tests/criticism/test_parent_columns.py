"""The columns by which nodes act on their children."""

import numpy as np
import pandas as pd

import dag_gfn
from dag_gfn.criticism.parent_columns import as_scored, parent_columns


def test_categories_act_by_their_block_and_numbers_by_curves(rng):
    frame = pd.DataFrame({"job": rng.choice(["a", "b", "c"], 60), "x": rng.normal(size=60)})
    data = dag_gfn.from_frame(frame).standardize()
    assert [each.shape[1] for each in parent_columns(data, "block")] == [2, 1]
    assert [each.shape[1] for each in parent_columns(data, "additive")] == [2, 5]


def test_the_copula_is_checked_on_normal_scores(rng):
    data = dag_gfn.from_array(np.exp(rng.normal(size=(200, 2))))
    scored = as_scored(data, "copula")
    assert abs((scored.values**3).mean()) < 0.1
