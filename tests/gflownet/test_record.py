"""What is recorded of training, and a policy as a posterior."""

import json

import numpy as np
import oracles
import pytest
from sampler_cases import log_reward, score_table

from dag_gfn.exact.enumeration import enumerate_dags
from dag_gfn.gflownet.policies.flow_model import FlowModel
from dag_gfn.gflownet.policies.uniform import UniformPolicy
from dag_gfn.gflownet.record import importance_of, policy_posterior, training_record, training_seconds
from dag_gfn.gflownet.sampling.importance import ImportanceEstimate
from dag_gfn.gflownet.training.config import TrainConfig
from dag_gfn.gflownet.training.report import TrainingReport, TrainingResult


@pytest.fixture
def training():
    history = [
        TrainingReport(10, 20, loss=0.5, epsilon=0.4, seconds=1.0, metrics={"ess": 0.25}),
        TrainingReport(20, 20, loss=0.25, epsilon=0.3, seconds=2.5, metrics={"ess": 0.75, "jsd": 0.0}),
    ]
    return TrainingResult(
        FlowModel(UniformPolicy()), 20, history, cut_short=False, interrupted=False, seconds=3.0
    )


def test_times_stand_apart_from_what_a_seed_decides(training):
    assert training_record(training, TrainConfig(iterations=20)).history == [
        {"iteration": 10, "loss": 0.5, "ess": 0.25},
        {"iteration": 20, "loss": 0.25, "ess": 0.75, "jsd": 0.0},
    ]
    assert training_seconds(training) == {"training_seconds": 3.0, "history_seconds": [1.0, 2.5]}


def test_the_options_can_be_written_as_json(training):
    config = TrainConfig(iterations=20, learning_rate=0.01)
    options = json.loads(json.dumps(training_record(training, config).options))
    assert (options["iterations"], options["learning_rate"], options["optimizer"]) == (20, 0.01, "soap")
    assert options["exploration"] == vars(config.exploration)
    assert options.keys() == TrainConfig.__dataclass_fields__.keys()


@pytest.mark.parametrize(("draws", "known"), [(50, True), (49, False)])
def test_draws_worth_twenty_five_tell_the_evidence(draws, known):
    estimate = ImportanceEstimate(ess=0.5, log_z_lower=-4.0, log_z=-3.0, standard_error=0.2)
    importance = importance_of(estimate, draws, log_z_upper=-2.0)
    assert (importance.log_z, importance.log_z_standard_error) == ((-3.0, 0.2) if known else (None, None))
    assert (importance.ess, importance.log_z_lower, importance.log_z_upper) == (0.5, -4.0, -2.0)
    assert importance_of(estimate, draws).log_z_upper is None


def test_a_policy_as_a_posterior_is_its_distribution_over_all_dags(rng):
    table = score_table(3)
    masks = enumerate_dags(3)
    probabilities = rng.dirichlet(np.ones(len(masks)))
    posterior = policy_posterior(table, np.log(probabilities), log_evidence=-2.5, num_samples=40)
    dags = np.array([[[bool(row[j] >> i & 1) for j in range(3)] for i in range(3)] for row in masks.tolist()])
    known = {dag.tobytes(): p for dag, p in zip(dags, probabilities, strict=True)}
    assert known.keys() == {dag.tobytes() for dag in oracles.all_dags(3)}
    np.testing.assert_allclose(posterior.weights, [known[dag.tobytes()] for dag in posterior.graphs])
    scores = [log_reward(table)(dag) for dag in posterior.graphs]
    np.testing.assert_allclose(posterior.log_scores, scores, atol=1e-10)
    for feature, of_graph in (
        ("edge", np.asarray),
        ("path", lambda dag: oracles.closure(dag) & ~np.eye(3, dtype=bool)),
    ):
        marginal = posterior.marginal(feature)
        expected = sum(p * of_graph(dag) for p, dag in zip(probabilities, dags, strict=True))
        np.testing.assert_allclose(marginal.values, expected, atol=1e-12)
        assert marginal.source == "policy"
    assert posterior.log_evidence == -2.5
    assert posterior.info["all_dags"] is True
    assert posterior.info["diagnostics"]["num_samples"] == 40
    assert "diagnostics" not in policy_posterior(table, np.log(probabilities)).info
