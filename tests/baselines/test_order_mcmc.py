import numpy as np
import oracles
import pytest
from sampler_cases import log_reward, score_table

import dag_gfn
from dag_gfn.baselines.order_mcmc import fit_order_mcmc
from dag_gfn.budget import TimeBudget
from dag_gfn.exact.order_modular import OrderModular
from dag_gfn.exact.posterior import ORDER_MODULAR_BIAS, fit_order_modular
from dag_gfn.posterior.diagnostics import OrderDiagnostics

pytestmark = pytest.mark.filterwarnings("ignore::dag_gfn.DataWarning", "ignore::dag_gfn.NotConvergedWarning")


def fitted(table, iterations=40_000, **options):
    return fit_order_mcmc(table, seed=0, num_samples=4000, iterations=iterations, **options)


@pytest.mark.parametrize("known", [{}, {"required": [(2, 0)], "forbidden": [(0, 1)], "max_parents": 2}])
def test_it_is_the_order_modular_posterior_and_not_the_exact_one(known):
    table = score_table(4, rows=8, seed=1, **known)
    result = fitted(table)
    found = result.posterior.marginal("edge")
    assert result.diagnostics.agreement.chains_agree
    assert (np.abs(found.values - OrderModular(table).edge_marginals()) <= 4.5 * found.errors() + 1e-9).all()
    truth = oracles.posterior(4, log_reward(table))
    exact = sum(p * np.frombuffer(key, dtype=bool).reshape(4, 4) for key, p in truth.items())
    assert (np.abs(found.values - exact) > 6 * found.errors() + 0.01).any()


def test_graphs_are_those_of_the_order_modular_posterior():
    table = score_table(4, rows=8, seed=1)
    exact = fit_order_modular(table, num_samples=1, rng=np.random.default_rng(0), memory_limit=1e9).posterior
    truth = dict(zip(map(bytes, map(np.ndarray.tobytes, exact.graphs)), exact.weights, strict=True))
    posterior = fitted(table).posterior
    worth = posterior.effective_samples
    for dag, weight in zip(posterior.graphs, posterior.weights, strict=True):
        p = truth[dag.tobytes()]
        assert abs(weight - p) <= 5 * np.sqrt(p * (1 - p) / worth) + 2 / worth


def test_candidates_leave_parents_out():
    table = score_table(5, rows=100, storage="lazy")
    few, every = (fitted(table, 10_000, num_candidates=k) for k in (1, 4))
    assert few.diagnostics.coverage.candidates == 1
    assert few.posterior.graphs.sum(axis=1).max() <= 1
    assert every.diagnostics.coverage.covered == 1.0
    complete = fitted(score_table(5, rows=100), 10_000)
    np.testing.assert_allclose(
        every.posterior.marginal("edge").values, complete.posterior.marginal("edge").values, atol=1e-6
    )


def test_an_interrupt_keeps_what_is_done():
    def interrupt(report):
        if report.iteration > 5_000:
            raise KeyboardInterrupt

    result = fitted(score_table(4), iterations=10**9, on_report=interrupt)
    assert result.interrupted
    assert 5_000 < result.diagnostics.iterations < 10**7


def test_with_a_time_budget_chains_go_on_until_they_agree():
    result = fitted(score_table(4, rows=8), iterations=None, budget=TimeBudget(60))
    assert result.diagnostics.agreement.chains_agree
    assert not result.diagnostics.cut_short_by_time_budget


@pytest.fixture(scope="module")
def posterior():
    data = dag_gfn.simulate(4, 30, rng=np.random.default_rng(3))
    return dag_gfn.fit(data, method="order_mcmc", iterations=100_000, exact_check=True, progress=False)


def test_the_verdict_never_says_that_it_is_the_posterior(posterior):
    record = posterior.record
    assert isinstance(record.diagnostics, OrderDiagnostics)
    assert record.diagnostics.agreement.chains_agree
    assert record.converged is None
    assert {claim.word for _, claim in record.claims.rows()} == {"not shown"}
    assert record.order_modular
    assert record.exact_check.edge_max_error > 0
    assert ORDER_MODULAR_BIAS in posterior.info["warnings"]


def test_chains_that_disagree_have_not_converged():
    data = dag_gfn.simulate(8, 300, rng=np.random.default_rng(3))
    record = dag_gfn.fit(data, method="order_mcmc", iterations=300, progress=False).record
    assert record.converged is False


def test_it_is_saved_and_loaded(posterior, tmp_path):
    posterior.save(tmp_path / "out")
    loaded = dag_gfn.load(tmp_path / "out")
    assert loaded.diagnostics == posterior.diagnostics
    assert loaded.info == posterior.info
    assert loaded.top_graphs(1)[0].graph["probability"] == pytest.approx(posterior.weights[0])


def test_two_columns_do_not_only_alternate():
    table = score_table(2)
    found = fitted(table, 20_000).posterior.marginal("edge")
    assert (np.abs(found.values - OrderModular(table).edge_marginals()) <= 4.5 * found.errors() + 1e-9).all()
    assert found.errors()[0, 1] < 0.05
