"""The posterior given a statement by new draws, beside all DAGs; the sampler looks everything up."""

from dataclasses import dataclass, replace

import numpy as np
import oracles
import pytest

from dag_gfn.errors import ConstraintError, QueryError
from dag_gfn.posterior import GraphPosterior
from dag_gfn.posterior.query_language import parse_query
from dag_gfn.posterior.sampled_condition import can_draw_given, drawn_given
from dag_gfn.posterior.sampler import WeightedGraphs

NAMES = ("a", "b", "c")
GRAPHS = np.array(oracles.all_dags(3))
LOG_SCORES = np.random.default_rng(3).normal(size=len(GRAPHS)) - 4.0
LOG_Z = np.logaddexp.reduce(LOG_SCORES)


@dataclass(frozen=True)
class Exact:
    """Draws from the posterior given edges that are there or not."""

    def sample(self, k, *, seed):
        return WeightedGraphs(GRAPHS[:0], LOG_SCORES[:0], LOG_SCORES[:0])

    def log_probability(self, adjacency, *, num_trajectories=100, seed):
        return np.zeros(len(adjacency)), np.zeros(len(adjacency))

    log_z = log_z_upper = entropy = sample

    def given(self, edges=(), *, absent=(), tiers=(), num_samples=10_000, seed):
        has = np.ones(len(GRAPHS), dtype=bool)
        for value, pairs in ((True, edges), (False, absent)):
            for source, target in pairs:
                has &= GRAPHS[:, NAMES.index(source), NAMES.index(target)] == value
        log_z = float(np.logaddexp.reduce(LOG_SCORES[has]))
        chosen = np.random.default_rng(seed).choice(
            np.flatnonzero(has), num_samples, p=np.exp(LOG_SCORES[has] - log_z)
        )
        weights = {"effective_samples": num_samples, "num_samples": num_samples, "pareto_k": 0.0}
        return GraphPosterior.from_samples(
            NAMES,
            GRAPHS[chosen],
            LOG_SCORES[chosen],
            log_evidence=log_z,
            info={"diagnostics": weights | {"standard_error": 0.0}},
        )


def posterior(**info):
    chosen = np.random.default_rng(0).choice(len(GRAPHS), 30, p=np.exp(LOG_SCORES - LOG_Z))
    drawn = GraphPosterior.from_samples(
        NAMES,
        GRAPHS[chosen],
        LOG_SCORES[chosen],
        effective_samples=30,
        log_evidence=float(LOG_Z),
        info={
            "method": "gflownet",
            "log_evidence_standard_error": 0.01,
            "search": {"graphs": 1, "proven": True},
            **info,
        },
    )
    return replace(drawn, sampler=Exact())


def truth(query, given):
    p = np.exp(LOG_SCORES - LOG_Z)
    has = parse_query(given, NAMES).holds(GRAPHS)
    both = has & parse_query(query, NAMES).holds(GRAPHS)
    return p[both].sum() / p[has].sum(), p[has].sum()


@pytest.mark.parametrize(
    "given", ["edge(a, b)", "edge(a, b) & !edge(b, c)", "edge(a, b) & path(a, c)", "parents(c) == {a, b}"]
)
def test_new_draws_give_the_conditional_posterior(given):
    found = posterior().given(given, new_draws=4000, seed=1)
    for query in ("edge(b, c)", "path(a, c)"):
        value, _ = truth(query, given)
        assert found.probability(query).value == pytest.approx(value, abs=0.04)
    assert parse_query(given, NAMES).holds(found.graphs).all()


def test_the_record_says_what_was_taken_as_known():
    found = posterior(diagnostics={"converged": True}).given("edge(a, b)", new_draws=500, seed=1)
    (condition,) = found.info["conditions"]
    value, share = truth("edge(a, b)", "edge(a, b)")
    assert (condition["query"], condition["new_draws"]) == ("edge(a, b)", 500)
    assert condition["probability"] == pytest.approx(share)
    assert condition["standard_error"] == pytest.approx(0.01 * share)
    assert found.log_evidence == pytest.approx(LOG_Z + np.log(share))
    assert found.info["method"] == "gflownet"
    assert "search" not in found.info
    assert found.record.converged is True
    few = posterior(diagnostics={"converged": True}).given("edge(a, b)", new_draws=50, seed=1)
    assert few.record.converged is False
    assert value == 1


def test_a_conditional_posterior_can_be_saved(tmp_path):
    import dag_gfn

    posterior().given("edge(a, b) & path(a, c)", new_draws=200, seed=1).save(tmp_path / "out")
    assert len(dag_gfn.load(tmp_path / "out").info["conditions"]) == 2


def test_what_cannot_be_drawn():
    one = posterior()
    assert can_draw_given(one, parse_query("edge(a, b) & path(b, c)", NAMES))
    assert not can_draw_given(one, parse_query("path(b, c)", NAMES))
    assert not can_draw_given(replace(one, sampler=None), parse_query("edge(a, b)", NAMES))
    with pytest.raises(QueryError, match="says nothing of single edges or parents"):
        drawn_given(one, "path(b, c)", num_samples=10, seed=0)
    with pytest.raises(QueryError, match="has no trained sampler"):
        drawn_given(replace(one, sampler=None), "edge(a, b)", num_samples=10, seed=0)
    with pytest.raises(ConstraintError, match="close a cycle"):
        drawn_given(one, "edge(a, b) & edge(b, a)", num_samples=10, seed=0)
    with pytest.raises(QueryError, match="no graph complies"):
        drawn_given(one, "edge(a, b) & path(b, a)", num_samples=10, seed=0)
