"""The posterior by partition MCMC: near the exact one, with errors that are true."""

from dataclasses import replace

import numpy as np
import pytest
from result_cases import recorded
from sampler_cases import score_table

from dag_gfn.budget import TimeBudget
from dag_gfn.errors import ConstraintError
from dag_gfn.exact.dag_dp import exact_marginals
from dag_gfn.graphs.graph import is_dag, parent_masks
from dag_gfn.graphs.subsets import unpack
from dag_gfn.layerings.candidates import choose_candidates
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.mcmc import posterior as module
from dag_gfn.mcmc.chains import run_chains
from dag_gfn.mcmc.posterior import default_iterations, fit_mcmc
from dag_gfn.posterior import Marginal
from dag_gfn.posterior.diagnostic_parts import Agreement

CONSTRAINTS = {"required": [(0, 1)], "forbidden": [(1, 2), (2, 1)], "max_parents": 2}


@pytest.mark.parametrize(("d", "options"), [(3, {}), (5, {}), (6, CONSTRAINTS), (8, {"rows": 60})], ids=str)
def test_edges_and_paths_are_near_the_exact_ones(d, options):
    table = score_table(d, **options)
    exact = exact_marginals(table)
    posterior = recorded(fit_mcmc(table, seed=1, num_samples=4000, iterations=200_000))
    diagnostics = posterior.info["diagnostics"]
    assert diagnostics["chains_agree"]
    edge = posterior.marginal("edge")
    assert edge.source == "rao_blackwell"
    assert (np.abs(edge.values - exact.edge) <= 6 * edge.standard_error + 1e-3).all()
    counted = np.tensordot(posterior.weights, posterior.graphs.astype(float), 1)
    for own, other in ((counted, exact.edge), (posterior.marginal("path").values, exact.path)):
        error = np.sqrt(other * (1 - other) / diagnostics["effective_samples"])
        assert (np.abs(own - other) <= 6 * error + 5e-3).all()
    assert diagnostics["num_samples"] == 4000
    assert 0 < diagnostics["effective_samples"] <= 4000


def test_standard_errors_are_those_of_repetitions():
    table = score_table(5, rows=30)
    exact = exact_marginals(table).edge
    errors, told = [], []
    for seed in range(8):
        edge = recorded(fit_mcmc(table, seed=seed, num_samples=500, iterations=30_000)).marginal("edge")
        errors.append(edge.values - exact)
        told.append(edge.standard_error)
    uncertain = np.mean(told, axis=0) > 1e-3
    ratio = np.sqrt(np.mean(np.square(errors), axis=0))[uncertain] / np.mean(told, axis=0)[uncertain]
    assert uncertain.sum() >= 10
    assert 0.6 < np.sqrt(np.mean(ratio**2)) < 1.5


def test_every_graph_honours_constraints_and_has_its_score():
    table = score_table(6, **CONSTRAINTS)
    posterior = recorded(fit_mcmc(table, seed=0, num_samples=300, iterations=2_000))
    assert posterior.graphs[:, 0, 1].all()
    assert not posterior.graphs[:, [1, 2], [2, 1]].any()
    assert posterior.graphs.sum(axis=1).max() <= 2
    np.testing.assert_allclose(posterior.log_scores, table.log_reward(parent_masks(posterior.graphs)))
    edge = posterior.marginal("edge").values
    assert edge[0, 1] == 1
    assert edge[1, 0] == edge[1, 2] == edge[2, 1] == 0


def test_the_seed_decides():
    table = score_table(4)
    one, same, other = (
        fit_mcmc(table, seed=seed, num_samples=50, iterations=500).posterior for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one.graphs, same.graphs)
    np.testing.assert_array_equal(one.marginal("edge").values, same.marginal("edge").values)
    assert (one.marginal("edge").values != other.marginal("edge").values).any()


@pytest.mark.parametrize("iterations", [1, 6, 40])
def test_too_few_steps_are_not_said_to_agree(iterations):
    posterior = recorded(fit_mcmc(score_table(5), seed=0, num_samples=10, iterations=iterations))
    assert posterior.info["diagnostics"]["chains_agree"] is False
    assert posterior.info["diagnostics"]["iterations"] == iterations
    assert posterior.weights.sum() == pytest.approx(1)


def test_a_table_filled_on_demand_gives_the_same_up_to_noise():
    exact = exact_marginals(score_table(5))
    posterior = recorded(
        fit_mcmc(score_table(5, storage="lazy"), seed=1, num_samples=1000, iterations=100_000)
    )
    edge = posterior.marginal("edge")
    assert (np.abs(edge.values - exact.edge) <= 6 * edge.standard_error + 1e-3).all()
    diagnostics = posterior.info["diagnostics"]
    assert (diagnostics["candidates"], diagnostics["covered"]) == (4, 1.0)
    assert "least_covered" not in diagnostics


@pytest.mark.parametrize("storage", ["complete", "lazy"])
def test_parents_outside_the_candidates_are_corrected(storage):
    table = score_table(6, rows=12, storage=storage)
    chosen = choose_candidates(table, 3)
    outside = ~unpack(chosen.masks, 6).T & ~np.eye(6, dtype=bool)  # (parent, node)
    exact = exact_marginals(score_table(6, rows=12))
    posterior = recorded(fit_mcmc(table, seed=1, num_samples=5_000, iterations=200_000, num_candidates=3))
    edge = posterior.marginal("edge")
    assert (np.abs(edge.values - exact.edge) <= 5 * edge.standard_error + 1e-3).all()
    assert edge.standard_error.max() < 0.03
    assert exact.edge[outside].max() > 0.1
    counted = np.tensordot(posterior.weights, posterior.graphs, axes=1)
    assert np.abs(counted - exact.edge).max() < 0.05
    np.testing.assert_allclose(posterior.log_scores, table.log_reward(parent_masks(posterior.graphs)))
    diagnostics = posterior.info["diagnostics"]
    assert diagnostics["candidates"] == 3
    assert 0 < diagnostics["covered"] < 1
    assert diagnostics["least_covered"] in table.names
    assert 100 < diagnostics["corrected_effective_samples"] < 5_000
    assert diagnostics["num_samples"] == 5_000


def test_where_weights_would_leave_little_chains_take_true_scores_into_account(monkeypatch):
    monkeypatch.setattr("dag_gfn.mcmc.refined_weights.UNEVEN", -1.0)
    table = score_table(6, rows=12)
    exact = exact_marginals(table)
    posterior = recorded(
        fit_mcmc(
            table, seed=1, num_samples=2_000, iterations=50_000, num_candidates=2, on_phase=lambda *_: None
        )
    )
    diagnostics = posterior.info["diagnostics"]
    assert diagnostics["corrected"] is True
    assert diagnostics["sweeps"] == 224
    assert diagnostics["chains"] == 16
    edge = posterior.marginal("edge")
    assert (np.abs(edge.values - exact.edge) <= 5 * edge.standard_error + 1e-3).all()
    assert edge.standard_error.max() < 0.03
    counted = np.tensordot(posterior.weights, posterior.graphs, axes=1)
    assert np.abs(counted - edge.values).max() < 0.1
    assert is_dag(posterior.graphs).all()
    np.testing.assert_allclose(posterior.log_scores, table.log_reward(parent_masks(posterior.graphs)))


def test_far_from_the_truth_chains_say_that_they_do_not_agree():
    table = score_table(6, rows=100)
    exact = exact_marginals(table)
    posterior = recorded(fit_mcmc(table, seed=1, num_samples=500, iterations=50_000, num_candidates=1))
    off = np.abs(posterior.marginal("edge").values - exact.edge).max()
    assert off < 0.05 or not posterior.info["diagnostics"]["chains_agree"]


def test_chains_begin_at_cooled_layerings_of_their_own(monkeypatch):
    table, seen = score_table(7, rows=40), []
    monkeypatch.setattr(module, "run_chains", lambda *_, **options: seen.append(options) or 1 / 0)
    for options in ({}, {"seed": 1}, {"starts": ()}, {"chains": 6}):
        with pytest.raises(ZeroDivisionError):
            fit_mcmc(table, **{"seed": 0, "num_samples": 10, "iterations": 5_000} | options)
    assert [len(options["cooled"]) for options in seen] == [4, 4, 0, 6]
    assert not any(len(options["starts"]) for options in seen)
    keys = {tuple(np.append(s.spawn_key, s.entropy)) for options in seen for s in options["cooled"]}
    assert len(keys) == 4 + 4 + 2  # six chains begin with the four of the same seed


def test_many_columns_keep_fewer_blocks(monkeypatch):
    monkeypatch.setattr(module, "_KEPT", (10, 100))
    monkeypatch.setattr("dag_gfn.mcmc.agreement._MANY_NODES", 4)
    posterior = recorded(fit_mcmc(score_table(8, rows=60), seed=0, num_samples=3000, iterations=4_000))
    assert 25 <= posterior.info["diagnostics"]["kept_per_chain"] <= 50
    assert posterior.weights.sum() == pytest.approx(1)


def test_a_single_possible_dag():
    table = score_table(3, required=[(0, 1), (1, 2), (0, 2)])
    posterior = recorded(fit_mcmc(table, seed=0, num_samples=10, iterations=2_000))
    assert len(posterior) == 1
    assert posterior.info["diagnostics"]["chains_agree"]


class Ticking:
    """A clock by which each look takes a second."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        self.now += 1.0
        return self.now


def chains_of_five(iterations=21_344):
    weights = LayerWeights.of(score_table(5, rows=30).complete)
    return run_chains(weights, streams=np.random.SeedSequence(0).spawn(4), iterations=iterations, kept=500)


def test_chains_are_not_judged_where_there_is_no_time_left_for_it(monkeypatch):
    clock, judged = Ticking(), []
    agreement = Agreement(chains=4, max_r_hat=1.0, min_effective_draws=900.0, chains_agree=True)
    answer = (Marginal(np.zeros((5, 5)), "rao_blackwell"), agreement)
    monkeypatch.setattr(module, "edges_of_chains", lambda chains, **given: judged.append(given) or answer)
    judge = module._Judge(TimeBudget(100, clock=clock))
    judge.seconds, judge.end_of_chains = 10.0, 50.0
    chains = chains_of_five(2_000)
    clock.now = 20.0
    assert not judge.wants_more(chains)
    assert judge(chains) is answer  # the last answer is kept
    assert len(judged) == 1
    assert 0 < judged[0]["seconds"] < 60
    clock.now = 45.0
    assert judge.wants_more(replace(chains, iterations=4_000))
    assert len(judged) == 1


def test_no_possible_dag():
    table = score_table(3)
    table.complete[:] = -np.inf
    with pytest.raises(ConstraintError, match="no DAG"):
        fit_mcmc(table, seed=0, num_samples=10)


def test_more_nodes_take_more_steps():
    assert default_iterations(2) == default_iterations(5) < default_iterations(10) < default_iterations(20)


def test_a_budget_that_is_used_up_leaves_some_graphs():
    budget = TimeBudget(1e-6)
    posterior = recorded(
        fit_mcmc(score_table(5), seed=1, num_samples=5_000, iterations=20_000, budget=budget)
    )
    assert posterior.info["diagnostics"]["num_samples"] == 200
    assert posterior.info["diagnostics"]["cut_short_by_time_budget"]
    assert budget.cuts == ["200 graphs are drawn instead of 5,000"]
    assert {"parent sets", "chains", "judging", "draws"} <= budget.phases.keys()
