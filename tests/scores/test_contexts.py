"""Scores with contexts against sums over subsets of the rows, and posteriors against enumeration."""

from dataclasses import replace

import numpy as np
import pytest
from oracles import all_dags

import dag_gfn
from dag_gfn.data.contexts import without_contexts
from dag_gfn.errors import ConstraintError, OptionError
from dag_gfn.fitting.options import FitOptions
from dag_gfn.fitting.prepare import prepare
from dag_gfn.graphs.subsets import pack, parent_sets
from dag_gfn.scores import BDeu, BGe, BlockBGe, make_score
from dag_gfn.scores.block_design import BlockDesign


def frame_with_contexts(rng, n=60, discrete=False):
    frame = dag_gfn.simulate(3, n, rng=rng).to_frame()
    if discrete:
        frame = (frame > 0).astype(str)
    frame.insert(1, "lab", rng.choice(["a", "b", "c"], size=n))
    frame["day"] = rng.choice(["one", "two"], size=n)
    return frame


def rows_of(data, rows):
    return replace(
        data, values=data.values[rows], intervened=None if data.intervened is None else data.intervened[rows]
    )


def by_hand(data, node, parents, whole):
    """The sum of `whole`(rows)'s score over the configurations of the context parents of one family."""
    contexts = [data.names.index(name) for name in data.contexts]
    variables = [j for j in range(data.d) if j not in contexts]
    own = sum(1 << variables.index(j) for j in range(data.d) if parents >> j & 1 and j in variables)
    chosen = [j for j in contexts if parents >> j & 1]
    keys = [tuple(row) for row in data.values[:, chosen]]
    return sum(
        whole(np.array([key == which for key in keys])).local_scores(variables.index(node), np.array([own]))[
            0
        ]
        for which in set(keys)
    )


@pytest.mark.parametrize("intervened", [False, True])
def test_bge_is_summed_over_the_configurations_of_context_parents(rng, intervened):
    data = dag_gfn.from_frame(frame_with_contexts(rng), context=["lab", "day"]).standardize()
    if intervened:
        mask = rng.random(data.values.shape) < 0.2
        mask[:, [1, 4]] = False
        data = replace(data, intervened=mask)
    score, core = make_score("bge", data, alpha_mu=0.7), without_contexts(data)
    table = score.complete_table()
    for node in (0, 2, 3):
        sets = parent_sets(node, data.d)
        expected = [
            by_hand(data, node, int(parents), lambda rows: BGe(rows_of(core, rows), alpha_mu=0.7))
            for parents in sets
        ]
        np.testing.assert_allclose(table[node], expected, atol=1e-9)
        np.testing.assert_allclose(score.local_scores(node, sets), expected, atol=1e-9)
        some = sets & ~1 & ~(1 << 3) == sets  # subsets of all but two
        candidates = int(np.bitwise_or.reduce(sets[some]))
        np.testing.assert_allclose(score.scores_within(node, candidates), np.array(expected)[some], atol=1e-9)
    assert not table[[1, 4]].any()
    assert score.contexts == (1, 4)


def test_block_whitens_once_and_sums(rng):
    frame = frame_with_contexts(rng)
    frame["sex"] = rng.choice(["f", "m", "x"], size=len(frame))
    data = dag_gfn.from_frame(frame, context=["lab", "day"]).standardize()
    score, design = make_score("block", data), BlockDesign.of(without_contexts(data))

    def whole(rows):
        return BlockBGe.from_design(design.replace(columns=design.columns[rows]))

    for node in (0, 5):
        sets = parent_sets(node, data.d)
        expected = [by_hand(data, node, int(parents), whole) for parents in sets]
        np.testing.assert_allclose(score.local_scores(node, sets), expected, atol=1e-9)
        np.testing.assert_allclose(score.complete_table()[node], expected, atol=1e-9)


def test_discrete_scores_have_contexts_as_parents_like_others(rng):
    data = dag_gfn.from_frame(frame_with_contexts(rng, discrete=True), context=["lab", "day"])
    score, plain = make_score("bdeu", data), BDeu(replace(data, contexts=()))
    table, expected = score.complete_table(), plain.complete_table()
    np.testing.assert_allclose(table[[0, 2, 3]], expected[[0, 2, 3]])
    assert not table[[1, 4]].any()


def enumerated(table):
    """Edge probabilities by all DAGs, with the score of each from its families."""
    every = all_dags(table.d)
    log_scores = table.log_reward(pack(every.swapaxes(-1, -2)))
    assert np.isneginf(log_scores[every[:, :, list(table.contexts)].any(axis=(1, 2))]).all()
    weights = np.exp(log_scores - np.logaddexp.reduce(log_scores))
    return np.einsum("m,mij->ij", weights, every.astype(float)), np.logaddexp.reduce(log_scores)


@pytest.mark.parametrize(
    ("method", "more", "tolerance"),
    [
        ("exact", {}, 1e-9),
        ("mcmc", {"iterations": 4_000}, 0.03),
        pytest.param("gflownet", {"iterations": 400, "exact_check": False}, 0.08, marks=pytest.mark.slow),
        pytest.param(
            *("gflownet", {"environment": "edges", "iterations": 400, "exact_check": False}, 0.25),
            marks=pytest.mark.slow,
        ),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_every_method_agrees_with_all_dags_of_four_nodes(method, more, tolerance, rng):
    frame = frame_with_contexts(rng, 40)[["x0", "x1", "x2", "day"]]
    data = dag_gfn.from_frame(frame, context=["day"])
    table = prepare(data, FitOptions.from_keywords({}, caller="fit")).table
    edge, log_evidence = enumerated(table)
    posterior = dag_gfn.fit(data, method=method, progress=False, **more)
    assert np.abs(posterior.marginal("edge").values - edge).max() < tolerance
    assert not posterior.graphs[:, :, 3].any()
    assert posterior.info["contexts"] == ["day"]
    if method == "exact":
        assert posterior.log_evidence == pytest.approx(log_evidence, abs=1e-9)


def test_a_context_finds_the_variable_whose_mechanism_changes(rng):
    frame = dag_gfn.simulate(3, 400, rng=rng).to_frame()
    frame["day"] = np.repeat(["one", "two"], 200)
    frame.loc[frame.day == "two", "x1"] += 1.5
    posterior = dag_gfn.fit(dag_gfn.from_frame(frame, context=["day"]), progress=False)
    found = posterior.edge_marginals().loc["day"]
    assert found["x1"] > 0.99
    others = found.drop(["x1", "day"])
    assert (others < 0.2).all()


def test_a_known_soft_target_is_a_required_edge(rng):
    data = dag_gfn.from_frame(frame_with_contexts(rng), context=["lab", "day"])
    posterior = dag_gfn.fit(data, required=[("lab", "x1")], progress=False)
    assert posterior.edge_marginals().loc["lab", "x1"] == pytest.approx(1.0, abs=1e-12)
    with pytest.raises(ConstraintError, match="'lab' is a context, which has no causes"):
        dag_gfn.fit(data, required=[("x1", "lab")], progress=False)


def test_what_knows_no_contexts_refuses_them(rng):
    data = dag_gfn.from_frame(frame_with_contexts(rng), context=["lab"], drop=["day"])
    for score in ("linear_gaussian", "bic", "copula"):
        with pytest.raises(OptionError, match="knows no contexts"):
            dag_gfn.fit(data, score=score, progress=False)
    frame = frame_with_contexts(rng)
    frame.loc[3, "x0"] = np.nan
    with pytest.raises(OptionError, match="missing cells, which are not drawn where there are contexts"):
        dag_gfn.fit(dag_gfn.from_frame(frame, context=["lab"], drop=["day"]), progress=False)
    posterior = dag_gfn.fit(data, progress=False)
    with pytest.raises(OptionError, match="with contexts each variable may have other parameters"):
        dag_gfn.effects.total_effects(posterior, rng=0)


def test_no_families_have_no_scores(rng):
    """As where none of the parent sets that are drawn needs a correction."""
    data = dag_gfn.from_frame(frame_with_contexts(rng), context=["lab", "day"])
    score = make_score("bge", data.standardize())
    nothing = np.zeros(0, dtype=np.int64)
    assert [score.local_scores(node, nothing).shape for node in range(data.d)] == [(0,)] * data.d
