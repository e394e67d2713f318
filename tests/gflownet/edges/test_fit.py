import numpy as np
import pytest
import torch
from result_cases import recorded
from sampler_cases import request_of, score_table

from dag_gfn.errors import OptionError
from dag_gfn.exact.enumeration import enumerate_dags
from dag_gfn.exact.reference import exact_reference
from dag_gfn.gflownet.edges.fit import fit_edges
from dag_gfn.gflownet.policies import EdgeMLP, EdgeTransformer, FamilyNetwork
from dag_gfn.gflownet.request import Watchers
from dag_gfn.gflownet.training.config import default_config, make_objective
from dag_gfn.graphs.graph import is_dag
from dag_gfn.graphs.subsets import pack


def short(table, iterations=3, *, watchers=None, **options):
    config = default_config(table.d, iterations=iterations)
    return fit_edges(table, request_of(config, **{"num_samples": 64} | options), watchers=watchers)


@pytest.mark.parametrize("d", [2, 5, 6])
def test_what_a_fit_returns(d):
    table = score_table(d)
    result = short(table, iterations=1)
    assert result.adjacency.shape == (64, d, d)
    assert is_dag(result.adjacency).all()
    parents = pack(result.adjacency.swapaxes(1, 2))
    np.testing.assert_allclose(result.log_scores, table.log_reward(parents), atol=1e-6)
    assert result.training.iterations == 1
    if d <= 5:
        assert np.exp(result.log_probabilities).sum() == pytest.approx(1, abs=1e-9)
        assert len(result.log_probabilities) == len(enumerate_dags(d))
    else:
        assert result.log_probabilities is None
    assert 0 < result.importance.ess <= 1
    assert result.importance.log_z_lower <= result.importance.log_z


def test_a_transformer_learns_the_posterior():
    table = score_table(3, rows=30, seed=1)
    config = default_config(3, iterations=80)
    result = fit_edges(table, request_of(config, num_samples=100, policy="transformer"))
    assert isinstance(result.training.policy.policy, EdgeTransformer)
    edge = recorded(result.result(table, config)).marginal("edge").values
    assert np.abs(edge - exact_reference(table).features["edge"]).max() < 0.02


@pytest.mark.parametrize("policy", ["mlp", "transformer"])
def test_a_finished_training_is_taken_up_from_its_checkpoint(tmp_path, policy):
    given = {"policy": policy, "checkpoint": tmp_path / "training.safetensors"}
    one, again = (short(score_table(3), **given) for _ in range(2))
    assert one.training.iterations == again.training.iterations == 3
    assert again.training.history == []
    np.testing.assert_array_equal(one.log_probabilities, again.log_probabilities)


def test_the_seed_decides():
    table = score_table(3)
    one, two, other = (short(table, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.log_probabilities, two.log_probabilities)
    np.testing.assert_array_equal(one.adjacency, two.adjacency)
    assert not np.array_equal(one.log_probabilities, other.log_probabilities)


def test_watching_does_not_change_the_result():
    table, judged, reports = score_table(3), [], []

    def judge(log_probabilities):
        judged.append(log_probabilities)
        return {"figure": 0.5}

    watched = short(table, watchers=Watchers(judge, reports.append))
    np.testing.assert_array_equal(watched.log_probabilities, short(table).log_probabilities)
    assert np.exp(judged[-1]).sum() == pytest.approx(1, abs=1e-9)
    assert watched.training.history[-1].metrics["figure"] == 0.5
    assert reports[-1].iteration == 3


def test_more_samples_do_not_change_the_policy():
    table = score_table(3)
    np.testing.assert_array_equal(
        short(table).log_probabilities, short(table, num_samples=7).log_probabilities
    )
    assert len(short(table, num_samples=7).adjacency) == 7


@pytest.mark.parametrize("device", ["magic", "cuda:99", "mps:7"])
def test_a_device_that_is_not_there(device):
    threads = torch.get_num_threads()
    with pytest.raises(OptionError, match=f"device '{device}' cannot be used"):
        short(score_table(2), device=device)
    assert torch.get_num_threads() == threads


def test_threads_are_put_back_when_training_fails():
    def broken(log_probabilities):
        raise RuntimeError("no judgement")

    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with pytest.raises(RuntimeError, match="no judgement"):
            short(score_table(2), watchers=Watchers(judge=broken))
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)


def test_beyond_six_columns_draws_are_moved_and_judged():
    table = score_table(7, rows=40, seed=1)
    config = default_config(7, iterations=40)
    fit = fit_edges(table, request_of(config, num_samples=300))
    assert isinstance(fit.training.policy.policy, FamilyNetwork)
    result = fit.result(table, config)
    diagnostics = result.diagnostics
    posterior = recorded(result)
    exact = exact_reference(table)
    edge = posterior.marginal("edge")
    assert np.abs(edge.values - exact.features["edge"]).max() < 0.05
    assert (np.abs(edge.values - exact.features["edge"]) < 5 * edge.errors() + 1e-3).all()
    assert diagnostics.moves.moved_chains == 300
    assert diagnostics.moves.move_rounds == 8
    assert 0 < diagnostics.moves.move_acceptance < 1
    assert diagnostics.chain_edge_difference < 0.05
    assert diagnostics.agreement.chains == 4
    assert abs(result.evidence.log_z - exact.log_evidence) < 5 * result.evidence.standard_error + 0.05
    assert result.evidence.source == "bridge sampling, with moved draws"
    assert is_dag(posterior.graphs).all()


@pytest.mark.parametrize(
    ("options", "network", "are_moved"),
    [
        ({"policy": "transformer"}, EdgeTransformer, True),
        ({"backward": "learned"}, EdgeMLP, False),
        ({"objective": make_objective("flow_matching")}, EdgeMLP, False),
        ({"objective": make_objective("trajectory_balance")}, FamilyNetwork, True),
    ],
)
def test_what_begins_with_parent_sets_and_what_is_moved(options, network, are_moved):
    table = score_table(7)
    config = default_config(7, iterations=2)
    fit = fit_edges(table, request_of(config, **{"num_samples": 20} | options))
    assert isinstance(fit.training.policy.policy, network)
    assert (fit.moved is not None) == are_moved
    result = fit.result(table, config)
    assert (result.diagnostics.moves is not None) == are_moved


def test_without_guides_it_is_as_with_few_columns():
    table = score_table(7)
    config = default_config(7, iterations=2, options={"guide_share": 0.0})
    fit = fit_edges(table, request_of(config, num_samples=20))
    assert isinstance(fit.training.policy.policy, EdgeMLP)
    assert fit.moved is None
    assert fit.chains is None


def test_a_fit_with_parent_sets_is_taken_up_from_its_checkpoint(tmp_path):
    given = {"checkpoint": tmp_path / "training.safetensors", "num_samples": 20}
    one, again = (short(score_table(7), **given) for _ in range(2))
    assert one.training.iterations == again.training.iterations == 3
    np.testing.assert_array_equal(one.adjacency, again.adjacency)
    np.testing.assert_array_equal(one.moved.parents, again.moved.parents)
