"""A list of scores in place of data: every method against all DAGs, one by one."""

import json
from itertools import product

import numpy as np
import pytest

import dag_gfn
from dag_gfn import ConstraintError, DataWarning, OptionError
from dag_gfn.graphs import graph
from dag_gfn.graphs.subsets import parent_sets
from dag_gfn.parameters.from_posterior import parameter_tables
from dag_gfn.scores import FamilyList

pytestmark = [
    pytest.mark.usefixtures("short_chains"),
    pytest.mark.filterwarnings("ignore::dag_gfn.errors.NotConvergedWarning"),
]


def gappy(d=4, seed=2):
    """Return some families with random scores, where sets are listed without their subsets, even without {}."""
    rng = np.random.default_rng(seed)
    families = []
    for node in range(d):
        sets = parent_sets(node, d)
        kept = sets[rng.random(len(sets)) < 0.6]
        families.append({int(mask): float(rng.normal()) for mask in kept})
    return FamilyList.of([f"v{j}" for j in range(d)], families)


def enumerated(families):
    """Return the evidence and the edge probabilities, by trying every combination of listed sets."""
    lists = [
        list(zip(sets.tolist(), scores.tolist(), strict=True))
        for sets, scores in zip(families.sets, families.scores, strict=True)
    ]
    graphs, scores = [], []
    for chosen in product(*lists):
        adjacency = graph.adjacency_from_masks(np.array([mask for mask, _ in chosen]), families.d)
        if graph.is_dag(adjacency[None])[0]:
            graphs.append(adjacency)
            scores.append(sum(score for _, score in chosen))
    log_z = np.logaddexp.reduce(scores)
    return log_z, np.tensordot(np.exp(np.array(scores) - log_z), np.array(graphs), axes=1)


def test_the_list_has_gaps():
    families = gappy()
    assert not families.is_closed(np.zeros(4, dtype=np.int64))
    assert any(0 not in sets for sets in families.sets)


def test_exact_posteriors_are_those_of_the_enumeration():
    families = gappy()
    log_z, edges = enumerated(families)
    posterior = dag_gfn.fit(families, progress=False)
    assert posterior.info["method"] == "exact"
    assert posterior.log_evidence == pytest.approx(log_z, abs=1e-9)
    np.testing.assert_allclose(posterior.edge_marginals(), edges, atol=1e-9)


@pytest.mark.parametrize(
    "options",
    [
        {"method": "mcmc", "iterations": 10_000},
        {"method": "gflownet", "iterations": 40, "environment": "layers"},
    ],
    ids=lambda options: options["method"],
)
def test_sampled_posteriors_are_near_the_enumeration(options):
    families = gappy()
    posterior = dag_gfn.fit(families, progress=False, num_samples=2_000, exact_check=False, **options)
    assert np.abs(posterior.edge_marginals() - enumerated(families)[1]).to_numpy().max() < 0.1
    assert all(families.allow(node, graph.parent_masks(posterior.graphs)[:, node]).all() for node in range(4))


def test_edge_by_edge_every_graph_on_the_way_must_be_listed(rng):
    options = {"method": "gflownet", "environment": "edges", "iterations": 20, "progress": False}
    with pytest.raises(OptionError, match="choose environment='layers'"):
        dag_gfn.fit(gappy(), **options)
    pairs = FamilyList.of(  # at most one parent
        ("a", "b", "c"),
        [{mask: rng.normal() for mask in (0, 1, 2, 4) if not mask >> j & 1} for j in range(3)],
    )
    posterior = dag_gfn.fit(pairs, num_samples=500, **options)
    log_z, edges = enumerated(pairs)
    assert posterior.log_evidence == pytest.approx(log_z, abs=0.2)
    assert np.abs(posterior.edge_marginals() - edges).to_numpy().max() < 0.1


def test_prior_and_knowledge_apply_to_what_is_listed():
    families = FamilyList.of(("a", "b"), [{0b00: -2.0, 0b10: -1.0}, {0b00: -3.0, 0b01: -1.5}])
    posterior = dag_gfn.fit(families, forbidden=[("b", "a")], prior="edge", beta=0.1, progress=False)
    odds = np.exp(1.5) * 0.1
    assert posterior.edge_marginals().loc["a", "b"] == pytest.approx(odds / (1 + odds))
    with pytest.raises(ConstraintError, match="'c'"):
        dag_gfn.fit(families, required=[("a", "c")], progress=False)
    only = FamilyList.of(("a", "b"), [{0b00: -2.0}, {0b00: -3.0}])
    with pytest.raises(ConstraintError, match="none of the 1 parent sets of 'b' in a list"):
        dag_gfn.fit(only, required=[("a", "b")], progress=False)


@pytest.mark.parametrize("method", ["exact", "mcmc", "gflownet"])
def test_a_list_without_any_dag_is_refused(method):
    both = FamilyList.of(("a", "b"), [{0b10: -1.0}, {0b01: -1.5}])
    with pytest.raises(ConstraintError, match="none of the 3 DAGs"):
        dag_gfn.fit(both, method=method, iterations=5, progress=False)


@pytest.mark.parametrize(
    "options", [{"score": "bge"}, {"standardize": False}, {"alpha_mu": 2.0}, {"margins": "normal_scores"}]
)
def test_options_about_data_are_refused(options):
    with pytest.raises(OptionError, match=f"{next(iter(options))} .*about data"):
        dag_gfn.fit(gappy(), progress=False, **options)


def test_a_pruned_list_is_warned_of_and_not_called_reliable():
    pruned = FamilyList.of(
        ("a", "b", "c"), [{0b000: -2.0, 0b010: -1.0}, {0b000: -3.0, 0b001: -1.5}, {0b000: -1.0}]
    )
    with pytest.warns(DataWarning, match="5 of the 9 families with at most 1 parents"):
        posterior = dag_gfn.fit(pruned, progress=False)
    assert [doubt["code"] for doubt in posterior.info["doubts"]] == ["pruned_families"]
    assert posterior.info["doubts"][0]["level"] == "caution"


def test_what_is_saved_says_where_it_is_from_and_what_cannot_be_asked(tmp_path):
    (tmp_path / "two.jkl").write_text("2\na 2\n-1 0\n-0.5 1 b\nb 2\n-2 0\n-1.5 1 a\n")
    dag_gfn.fit(tmp_path / "two.jkl", progress=False).save(tmp_path / "out")
    json.loads((tmp_path / "out" / "posterior.json").read_text())
    loaded = dag_gfn.load(tmp_path / "out")
    assert loaded.info["families"] == {
        "source": "'two.jkl'",
        "listed": 4,
        "possible": 4,
        "largest": 1,
        "pruned": False,
    }
    edge = loaded.probability("edge(a, b)").value
    assert edge == pytest.approx(loaded.edge_marginals().loc["a", "b"])
    said = r"scores in 'two\.jkl', without data"
    with pytest.raises(OptionError, match=said):
        parameter_tables(loaded)
    with pytest.raises(OptionError, match=said):
        dag_gfn.next_experiments(loaded)
