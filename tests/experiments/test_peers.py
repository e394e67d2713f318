"""Adapters of other programs: their scores beside ours, and scripts for R and Gibby that a stand-in runs."""

import sys

import compare
import numpy as np
import pytest
from peers import PEERS, bidag, bnlearn, gibby, own, table, worker
from peers.own import score_table
from peers.resampling import frequencies
from peers.table import Drawn, NotPossible, Table


def numbers(d=4, n=40, score="bge", prior="uniform"):
    rng = np.random.default_rng(5)
    values = rng.normal(size=(n, d)) @ (np.eye(d) + np.triu(rng.normal(size=(d, d)), 1))
    values = (values - values.mean(axis=0)) / values.std(axis=0)
    return Table(values, [f"a{j}" for j in range(d)], np.zeros(d, dtype=int), score, prior, alpha_w=d + 2.0)


def categories(score="bdeu"):
    rng = np.random.default_rng(6)
    values = np.stack([rng.integers(0, states, size=120) for states in (2, 3, 2, 4)], axis=1)
    values[:, 2] = (values[:, 0] + (rng.random(120) < 0.2)) % 2
    return Table(values.astype(float), list("abcd"), np.array([2, 3, 2, 4]), score)


@pytest.mark.parametrize("data", [categories("bdeu"), categories("bic"), numbers(score="bic")])
@pytest.mark.parametrize("peer", ["pgmpy_hill_climb", "causal_learn_ges", "bnlearn_port"])
@pytest.mark.filterwarnings("ignore")  # of the libraries
def test_an_independent_program_has_the_same_scores(peer, data):
    program = worker.adapter(peer)
    if peer == "bnlearn_port" and program.installed():
        pytest.skip(program.installed())
    dags = compare.random_dags(4)
    if (peer, data.score, data.is_discrete) == ("causal_learn_ges", "bic", True):
        with pytest.raises(NotPossible, match="BIC of numbers"):
            program.score_of(data, dags[0])
        return
    apart = compare.disparity(
        np.array([program.score_of(data, dag) for dag in dags]), score_table(data).log_reward_of(dags)
    )
    if (peer, data.score, data.is_discrete) == ("bnlearn_port", "bic", False):
        assert apart > compare.TOLERANCE  # its variance is divided by other degrees of freedom: to be refused
    else:
        assert apart < 1e-8


@pytest.mark.parametrize("prior", ["uniform", "fair"])
def test_bnlearn_has_our_bge_but_not_the_fair_prior(prior):
    program = worker.adapter("bnlearn_port")
    if program.installed():
        pytest.skip(program.installed())
    data, dags = numbers(prior=prior), compare.random_dags(4)
    scores = np.array([program.score_of(data, dag) for dag in dags])
    apart = compare.disparity(scores, score_table(data).log_reward_of(dags))
    assert (apart < 1e-8) == (prior == "uniform")


@pytest.mark.parametrize("name", PEERS)
def test_every_adapter_has_what_an_adapter_has(name):
    program = worker.adapter(name)
    assert program.name
    assert program.gives in ("posterior", "frequencies")
    for function in ("installed", "score_of", "run"):
        assert callable(getattr(program, function))


def test_tables_and_draws_come_back_as_they_were(tmp_path):
    data = categories()
    data.save(tmp_path / "table.npz")
    again = Table.load(tmp_path / "table.npz")
    assert again.names == data.names
    assert (again.score, again.prior, again.equivalent_sample_size) == ("bdeu", "uniform", 1.0)
    assert np.array_equal(again.values, data.values)
    assert again.is_discrete
    drawn = Drawn.of_graphs(compare.random_dags(4), "ten of them")
    drawn.save(tmp_path / "drawn.npz", megabytes=3.5)
    found, others = Drawn.load(tmp_path / "drawn.npz")
    assert np.array_equal(found.graphs, drawn.graphs)
    assert found.note == "ten of them"
    assert others == {"megabytes": 3.5}


def test_cycles_are_seen():
    cycle = np.roll(np.eye(3, dtype=bool), 1, axis=1)
    assert not table.is_acyclic(cycle)
    assert all(table.is_acyclic(dag) for dag in compare.random_dags(6))
    assert compare.random_dags(6).any()


def test_frequencies_halve_what_has_no_direction():
    data = numbers(3)
    link = np.array([[0, 1, 1], [1, 0, 0], [0, 0, 0]], dtype=bool)
    found = frequencies(lambda _: link, data, seconds=0.0, seed=0)
    assert found.edge.tolist() == [[0.0, 0.5, 1.0], [0.5, 0.0, 0.0], [0.0, 0.0, 0.0]]
    assert len(found.graphs) == 0  # it is no DAG
    seen = []
    frequencies(lambda rows: seen.append(rows.values) or np.zeros((3, 3)), data, seconds=0.0, seed=0)
    assert len(np.unique(seen[0], axis=0)) < len(data.values)  # drawn with replacement


def program_file(place, name, code):
    """Put a program in Python on the PATH."""
    path = place / name
    path.write_text(f"#!{sys.executable}\n{code}")
    path.chmod(0o755)
    return path


R_STAND_IN = """
import sys
from pathlib import Path
if sys.argv[1] == "-e":
    sys.exit(0 if "bnlearn" in sys.argv[2] or "BiDAG" in sys.argv[2] else 1)
script, table, out, *others = sys.argv[1:]
code = Path(script).read_text()
header, *rows = Path(table).read_text().splitlines()
if "graph <-" in code:  # the score is the number of edges, and rows of the table in hundredths
    edges = sum(map(int, Path(others[0]).read_text().split()))
    Path(out).write_text(str(edges + len(rows) / 100))
else:
    d, seed = header.count(",") + 1, int(others[1])
    lines = [["0"] * (d * d) for _ in range(3)]
    lines[seed][1] = "1"
    Path(out).write_text("\\n".join(map(" ".join, lines)))
"""


@pytest.mark.parametrize("program", [bidag, bnlearn])
def test_r_scripts_are_given_the_table_and_the_graph(program, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "Rscript is not on the PATH" in program.installed()
    program_file(tmp_path, "Rscript", R_STAND_IN)
    assert program.installed() is None
    data, dag = numbers(), compare.random_dags(4)[3]
    assert program.score_of(data, dag) == pytest.approx(dag.sum() + 0.4)
    found = program.run(data, 1.0, 2)
    assert found.graphs.shape == (3, 4, 4)
    assert np.argwhere(found.graphs).tolist() == [
        [2, 0, 1]
    ]  # the DAG of the seed, edge from the first column
    with pytest.raises(NotPossible, match="prior"):
        program.score_of(numbers(prior="fair"), dag)


@pytest.mark.parametrize("data", [numbers(), categories()])
@pytest.mark.parametrize("program", [bidag, bnlearn])
def test_r_scripts_say_the_hyperparameters(program, data):
    for code in (program.score_code(data), program.run_code(data)):
        for opening, closing in ("()", "[]", "{}"):
            assert code.count(opening) == code.count(closing)
        assert code.startswith("library(")
        if data.score == "bge":
            assert "aw = 6.0" in code or "iss.w = 6.0" in code
        else:
            assert "chi = 1.0, edgepf = 1" in code or '"bde", iss = 1.0' in code
            assert "states <- c(2, 3, 2, 4)" in code


def test_what_fails_in_r_is_said(tmp_path, monkeypatch):
    program_file(tmp_path, "Rscript", "import sys\nsys.exit('Error in scoreparameters: no such score')")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotPossible, match="no such score"):
        bidag.score_of(numbers(), compare.random_dags(4)[0])


GIBBY_STAND_IN = """
import sys
from pathlib import Path
file, iterations = sys.argv[sys.argv.index("-S") + 1], int(sys.argv[sys.argv.index("-iter") + 1])
d = int(Path(file).read_text().split()[0])
Path("results").mkdir(exist_ok=True)
rows = [["0.25" if (i, j) == (0, 1) else "0" for j in range(d)] for i in range(d)]
Path(f"results/scores_R{iterations}_posterior.txt").write_text("\\n".join(map(" ".join, rows)))
"""


def test_gibby_reads_the_scores_that_are_exported(tmp_path, monkeypatch):
    options = compare.parse(["--simulate", "4,50,1,0", "--held-out", "0", "--prior", "fair"])
    train, every = compare.tables(compare.read(options)[1], options)
    comparison = compare.Comparison(train, every, None, options, tmp_path)
    scores = np.array([gibby.score_of(comparison.train, dag) for dag in comparison.dags])
    assert compare.disparity(scores, comparison.ours) < 1e-9
    monkeypatch.delenv("GIBBY", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "g++" in gibby.installed()
    program_file(tmp_path, "gibby", GIBBY_STAND_IN)
    assert gibby.installed() is None
    found = gibby.run(comparison.train, 0.1, 0)
    assert found.edge[0, 1] == 0.25
    assert found.edge.sum() == 0.25


def test_own_methods_are_measured_like_others():
    data = numbers()
    program = own.Method("exact")
    found = program.run(data, 30.0, 0)
    assert np.allclose(found.edge, compare.exact_edges(data))
    assert np.abs(found.graphs.mean(axis=0) - found.edge).max() < 0.06  # a thousand draws
    assert "exact" in compare.own_methods()
    assert "auto" not in compare.own_methods()


def test_memory_is_told_in_megabytes():
    assert 20 < worker.peak_megabytes() < 1e6
