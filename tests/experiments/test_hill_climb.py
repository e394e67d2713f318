"""Greedy search on resampled rows, beside the neighbours of where it ends."""

import numpy as np
import pytest

import dag_gfn
from dag_gfn.graphs.graph import is_dag
from dag_gfn.scores import ScoreTable, make_score
from dag_gfn.search.neighbours import neighbours
from experiments.hill_climb import hill_climb, main


@pytest.mark.parametrize(("d", "rows", "seed"), [(5, 50, 0), (12, 200, 1), (12, 60, 2)])
def test_no_change_of_one_edge_gains_where_it_ends(d, rows, seed):
    data = dag_gfn.simulate(d, rows, rng=np.random.default_rng(seed))
    table = ScoreTable.build(make_score("bic", data))
    found = hill_climb(table)
    assert is_dag(found)
    assert found.any()
    gains, _ = neighbours(table, table.possible.masks_of(found[None])[0])
    assert gains.max() < 1e-6


def test_figures_are_added_to_a_file(tmp_path, capsys):
    path = tmp_path / "found.csv"
    for rows in ("40", "400"):
        main(["--columns", "8", "--rows", rows, "--resamples", "3", "--out", str(path)])
    header, few, many = path.read_text().splitlines()
    assert header == "columns,rows,resamples,seconds,auroc,expected_shd"
    assert 0.5 < float(many.split(",")[4]) <= 1
    assert few.split(",")[:3] == ["8", "40", "3"]
    assert "auroc: " in capsys.readouterr().out
