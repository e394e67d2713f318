import numpy as np
import pytest

import dag_gfn
from dag_gfn import OptionError, StorageError
from dag_gfn.fitting.score_export import pruned, write_scores
from dag_gfn.graphs.subsets import parent_sets
from dag_gfn.scores import FamilyList


@pytest.fixture
def data():
    return dag_gfn.simulate(4, 60, rng=np.random.default_rng(0))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"score": "bic", "max_parents": 2},
        {"required": [("x0", "x1")], "forbidden": [("x2", "x3")]},
        {"standardize": False, "alpha_mu": 2.0},
        {"margins": "normal_scores"},
    ],
)
def test_the_posterior_of_the_file_is_that_of_the_table(data, options, tmp_path):
    families = dag_gfn.export_scores(data, tmp_path / "scores.jkl", **options)
    ours = dag_gfn.fit(data, progress=False, **options)
    theirs = dag_gfn.fit(tmp_path / "scores.jkl", progress=False)
    assert theirs.log_evidence == pytest.approx(ours.log_evidence, abs=1e-9)
    np.testing.assert_allclose(theirs.edge_marginals(), ours.edge_marginals(), atol=1e-9)
    assert families.names == theirs.names


@pytest.mark.filterwarnings("ignore::dag_gfn.DataWarning")
def test_discrete_tables_keep_their_limit_of_cells(rng):
    data = dag_gfn.from_array(rng.integers(0, 3, size=(20, 4)), discrete="all")
    families = dag_gfn.export_scores(data)
    ours, theirs = (dag_gfn.fit(each, progress=False) for each in (data, families))
    np.testing.assert_allclose(theirs.edge_marginals(), ours.edge_marginals(), atol=1e-9)


def test_the_prior_can_be_part_of_the_scores(data):
    options = {"prior": "fair", "max_parents": 2}
    ours = dag_gfn.fit(data, progress=False, **options)
    theirs = dag_gfn.fit(dag_gfn.export_scores(data, with_prior=True, **options), progress=False)
    np.testing.assert_allclose(theirs.edge_marginals(), ours.edge_marginals(), atol=1e-9)
    without = dag_gfn.fit(dag_gfn.export_scores(data, **options), prior="fair", progress=False)
    np.testing.assert_allclose(without.edge_marginals(), ours.edge_marginals(), atol=1e-9)


def test_pruning_leaves_out_what_a_subset_outscores(rng):
    scores = [{int(mask): float(rng.integers(-3, 3)) for mask in parent_sets(node, 5)} for node in range(5)]
    kept = pruned(FamilyList.of("abcde", scores))
    for node, of_node in enumerate(scores):
        expected = [
            mask
            for mask, score in of_node.items()
            if all(score > other for smaller, other in of_node.items() if smaller & mask == smaller != mask)
        ]
        assert kept.sets[node].tolist() == sorted(expected)
        assert kept.scores[node].tolist() == [of_node[mask] for mask in sorted(expected)]


@pytest.mark.filterwarnings("ignore::dag_gfn.DataWarning")
def test_a_pruned_list_keeps_the_best_graph_and_is_recognised(data):
    families = dag_gfn.export_scores(data, prune=True)
    assert families.is_pruned
    ours, theirs = (dag_gfn.fit(each, progress=False).most_probable_graph() for each in (data, families))
    assert ours.graph["log_score"] == pytest.approx(theirs.graph["log_score"], abs=1e-9)


def test_what_cannot_be_exported_is_refused(data, tmp_path):
    frame = data.to_frame()
    frame.iloc[0, 0] = np.nan
    with pytest.raises(OptionError, match="--missing drop"):
        dag_gfn.export_scores(frame)
    with pytest.raises(OptionError, match="paths are no part"):
        dag_gfn.export_scores(data, required_paths=[("x0", "x1")])
    many = dag_gfn.from_array(np.random.default_rng(0).normal(size=(50, 25)))
    with pytest.raises(OptionError, match="--max-parents 3"):
        dag_gfn.export_scores(many)
    with pytest.raises(TypeError, match="max_parent"):
        dag_gfn.export_scores(data, max_parent=2)


def test_files_are_replaced_only_when_told(tmp_path):
    families = FamilyList.of(("a",), [{0: -1.0}])
    write_scores(families, tmp_path / "new" / "a.jkl")
    with pytest.raises(StorageError, match="exists already"):
        write_scores(families, tmp_path / "new" / "a.jkl")
    with pytest.raises(StorageError, match="is a folder"):
        write_scores(families, tmp_path)
    write_scores(families, tmp_path / "new" / "a.jkl", overwrite=True)
    assert (tmp_path / "new" / "a.jkl").read_text() == "1\na 1\n-1.0 0\n"
