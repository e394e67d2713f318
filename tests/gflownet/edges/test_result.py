"""The result of a GFlowNet over edges: the policy itself where it is known, else its draws."""

from dataclasses import replace

import numpy as np
import pytest
from result_cases import recorded
from sampler_cases import request_of, score_table

from dag_gfn.gflownet.edges.fit import fit_edges
from dag_gfn.gflownet.training.config import default_config
from dag_gfn.graphs.subsets import pack


@pytest.mark.parametrize("d", [3, 6])
def test_as_a_posterior(d):
    table = score_table(d)
    config = default_config(d, iterations=2)
    result = fit_edges(table, request_of(config, num_samples=64))
    posterior = recorded(result.result(table, config))
    assert posterior.names == table.names
    known = 64 * result.importance.ess >= 25  # of fewer independent draws the mean weight says nothing
    assert posterior.log_evidence == (result.importance.log_z if known else None)
    assert (posterior.info["log_evidence_standard_error"] is not None) == known
    assert posterior.info["training"]["options"]["iterations"] == 2
    if d == 3:
        assert posterior.info["all_dags"] is True
        assert np.sort(posterior.log_weights) == pytest.approx(np.sort(result.log_probabilities), abs=1e-9)
    else:
        np.testing.assert_allclose(
            posterior.marginal("edge").values, result.adjacency.mean(axis=0), atol=1e-12
        )
    scores = table.log_reward(pack(posterior.graphs.swapaxes(1, 2)))
    np.testing.assert_allclose(posterior.log_scores, scores, atol=1e-6)


def test_how_training_ended_is_handed_on():
    table, config = score_table(2), default_config(2, iterations=2)
    fit = fit_edges(table, request_of(config, num_samples=64))
    training = replace(fit.training, iterations=7, cut_short=True, interrupted=True, seconds=3.5)
    result = replace(fit, training=training).result(table, config)
    assert result.interrupted
    assert result.diagnostics.iterations == 7
    assert result.diagnostics.cut_short_by_time_budget
    assert result.timing["training_seconds"] == 3.5
    assert result.evidence.source == "importance weights"
    assert result.diagnostics.importance.log_z == result.evidence.log_z
    assert result.posterior.sampler.log_probability(np.zeros((1, 2, 2), dtype=bool), seed=0)[
        0
    ] == pytest.approx(fit.log_probabilities[0], abs=1e-6)
