"""Layerings drawn under a condition, beside sums over all DAGs and the exact recursion; the network is not trained."""

import numpy as np
import oracles
import pytest
import torch
from sampler_cases import log_reward, score_table

from dag_gfn.errors import ConstraintError, NotConvergedWarning, NotTractable, OptionError
from dag_gfn.exact.dag_dp import exact_marginals
from dag_gfn.gflownet.env.root_layers import RootLayers
from dag_gfn.gflownet.layers import conditional
from dag_gfn.gflownet.layers.conditional import draw_given
from dag_gfn.gflownet.layers.model import build_layer_model
from dag_gfn.gflownet.layers.sampler import LayerSampler
from dag_gfn.gflownet.sampling.weighted_graphs import condition_on
from dag_gfn.gflownet.training.config import make_objective
from dag_gfn.layerings.conditional_weights import conditional_weights
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.layerings.layered_dags import layering_of


def sampler_of(table, **weights):
    torch.manual_seed(0)
    built = LayerWeights.build(table, **weights)
    model = build_layer_model(RootLayers(built), make_objective("subtrajectory_balance"), None)
    return LayerSampler(table, built, model)


CONDITIONS = [
    {"edges": [(0, 1)]},
    {"edges": [(0, 1), (1, 2)], "absent": [(0, 2)]},
    {"absent": [(3, 0), (0, 3)]},
    {"tiers": [(2, 3), (0,)]},
    {"tiers": [(3,), (1,), (0, 2)], "edges": [(3, 2)]},
]


def by_name(table, condition):
    names = table.names
    pairs = {
        key: [(names[i], names[j]) for i, j in condition[key]]
        for key in ("edges", "absent")
        if key in condition
    }
    return pairs | {"tiers": [[names[k] for k in tier] for tier in condition.get("tiers", ())]}


def complies(graphs, condition):
    has = np.ones(len(graphs), dtype=bool)
    for i, j in condition.get("edges", ()):
        has &= graphs[:, i, j]
    for i, j in condition.get("absent", ()):
        has &= ~graphs[:, i, j]
    tiers = condition.get("tiers", ())
    for k, tier in enumerate(tiers):
        for later in (node for other in tiers[k + 1 :] for node in other):
            for node in tier:
                has &= ~graphs[:, later, node]
    return has


@pytest.mark.parametrize("condition", CONDITIONS)
def test_the_posterior_given_a_condition_is_that_of_the_graphs_that_comply(condition):
    table = score_table(4, rows=8)
    graphs = np.array(oracles.all_dags(4))
    has = complies(graphs, condition)
    log_scores = np.array([log_reward(table)(dag) for dag in graphs[has]])
    log_z = np.logaddexp.reduce(log_scores)
    found = sampler_of(table).given(**by_name(table, condition), num_samples=4000, seed=1)
    assert complies(found.graphs, condition).all()
    diagnostics = found.info["diagnostics"]
    assert abs(found.log_evidence - log_z) <= 4 * diagnostics["standard_error"] + 1e-6
    edge, truth = found.marginal("edge"), np.tensordot(np.exp(log_scores - log_z), graphs[has], axes=1)
    assert edge.source == "rao_blackwell"
    assert (np.abs(edge.values - truth) <= 4.5 * edge.standard_error + 1e-4).all()
    assert diagnostics["ess"] > 0.2


def test_weights_are_those_of_the_mixture_of_all_three_policies(monkeypatch):
    """With each policy alone the evidence comes out as well: their probabilities are right, and not only their sum."""
    table = score_table(3, rows=8)
    sampler = sampler_of(table)
    condition, narrower = condition_on(table, [(table.names[0], table.names[1])])
    weights = conditional_weights(sampler.weights, narrower, condition.required, condition.forbidden)
    truth = np.logaddexp.reduce([log_reward(table)(dag) for dag in oracles.all_dags(3) if dag[0, 1]])
    for kinds in ((0,), (1,), (2,), (0, 1, 1, 2)):
        monkeypatch.setattr(conditional, "_PARTS", kinds)
        drawn = draw_given(
            sampler.model.policy,
            RootLayers(sampler.weights),
            weights,
            3000,
            generator=torch.Generator().manual_seed(2),
        )
        w = np.exp(drawn.log_weights - truth)
        error = np.sqrt((w**2).sum() / 3000 - (w.sum() / 3000) ** 2) / np.sqrt(3000)
        assert abs(w.sum() / 3000 - 1) <= 4 * error + 1e-6, kinds
        assert (drawn.layer_of[:, 0] < drawn.layer_of[:, 1]).all()
        assert drawn.tried == 3000


def test_the_evidence_given_tiers_is_that_of_the_exact_recursion():
    table = score_table(6, rows=20)
    tiers = [table.names[:2], table.names[2:4]]
    sampler = sampler_of(table)
    _, narrower = condition_on(table, tiers=tiers)
    exact = exact_marginals(narrower)
    found = sampler.given(tiers=tiers, num_samples=6000, seed=0)
    diagnostics = found.info["diagnostics"]
    assert abs(found.log_evidence - exact.log_evidence) <= 4 * diagnostics["standard_error"]
    edge = found.marginal("edge")
    assert (np.abs(edge.values - exact.edge) <= 5 * edge.standard_error + 1e-3).all()


def test_the_seed_decides():
    table = score_table(3)
    sampler, edge = sampler_of(table), [(table.names[0], table.names[2])]
    one, two, other = (sampler.given(edge, num_samples=200, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.log_weights, two.log_weights)
    assert one.log_evidence != other.log_evidence


def test_draws_with_parents_outside_the_candidates_are_corrected():
    table = score_table(4, rows=8)
    sampler = sampler_of(table, num_candidates=2, outside=True)
    graphs = np.array(oracles.all_dags(4))
    log_scores = np.array([log_reward(table)(dag) for dag in graphs])
    for i, j in ((0, 1), (1, 0), (2, 3)):
        has = graphs[:, i, j]
        found = sampler.given([(table.names[i], table.names[j])], num_samples=4000, seed=1)
        error = found.info["diagnostics"]["standard_error"]
        assert abs(found.log_evidence - np.logaddexp.reduce(log_scores[has])) <= 4.5 * error
        assert found.graphs[:, i, j].all()


def test_what_cannot_be_given():
    table = score_table(3, forbidden=[(0, 1)], required=[(1, 2)])
    sampler, (a, b, c) = sampler_of(table), table.names
    with pytest.raises(OptionError, match="no variable is called 'nobody'"):
        sampler.given([("nobody", a)], seed=0)
    with pytest.raises(ConstraintError, match="close a cycle"):
        sampler.given([(c, b)], seed=0)
    with pytest.raises(ConstraintError, match="do not allow"):
        sampler.given([(a, b)], seed=0)
    with pytest.raises(ConstraintError, match="is to be there and not"):
        sampler.given(tiers=[[c], [b]], seed=0)
    with pytest.raises(NotTractable, match="none of 0 layerings complies"):
        sampler.given([(a, c)], num_samples=0, seed=0)


def test_few_draws_warn():
    table = score_table(3)
    with pytest.warns(NotConvergedWarning, match="given 1 edge, 20 draws are worth"):
        sampler_of(table).given([table.names[:2]], num_samples=20, seed=0)


def test_layers_of_graphs_that_comply_do():
    table = score_table(3)
    found = sampler_of(table).given(tiers=[[table.names[2]], [table.names[0]]], num_samples=100, seed=3)
    layers = layering_of(found.graphs)
    assert layers.shape == (len(found), 3)
    assert not found.graphs[:, 0, 2].any()
