import numpy as np
import oracles
import pytest
from oracles import is_dag
from sampler_cases import log_reward, score_table

import dag_gfn
from dag_gfn.baselines.structure_mcmc import _start, fit_structure_mcmc
from dag_gfn.budget import TimeBudget
from dag_gfn.errors import ConstraintError, OptionError
from dag_gfn.scores import FamilyList

pytestmark = pytest.mark.filterwarnings("ignore::dag_gfn.DataWarning", "ignore::dag_gfn.NotConvergedWarning")


def fitted(table, iterations=40_000, **options):
    return fit_structure_mcmc(table, seed=0, num_samples=2000, iterations=iterations, **options)


@pytest.mark.parametrize("known", [{}, {"required": [(2, 0)], "forbidden": [(0, 1)], "max_parents": 2}])
def test_it_is_the_exact_posterior_within_its_errors(known):
    table = score_table(4, rows=8, seed=1, **known)
    truth = oracles.posterior(4, log_reward(table))
    edge = sum(p * np.frombuffer(key, dtype=bool).reshape(4, 4) for key, p in truth.items())
    result = fitted(table, 120_000)
    found = result.posterior.marginal("edge")
    assert result.diagnostics.agreement.chains_agree
    assert (np.abs(found.values - edge) <= 4.5 * found.errors() + 1e-12).all()
    # graphs too: each is drawn as often as it is probable
    worth = result.posterior.effective_samples
    for dag, weight in zip(result.posterior.graphs, result.posterior.weights, strict=True):
        p = truth[dag.tobytes()]
        assert abs(weight - p) <= 5 * np.sqrt(p * (1 - p) / worth) + 2 / worth
    np.testing.assert_allclose(
        result.posterior.log_scores, [log_reward(table)(dag) for dag in result.posterior.graphs]
    )


def test_chains_that_are_too_short_do_not_agree():
    agreement = fitted(score_table(8, rows=500), iterations=400).diagnostics.agreement
    assert not agreement.chains_agree


def test_chains_begin_apart_and_as_allowed():
    table = score_table(6, required=[(5, 0), (0, 1)], forbidden=[(2, 3)], max_parents=2)
    starts = [_start(table, np.random.default_rng(k)) for k in range(20)]
    assert len({tuple(start) for start in starts}) == 20
    for start in starts:
        dag = table.possible.adjacency_of(start)
        assert is_dag(dag)
        assert dag[5, 0]
        assert dag[0, 1]
        assert not dag[2, 3]
        assert dag.sum(axis=0).max() <= 2
    assert _start(table, None).tolist() == table.constraints.required.tolist()


def test_required_edges_that_are_not_allowed():
    with pytest.raises(ConstraintError):
        fitted(score_table(3, required=[(0, 2), (1, 2)], max_parents=1))


def test_an_interrupt_keeps_what_is_done():
    def interrupt(report):
        if report.iteration > 5_000:
            raise KeyboardInterrupt

    result = fitted(score_table(4), iterations=10**9, on_report=interrupt)
    assert result.interrupted
    assert 5_000 < result.diagnostics.iterations < 10**7


def test_a_time_budget_ends_chains():
    result = fitted(score_table(8, rows=100), iterations=10**12, budget=TimeBudget(0.3))
    assert result.diagnostics.cut_short_by_time_budget
    assert 0 < result.diagnostics.iterations < 10**12


def test_with_a_time_budget_chains_go_on_until_they_agree():
    result = fitted(score_table(4, rows=8), iterations=None, budget=TimeBudget(60))
    assert result.diagnostics.agreement.chains_agree
    assert not result.diagnostics.cut_short_by_time_budget


def test_the_seed_decides():
    table = score_table(4)
    one, again = (fitted(table, 4_000).posterior for _ in range(2))
    other = fit_structure_mcmc(table, seed=1, num_samples=2000, iterations=4_000).posterior
    np.testing.assert_array_equal(one.marginal("edge").values, again.marginal("edge").values)
    assert (one.marginal("edge").values != other.marginal("edge").values).any()


def test_a_fit(tmp_path):
    data = dag_gfn.simulate(4, 30, rng=np.random.default_rng(3))
    posterior = dag_gfn.fit(data, method="structure_mcmc", iterations=400_000, progress=False)
    record = posterior.record
    assert record.exact_check.edge_max_error < 0.05
    assert record.converged
    assert record.evidence.log_z is None
    assert posterior.info["search"]["proven"]
    posterior.save(tmp_path / "out")
    loaded = dag_gfn.load(tmp_path / "out")
    assert loaded.diagnostics == posterior.diagnostics
    assert set(loaded.diagnostics.acceptance) == {"toggle", "reverse"}


def test_lists_without_the_families_on_the_way():
    families = FamilyList.of(("a", "b", "c"), [{0: -2.0, 0b110: -1.0}, {0: -3.0, 1: -1.5}, {0: -1.0}])
    with pytest.raises(OptionError, match="one edge at a time"):
        dag_gfn.fit(families, method="structure_mcmc", progress=False)
