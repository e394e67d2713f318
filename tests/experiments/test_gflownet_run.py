from types import SimpleNamespace

import gflownet_run
import numpy as np
import pytest

import dag_gfn


def test_a_seed_gives_the_same_raw_data():
    first, again = (gflownet_run.simulated(4, 3, 0.01) for _ in range(2))
    np.testing.assert_array_equal(first.values, again.values)
    assert first.values.shape == (100, 4)
    assert not np.allclose(first.values.std(axis=0), 1.0)


def test_training_that_ctrl_c_ended_is_not_a_result(monkeypatch):
    monkeypatch.setattr(dag_gfn, "fit", lambda *_, **__: SimpleNamespace(info={"interrupted": True}))
    with pytest.raises(KeyboardInterrupt):
        gflownet_run.train(
            gflownet_run.simulated(3, 0, 0.1), objective="modified_db", behaviour="off", seed=0, seconds=1.0
        )


def test_published_objectives_are_compared_over_edges(monkeypatch):
    asked = {}

    def fit(data, **options):
        asked.update(options)
        return SimpleNamespace(info={"interrupted": False})

    monkeypatch.setattr(dag_gfn, "fit", fit)
    data = gflownet_run.simulated(3, 0, 0.1)
    gflownet_run.train(data, objective="trajectory_balance", behaviour="off", seed=0, seconds=1.0)
    assert asked["environment"] == "edges"


def test_the_exact_posterior_is_of_the_raw_data():
    data = gflownet_run.simulated(3, 0, 0.1)
    posterior = gflownet_run.exact(data)
    assert posterior.info["method"] == "exact"
    assert posterior.info["standardized"] is False
