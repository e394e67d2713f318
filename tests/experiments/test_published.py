"""Published tables: what is simulated, what is measured, and that a small size of each runs."""

import numpy as np
import published
import pytest
from published_tables import few_rows, linear, sachs_observed
from published_tables.edge_figures import edge_figures
from sachs import CONSENSUS
from sklearn.metrics import roc_auc_score

from dag_gfn.graphs.graph import is_dag


def test_figures_are_means_over_graphs():
    rng = np.random.default_rng(2)
    graphs = [
        np.triu(rng.random((4, 4)) < 0.5, 1)[np.ix_(p, p)] for p in (rng.permutation(4) for _ in range(50))
    ]
    truth, edge = graphs[0], np.mean(graphs[1:], axis=0)
    once, twice, skeleton = [], [], []
    for graph in graphs[1:]:
        pairs = [(i, j) for i in range(4) for j in range(i)]
        marks = [((graph[i, j], graph[j, i]), (truth[i, j], truth[j, i])) for i, j in pairs]
        once.append(sum(a != b for a, b in marks))
        twice.append(int((graph != truth).sum()))
        skeleton.append(sum(any(a) != any(b) for a, b in marks))
    found = edge_figures(edge, truth)
    assert found["expected_shd"] == pytest.approx(np.mean(once))
    assert found["expected_shd_twice"] == pytest.approx(np.mean(twice))
    assert found["expected_skeleton_shd"] == pytest.approx(np.mean(skeleton))
    assert found["auroc_with_diagonal"] == pytest.approx(roc_auc_score(truth.ravel(), edge.ravel()))
    off = ~np.eye(4, dtype=bool)
    assert found["auroc"] == pytest.approx(roc_auc_score(truth[off], edge[off]))
    entries = [np.log(edge[i, j] if truth[i, j] else 1 - edge[i, j]) for i, j in np.argwhere(off)]
    assert found["edge_log_probability"] == pytest.approx(np.sum(entries))


def test_lines_have_exactly_so_many_edges_and_no_scale():
    for seed in range(3):
        graph, values = linear.simulate(20, 500, 40, seed)
        assert graph.sum() == 40
        assert is_dag(graph)
        assert values.mean(axis=0) == pytest.approx(np.zeros(20), abs=1e-9)
        assert values.std(axis=0) == pytest.approx(np.ones(20))
        node = int(graph.sum(axis=0).argmax())  # most causes: a line of them explains most of it
        causes = values[:, graph[:, node]]
        rest = values[:, node] - causes @ np.linalg.lstsq(causes, values[:, node], rcond=None)[0]
        assert rest.var() < 0.5


def test_both_lists_of_protein_edges_are_dags():
    names = sorted({protein for edge in CONSENSUS.split() for protein in edge.split(">")})
    for edges, number in ((CONSENSUS, 17), (sachs_observed.LATER, 20)):
        graph = sachs_observed.graph_of(edges, names)
        assert graph.sum() == number
        assert is_dag(graph)


@pytest.mark.parametrize("table", published.TABLES)
def test_a_small_size_runs_once(table, tmp_path, capsys):
    published.main([table, "--smoke", "--out", str(tmp_path)])
    path = tmp_path / f"{table}.csv"
    rows = published.rows_of(path)
    assert rows
    assert all(0 <= float(row["auroc"]) <= 1 for row in rows)
    assert all(float(row["graph_log_probability"]) < 0 for row in rows)
    before = path.read_text()
    published.main([table, "--smoke", "--out", str(tmp_path)])  # nothing is left to do
    assert path.read_text() == before
    assert f"{len(rows)} of {len(rows)} rows" in capsys.readouterr().out


def test_smoke_runs_stay_out_of_the_results(capsys):
    with pytest.raises(SystemExit):
        published.main(["linear", "--smoke"])
    assert "--out" in capsys.readouterr().err


def test_what_is_planned_is_what_keys_tell_apart():
    for module in (linear, few_rows, sachs_observed):
        planned = module.plan(3, False)
        assert len({tuple(each[key] for key in module.KEYS) for each in planned}) == len(planned)
