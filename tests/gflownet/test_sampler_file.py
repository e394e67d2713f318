"""Samplers in files: the same numbers come back, and files that are not what they seem are refused in one line."""

import json

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from sampler_cases import score_table

from dag_gfn.errors import StorageError
from dag_gfn.gflownet.edges.model import build_edge_model
from dag_gfn.gflownet.edges.sampler import EdgeSampler
from dag_gfn.gflownet.env.edge_addition import EdgeAddition
from dag_gfn.gflownet.env.root_layers import RootLayers
from dag_gfn.gflownet.layers.model import build_layer_model
from dag_gfn.gflownet.layers.sampler import LayerSampler
from dag_gfn.gflownet.policies.flow_model import FlowModel
from dag_gfn.gflownet.sampler_file import load_sampler
from dag_gfn.gflownet.sampling.inflow import FlowBackward
from dag_gfn.gflownet.training.config import make_objective
from dag_gfn.graphs import graph
from dag_gfn.layerings.family_posterior import FamilyPosterior
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.mcmc.partition import init, run


def over_edges(table, objective="modified_db", policy="mlp"):
    torch.manual_seed(0)
    environment = EdgeAddition(table)
    model = build_edge_model(environment, make_objective(objective), policy=policy)
    if objective == "flow_matching":
        model = FlowModel(model.policy, backward=FlowBackward(environment, model.policy))
    with torch.no_grad():  # away from uniform backward probabilities
        for parameter in model.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    return EdgeSampler(table, model.requires_grad_(requires_grad=False))


def over_families(table):
    torch.manual_seed(0)
    weights, rng = LayerWeights.build(table), np.random.default_rng(0)
    drawn, _, _ = run(weights, init(weights, rng=rng), rng=rng, blocks=100, thinning=10)
    families = FamilyPosterior.of_layerings(weights, drawn.layer_of.astype(np.int64))
    model = build_edge_model(EdgeAddition(table), make_objective("modified_db"), families=families)
    return EdgeSampler(table, model.requires_grad_(requires_grad=False))


def over_layers(table, policy="mlp", **weights):
    torch.manual_seed(0)
    built = LayerWeights.build(table, **weights)
    model = build_layer_model(RootLayers(built), make_objective("subtrajectory_balance"), None, policy=policy)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    return LayerSampler(table, built, model.requires_grad_(requires_grad=False))


def again(sampler, path):
    sampler.save(path)
    return type(sampler).restored(load_sampler(path))


def assert_alike(one, other, names, *, tolerance=0.0):
    drawn, same = one.sample(60, seed=3), other.sample(60, seed=3)
    np.testing.assert_array_equal(drawn.adjacency, same.adjacency)
    np.testing.assert_allclose(drawn.log_weights, same.log_weights, rtol=0, atol=tolerance)
    estimates = [sampler.log_z(num_samples=200, seed=1).log_z for sampler in (one, other)]
    assert estimates[0] == pytest.approx(estimates[1], abs=tolerance, rel=0)
    probabilities = [
        sampler.log_probability(drawn.adjacency[:5], num_trajectories=4, seed=1)[0]
        for sampler in (one, other)
    ]
    np.testing.assert_allclose(*probabilities, rtol=0, atol=tolerance)
    bounds = [sampler.log_z_upper(drawn.adjacency, seed=1) for sampler in (one, other)]
    assert bounds[0] == pytest.approx(bounds[1], abs=tolerance, rel=0)
    assert one.entropy(num_samples=100, seed=1) == pytest.approx(
        other.entropy(num_samples=100, seed=1), abs=tolerance, rel=0
    )
    given = [sampler.given([names[:2]], num_samples=300, seed=2) for sampler in (one, other)]
    assert given[0].log_evidence == pytest.approx(given[1].log_evidence, abs=tolerance, rel=0)


@pytest.mark.filterwarnings("ignore::dag_gfn.errors.NotConvergedWarning")
@pytest.mark.parametrize(
    "made",
    [
        over_edges,
        lambda table: over_edges(table, "wake_sleep"),
        lambda table: over_edges(table, "detailed_balance", "transformer"),
        lambda table: over_edges(table, "flow_matching"),
        over_families,
        over_layers,
        lambda table: over_layers(table, "transformer"),
    ],
    ids=["edges", "learned backward", "flows", "inflow", "parent sets", "layers", "layer transformer"],
)
def test_the_same_numbers_come_back(tmp_path, made):
    table = score_table(4, required=[(0, 1)], max_parents=2)
    sampler = made(table)
    assert_alike(sampler, again(sampler, tmp_path / "sampler"), table.names)


@pytest.mark.filterwarnings("ignore::dag_gfn.errors.NotConvergedWarning")
def test_candidates_of_a_table_that_is_not_complete_come_back(tmp_path):
    table = score_table(5, storage="lazy")
    sampler = over_layers(table, num_candidates=2, outside=True)
    other = again(sampler, tmp_path / "sampler")
    np.testing.assert_array_equal(other.weights.candidates, sampler.weights.candidates)
    np.testing.assert_array_equal(other.weights.log_odds, sampler.weights.log_odds)
    assert_alike(sampler, other, table.names, tolerance=1e-6)


def rewritten(path, spoil):
    with safe_open(path, framework="pt") as file:
        about = json.loads(file.metadata()["sampler"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    metadata = spoil(about, tensors)
    save_file(tensors, path, metadata=metadata or {"sampler": json.dumps(about)})


def not_finite(about, tensors):
    tensors["model.policy.head.weight"][0, 0] = torch.nan


def without_names(about, tensors):
    del about["table"]["names"]


def other_sizes(about, tensors):
    about["parts"]["policy"]["sizes"]["hidden_size"] = 10**9


def no_sizes(about, tensors):
    about["parts"]["policy"]["sizes"] = {"hidden_size": -1}


def missing_weights(about, tensors):
    del tensors["model.policy.head.weight"]


def other_table(about, tensors):
    tensors["table.complete"] = torch.zeros(2, 2, dtype=torch.float64)


def no_parent_sets(about, tensors):
    tensors["model.policy.sets"][:] = 2**40


SPOILED = [not_finite, without_names, other_sizes, no_sizes, missing_weights, other_table]


@pytest.mark.parametrize("spoil", [*SPOILED, lambda about, tensors: {"other": "program"}])
def test_files_that_are_damaged_or_foreign_are_refused_in_one_line(tmp_path, spoil):
    path = tmp_path / "sampler.safetensors"
    over_edges(score_table(3)).save(path)
    rewritten(path, spoil)
    with pytest.raises(StorageError, match="is damaged or not from dag_gfn") as caught:
        EdgeSampler.restored(load_sampler(path))
    assert "\n" not in str(caught.value)


def test_parent_sets_that_are_none_are_refused(tmp_path):
    path = tmp_path / "sampler.safetensors"
    over_families(score_table(3)).save(path)
    rewritten(path, no_parent_sets)
    with pytest.raises(StorageError, match="is damaged or not from dag_gfn"):
        EdgeSampler.restored(load_sampler(path))


def test_torn_files_are_refused_in_one_line(tmp_path):
    path = tmp_path / "sampler.safetensors"
    over_edges(score_table(3)).save(path)
    whole = path.read_bytes()
    for content in (b"", b"garbage" * 50, whole[: len(whole) // 2]):
        path.write_bytes(content)
        with pytest.raises(StorageError, match="is damaged or not from dag_gfn") as caught:
            load_sampler(path)
        assert "\n" not in str(caught.value)


def test_a_newer_format_asks_for_an_upgrade(tmp_path):
    path = tmp_path / "sampler.safetensors"
    over_edges(score_table(3)).save(path)
    rewritten(path, lambda about, tensors: about.update(format=99))
    with pytest.raises(StorageError, match="has format 99; this dag_gfn reads up to 1: upgrade it"):
        load_sampler(path)


def test_no_pickle_and_nothing_but_what_is_needed(tmp_path):
    path, table = tmp_path / "sampler.safetensors", score_table(3)
    over_edges(table).save(path)
    stored = load_sampler(path)
    assert (stored.kind, stored.policy, stored.names) == ("edges", "mlp", table.names)
    np.testing.assert_array_equal(stored.table().complete, table.complete)
    assert graph.is_dag(EdgeSampler.restored(stored).sample(5, seed=0).adjacency).all()
