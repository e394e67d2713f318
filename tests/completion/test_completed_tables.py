import numpy as np
import pytest

import dag_gfn
from dag_gfn.completion.completed_tables import CompletedTables, effective_number
from dag_gfn.scores import BGe


def test_the_effective_number_does_not_depend_on_the_scale_of_the_weights(rng):
    log_weights = rng.normal(size=20)
    weights = np.exp(log_weights) / np.exp(log_weights).sum()
    assert effective_number(log_weights) == pytest.approx(1.0 / (weights**2).sum())
    assert effective_number(log_weights - 5000.0) == pytest.approx(effective_number(log_weights))


def test_tables_are_worth_their_weights():
    zeros = np.zeros(3, dtype=np.int64)
    score = BGe(dag_gfn.from_array(np.arange(12.0).reshape(6, 2) ** 2))
    tables = CompletedTables([score] * 3, np.log([0.5, 0.25, 0.25]), zeros, zeros, "weighted")
    assert len(tables) == 3
    assert tables.effective == pytest.approx(1.0 / 0.375)
