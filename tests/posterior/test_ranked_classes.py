"""The smallest set of classes that holds most of the posterior, and what is proven of classes, against enumeration."""

from dataclasses import replace

import numpy as np
import oracles
import pandas as pd
import pytest

import dag_gfn
from dag_gfn.graphs import graph
from dag_gfn.graphs.interventional import essential_graph
from dag_gfn.posterior import GraphPosterior
from dag_gfn.posterior.ranked_classes import credible_sentence, evidence_is_exact, ranked_classes
from dag_gfn.scores import ScoreTable, make_score

CHAINS = {"method": "mcmc", "num_samples": 50, "iterations": 30_000, "exact_check": True}


@pytest.fixture(scope="module")
def data():
    return dag_gfn.simulate(5, 60, rng=np.random.default_rng(3), edges_per_node=1.5, noise_variance=1.0)


@pytest.fixture(scope="module")
def listed(data):
    return dag_gfn.fit(data, method="exact")  # all 29,281 DAGs


@pytest.fixture(scope="module")
def fitted(data):
    return dag_gfn.fit(data, **CHAINS)


@pytest.fixture(scope="module")
def masses(data):
    """Return the probabilities of all classes of five nodes, the largest first."""
    table = ScoreTable.build(make_score("bge", data.standardize()))
    dags = oracles_of_five()
    scores = table.log_reward(graph.parent_masks(dags))
    first, group = graph.distinct(essential_graph(dags))
    mass = np.full(len(first), -np.inf)
    np.logaddexp.at(mass, group, scores)
    return np.sort(np.exp(mass - np.logaddexp.reduce(scores)))[::-1]


def oracles_of_five():
    """Return all DAGs on five nodes: those on four nodes with a last one, moved to every place."""
    found = {}
    for dag in oracles.all_dags(4):
        for place in range(5):
            rest = [v for v in range(5) if v != place]
            for parents in range(16):
                whole = np.zeros((5, 5), dtype=bool)
                whole[np.ix_(rest, rest)] = dag
                whole[[rest[a] for a in range(4) if parents >> a & 1], place] = True
                found[whole.tobytes()] = whole
    assert len(found) == 29_281
    return np.array(list(found.values()))


@pytest.mark.parametrize("method", ["listed", "fitted"])
@pytest.mark.parametrize("level", [0.1, 0.5, 0.9])
def test_no_smaller_set_holds_as_much(method, masses, level, request):
    """Where all DAGs are listed, and where classes are known by their sizes and by the exact check."""
    fitted = request.getfixturevalue(method)
    found = fitted.credible_classes(level)
    assert found.is_complete
    least = int(np.searchsorted(np.cumsum(masses), level)) + 1
    assert len(found.classes) == least
    assert found.probability == pytest.approx(masses[:least].sum(), rel=1e-6)
    assert all(mixed.graph["proven"] for mixed in found.classes)
    assert [mixed.graph["probability"] for mixed in found.classes] == pytest.approx(masses[:least], rel=1e-6)
    if level == 0.9:
        assert credible_sentence(fitted) == f"{least} equivalence classes hold 90 % of the posterior."


def test_saved_and_loaded(fitted, tmp_path):
    fitted.save(tmp_path / "out")
    loaded = dag_gfn.load(tmp_path / "out")
    assert loaded.info["search"] == fitted.info["search"]
    assert len(loaded.credible_classes().classes) == len(fitted.credible_classes().classes)


def test_a_file_without_proofs_is_read(fitted, tmp_path):
    """As earlier versions wrote them."""
    older = replace(fitted, info={**fitted.info, "search": {"graphs": 1_000, "proven": True}})
    older.save(tmp_path / "out")
    loaded = dag_gfn.load(tmp_path / "out")
    assert not any(top.graph["proven"] for top in loaded.top_graphs(3))
    # most of the posterior is in the classes that are known, so that the first of them are proven by their mass
    assert [mixed.graph["proven"] for mixed in loaded.top_classes(1)] == [True]


def test_classes_that_are_larger_than_what_is_missing_are_proven(data):
    """Without a list of the best classes: R / Z of those that were drawn leaves little for the others."""
    drawn = dag_gfn.fit(data, **CHAINS)
    nothing = np.zeros((0, 5, 5), dtype=bool)
    info = {**drawn.info, "search": {"graphs": 0, "proven": False}}
    bare = replace(drawn, best_graphs=nothing, best_log_scores=np.zeros(0), info=info)
    ranked = ranked_classes(bare)
    missing = 1 - ranked.probability.sum()
    assert missing > 0
    assert (ranked.probability[: ranked.proven] > missing).all()
    assert (ranked.probability[ranked.proven :] <= missing + 1e-6).all()
    found = bare.credible_classes(0.99)
    assert found.is_complete == (found.probability >= 0.99)


def test_a_flat_posterior_says_what_it_holds():
    data = dag_gfn.simulate(8, 20, rng=np.random.default_rng(0))
    flat = dag_gfn.fit(data, method="exact", num_samples=100)
    found = flat.credible_classes(0.9)
    assert not found.is_complete
    assert found.probability < 0.9
    proven = flat.info["search"]["proven_classes"]
    assert len(found.classes) == proven > 0
    told = credible_sentence(flat)
    assert told.startswith(f"The {proven:,} most probable equivalence classes hold ")


@pytest.mark.parametrize("kind", ["a column is set", "a column is a context"])
def test_classes_that_experiments_leave(kind, data):
    """Against the list of all DAGs."""
    if kind == "a column is set":
        mask = np.zeros((60, 5), dtype=bool)
        mask[30:, 1] = True
        rows = dag_gfn.from_array(data.values, data.names, intervened=mask)
    else:
        frame = pd.DataFrame(data.values[:, :4], columns=data.names[:4])
        rows = dag_gfn.from_frame(frame.assign(lab=np.repeat(["north", "south"], 30)), context=["lab"])
    listed, drawn = dag_gfn.fit(rows, method="exact"), dag_gfn.fit(rows, **CHAINS)
    assert drawn.info["score_equivalent"]
    assert drawn.info["search"]["proven_classes"] > 100
    ours, theirs = ranked_classes(drawn), ranked_classes(listed)
    assert ours.proven >= 100
    np.testing.assert_allclose(ours.probability[:100], theirs.probability[:100], rtol=1e-6)
    assert len(drawn.credible_classes(0.8).classes) == len(listed.credible_classes(0.8).classes)
    assert "equivalence" not in credible_sentence(drawn)


def test_draws_alone_prove_nothing(rng):
    graphs = np.array([oracles.random_dag(4, 0.4, rng) for _ in range(30)])
    posterior = GraphPosterior.from_samples(tuple("abcd"), graphs)
    assert not evidence_is_exact(posterior)
    assert credible_sentence(posterior) == ""
    found = posterior.credible_classes(0.5)
    assert (found.classes, found.probability, found.is_complete) == ([], 0.0, False)
    with pytest.raises(ValueError, match="between 0 and 1"):
        posterior.credible_classes(1.0)


def test_constraints_leave_nothing_to_prove_of_classes(data):
    posterior = dag_gfn.fit(data, **CHAINS, required=[data.names[:2]])
    assert posterior.info["search"]["proven_classes"] == 0
    assert posterior.info["search"]["proven_graphs"] == 1_000
    assert credible_sentence(posterior) == ""
