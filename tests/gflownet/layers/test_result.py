"""What layerings say of DAGs: draws of a network that is not trained, against enumerations and chains."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from layering_cases import with_gaps
from result_cases import recorded
from sampler_cases import score_table

from dag_gfn.budget import TimeBudget
from dag_gfn.exact.enumeration import enumerate_dags
from dag_gfn.exact.reference import exact_reference
from dag_gfn.gflownet.env.root_layers import RootLayers
from dag_gfn.gflownet.layers.marginal import LayerMarginal
from dag_gfn.gflownet.layers.result import LayerFit
from dag_gfn.gflownet.layers.sampler import LayerSampler
from dag_gfn.gflownet.policies.flow_model import FlowModel
from dag_gfn.gflownet.policies.layer_mlp import LayerMLP
from dag_gfn.gflownet.training.config import default_config
from dag_gfn.gflownet.training.report import TrainingResult
from dag_gfn.graphs.graph import adjacency_from_masks, is_dag, parent_masks
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.mcmc.agreement import edges_of_chains
from dag_gfn.mcmc.chains import run_chains
from dag_gfn.posterior.checks import check_sentences


def untrained(table, num_samples=500, *, num_candidates=None, chains=True, steps=20_000, seed=0):
    """Return the layerings of a network that is near what independent nodes would do, and chains beside it."""
    weights = LayerWeights.build(table, num_candidates=num_candidates, outside=True)
    environment = RootLayers(weights)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = FlowModel(
            LayerMLP(environment.log_all, environment.log_without, hidden_size=16),
            shared_flow=True,
            forward_looking=True,
        )
    model.requires_grad_(False)
    sampler = LayerSampler(table, weights, model)
    return LayerFit(
        training=TrainingResult(model, 3, [], cut_short=False, interrupted=False, seconds=0.1),
        sampler=sampler,
        log_probabilities=LayerMarginal(table, environment).log_probabilities(model)
        if table.d <= 5
        else None,
        drawn=sampler.layerings(num_samples, seed=seed + 1),
        guides=None,
        chains=run_chains(weights, streams=np.random.SeedSequence(seed).spawn(4), iterations=steps, kept=500)
        if chains
        else None,
        num_samples=num_samples,
        seed=seed,
    )


def posterior_of(fit, *, reweight=None):
    table = fit.sampler.table
    config = default_config(table.d, environment="layers", behaviour="off", iterations=3)
    posterior = recorded(fit.result(table, config, reweight=reweight))
    json.dumps(posterior.info, allow_nan=False)
    return posterior


def test_weighted_draws_give_the_evidence_and_edges_within_their_errors():
    table = score_table(6)
    posterior, exact = posterior_of(untrained(table, 4_000), reweight=True), exact_reference(table)
    diagnostics = posterior.info["diagnostics"]
    assert diagnostics["reliable_weights"] is True
    error = diagnostics["log_z_standard_error"]
    assert abs(posterior.log_evidence - exact.log_evidence) <= 5 * error + 1e-6
    assert diagnostics["log_z_lower"] <= exact.log_evidence + 5 * error
    assert abs(diagnostics["log_z_with_chains"] - exact.log_evidence) < 0.5
    edge, off = posterior.marginal("edge"), ~np.eye(6, dtype=bool)
    assert edge.source == "rao_blackwell"
    assert np.abs((edge.values - exact.features["edge"])[off] / edge.standard_error[off]).max() < 5
    assert is_dag(posterior.graphs).all()


def test_draws_with_weights_that_cannot_be_relied_on_are_pooled_with_chains():
    table = score_table(6, rows=30, seed=1)  # more than independent nodes would know
    posterior, exact = posterior_of(untrained(table, 4_000, steps=2_000)), exact_reference(table)
    diagnostics = posterior.info["diagnostics"]
    assert diagnostics["reliable_weights"] is False
    assert diagnostics["estimate"] == "pooled"
    assert abs(posterior.log_evidence - exact.log_evidence) < 0.5
    assert np.abs(posterior.marginal("edge").values - exact.features["edge"]).max() < 0.1


@pytest.mark.parametrize("reweight", [False, True, None])
def test_with_and_without_weights(reweight):
    posterior = posterior_of(untrained(score_table(4), 300), reweight=reweight)
    diagnostics = posterior.info["diagnostics"]
    # with four columns by no other choice
    assert diagnostics["estimate"] == ("reweighted" if reweight else "raw")
    assert posterior.info.get("all_dags", False) is not bool(reweight)
    assert posterior.marginal("edge").source == ("rao_blackwell" if reweight else "policy")
    if reweight:
        apart = np.abs(posterior.marginal("edge").values - posterior.info["edges_raw"]["probability"]).max()
        assert apart == pytest.approx(diagnostics["raw_to_reweighted_edge_difference"])
        assert apart > 0
    else:
        assert posterior.info["edges_raw"]["standard_error"] is None
        np.testing.assert_allclose(
            posterior.info["edges_raw"]["probability"], posterior.marginal("edge").values
        )
    assert posterior.weights.sum() == pytest.approx(1)


@pytest.mark.parametrize("d", [2, 3, 5])
def test_up_to_five_columns_the_policy_is_known(d):
    table = score_table(d)
    fit = untrained(table, 30, chains=False)
    posterior, known = posterior_of(fit), fit.log_probabilities
    assert np.exp(known).sum() == pytest.approx(1, abs=1e-5)
    assert len(posterior) == len(enumerate_dags(d))
    assert np.sort(posterior.log_weights) == pytest.approx(np.sort(known), abs=1e-5)
    dags = adjacency_from_masks(enumerate_dags(d).astype(np.int64), d)
    expected = np.tensordot(np.exp(known), dags, axes=1)
    np.testing.assert_allclose(posterior.marginal("edge").values, expected, atol=1e-5)
    assert posterior.info["edges_raw"]["probability"] == posterior.marginal("edge").values.tolist()
    scores = table.log_reward(parent_masks(posterior.graphs))
    np.testing.assert_allclose(posterior.log_scores, scores, atol=1e-6)
    assert posterior.sampler is fit.sampler


@pytest.mark.parametrize("num_samples", [1, 5, 20])
@pytest.mark.parametrize("reweight", [None, True, False])
def test_few_samples(num_samples, reweight):
    posterior = posterior_of(untrained(score_table(6), num_samples), reweight=reweight)
    assert not posterior.info.get("all_dags")
    assert posterior.weights.sum() == pytest.approx(1)
    assert np.isfinite(posterior.marginal("edge").values).all()
    assert np.isfinite(posterior.marginal("edge").standard_error).all()


def test_without_chains_nothing_is_said_of_them():
    diagnostics = posterior_of(untrained(score_table(3), chains=False)).info["diagnostics"]
    assert not diagnostics.keys() & {"log_z_with_chains", "agrees_with_chains", "max_r_hat"}


@pytest.mark.parametrize("reweight", [None, True])
def test_parents_outside_the_candidates_are_corrected(reweight):
    table, exact = score_table(6, storage="lazy"), exact_reference(score_table(6))
    posterior = posterior_of(untrained(table, 4_000, num_candidates=3), reweight=reweight)
    diagnostics = posterior.info["diagnostics"]
    assert diagnostics["candidates"] == 3
    assert 200 < diagnostics["corrected_effective_samples"] < 4_000
    edge, off = posterior.marginal("edge"), ~np.eye(6, dtype=bool)
    z = (edge.values - exact.features["edge"])[off] / edge.standard_error[off]
    assert np.abs(z).max() < 5
    assert edge.standard_error.max() < 0.05
    assert abs(diagnostics["log_z_shift"]) > 0.1
    assert abs(posterior.log_evidence - exact.log_evidence) < 0.1


def test_where_true_scores_are_far_from_the_weights_chains_take_them_into_account():
    table, exact = (
        score_table(6, rows=30, seed=1, storage="lazy"),
        exact_reference(score_table(6, rows=30, seed=1)),
    )
    fit = untrained(table, 500, num_candidates=3, steps=2_000)
    posterior = posterior_of(replace(fit, uneven=True))
    diagnostics = posterior.info["diagnostics"]
    assert diagnostics["estimate"] == "chains"
    assert diagnostics["sweeps"] == 224
    assert diagnostics["chains"] == 16
    assert posterior.log_evidence is None
    away = np.abs(posterior.marginal("edge").values - exact.features["edge"])
    assert (away <= 5 * posterior.marginal("edge").errors() + 2e-3).all()
    assert posterior_of(fit).info["diagnostics"].get("sweeps") is None


class NeverFirst(torch.nn.Module):
    """A policy that never puts a node among the roots."""

    def __init__(self, policy, node):
        super().__init__()
        self.policy, self.node = policy, node

    def logits_and_flow(self, observation):
        logits, flow = self.policy.logits_and_flow(observation)
        roots = ~observation.placed.any(1)
        return logits - 30.0 * torch.nn.functional.one_hot(
            torch.tensor(self.node), logits.shape[1]
        ) * roots.unsqueeze(1), flow

    def forward(self, observation):
        return self.logits_and_flow(observation)[0]


def test_a_lost_mode_is_seen_by_the_chains():
    table = score_table(5, rows=30, seed=1)
    fit, exact = untrained(table, 2_000), exact_reference(table)
    roots = (fit.chains.layer_of.reshape(-1, 5) == 0).mean(axis=0)
    node = int(np.abs(roots - 0.6).argmin())
    kept = 1 - np.mean([not dag[:, node].any() for dag in exact.draw(4_000, np.random.default_rng(0))])
    assert 0.1 < kept < 0.9  # as much is not lost
    model = FlowModel(NeverFirst(fit.sampler.model.policy, node), shared_flow=True, forward_looking=True)
    sampler = replace(fit.sampler, model=model)
    lost = posterior_of(replace(fit, sampler=sampler, drawn=sampler.layerings(2_000, seed=1)), reweight=True)
    diagnostics = lost.info["diagnostics"]
    error = diagnostics["log_z_standard_error"]
    assert (
        abs(lost.log_evidence - exact.log_evidence - np.log(kept)) < 0.1 + 5 * error
    )  # its weights do not know
    assert diagnostics["log_z_with_chains"] - lost.log_evidence > 5 * error
    assert diagnostics["log_z_upper"] > exact.log_evidence


def test_draws_and_chains_are_weighed_alike_where_there_are_dead_ends():
    fit = untrained(with_gaps(seed=44), 2_000)
    drawn, pooled = fit.drawn, fit._compared().pooled
    assert drawn.log_finished < -0.01
    known = {key.tobytes(): weight for key, weight in zip(drawn.layer_of, drawn.log_weights, strict=True)}
    found = zip(pooled.joined.layer_of[2_000:], pooled.chain_log_weights.ravel(), strict=True)
    both = [(known[key.tobytes()], weight) for key, weight in found if key.tobytes() in known]
    assert len(both) > 500
    np.testing.assert_allclose(*zip(*both, strict=True), atol=1e-4)


def test_chains_that_the_sampler_does_not_overlap_do_not_agree(monkeypatch):
    fit = untrained(score_table(4))
    apart = fit.drawn.log_weights.max() + 100.0
    monkeypatch.setattr(
        LayerSampler, "log_weights_of", lambda self, layer_of, **rest: np.full(len(layer_of), apart)
    )
    diagnostics = posterior_of(fit, reweight=True).info["diagnostics"]
    assert diagnostics["log_z_with_chains"] is diagnostics["log_z_with_chains_standard_error"] is None
    assert diagnostics["agrees_with_chains"] is False


@pytest.mark.parametrize("distance", [0.0, 100.0])
def test_an_evidence_that_is_not_known_is_no_number(monkeypatch, distance):
    """Without overlap bridge sampling gives a number whose standard error is beyond all bounds."""
    fit = untrained(score_table(6, rows=30, seed=1), 1_000)
    if distance:
        monkeypatch.setattr(
            LayerSampler,
            "log_weights_of",
            lambda self, layer_of, **rest: np.full(len(layer_of), fit.drawn.log_weights.max() + distance),
        )
    posterior = posterior_of(fit)
    assert posterior.info["diagnostics"]["estimate"] == "chains"
    error = posterior.info["log_evidence_standard_error"]
    assert (posterior.log_evidence is None) == (error is None) == (distance > 0)
    if not distance:
        exact = exact_reference(fit.sampler.table).log_evidence
        assert abs(posterior.log_evidence - exact) < 5 * error
    (line,) = [line for line in check_sentences(posterior.record) if "take their place" in line]
    assert ("Log evidence: not known" in line) == (distance > 0)


def test_a_handful_of_draws_does_not_tell_the_evidence():
    fit = untrained(score_table(6), 1_000, chains=False)
    log_weights = fit.drawn.log_weights + 100.0 * (np.arange(1_000) < 10)
    posterior = posterior_of(replace(fit, drawn=fit.drawn.with_weights(log_weights)))
    assert posterior.log_evidence is posterior.info["log_evidence_standard_error"] is None
    assert posterior.info["diagnostics"]["log_z"] is None
    assert posterior_of(fit).log_evidence is not None


def test_without_correction_of_other_parents_the_evidence_is_not_known(monkeypatch):
    fit = untrained(score_table(6), 500, num_candidates=2)
    assert posterior_of(fit).info["diagnostics"]["corrected"]
    assert posterior_of(fit).log_evidence is not None
    monkeypatch.setattr("dag_gfn.posterior.limits.MIN_CORRECTED", 10**6)
    assert posterior_of(fit).log_evidence is None


def test_a_budget_that_is_used_up_leaves_the_least():
    fit = untrained(score_table(6, rows=30, seed=1), 1_000)
    table = fit.sampler.table
    config, budget = default_config(table.d, environment="layers", iterations=3), TimeBudget(1e-6)
    shares = []
    result = fit.result(
        table, config, budget=budget, on_phase=lambda name, share: shares.append((name, share))
    )
    posterior = recorded(result)
    diagnostics = posterior.info["diagnostics"]
    assert diagnostics["layerings"] == 256
    assert diagnostics["chain_layerings"] == 400
    assert diagnostics["num_samples"] == 200
    assert len(budget.cuts) == 3
    # of all of the chains, in longer blocks
    assert diagnostics["max_r_hat"] == edges_of_chains(fit.chains, seconds=0.0)[1].max_r_hat
    assert "judging" in budget.phases
    names = [name for name, _ in shares]
    assert {"weights of the chains", "edge probabilities", "draws"} <= set(names)
    assert all(0 <= share <= 1 for _, share in shares)
