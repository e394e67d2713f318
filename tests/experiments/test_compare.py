"""One table, one line for each program: figures against known answers, and what is refused or left out."""

import csv

import compare
import numpy as np
import pytest
from comparison_figures import errors, expected_cpdag_shd, held_out_density
from peers.table import Drawn
from scipy import stats


def parsed(*arguments):
    return compare.parse(["--simulate", "3,40,1,0", *arguments])


def test_errors_leave_out_the_diagonal():
    exact = np.array([[9.0, 0.5], [0.5, 9.0]])
    assert errors(np.array([[0.0, 0.5], [0.1, 0.0]]), exact) == pytest.approx((0.4, np.sqrt(0.08)))


def test_cpdag_distance_counts_pairs_with_another_mark():
    chain = np.zeros((3, 3), dtype=bool)
    chain[0, 1] = chain[1, 2] = True
    turned, collider = chain.T.copy(), chain.copy()
    collider[1, 2], collider[2, 1] = False, True
    drawn = Drawn(np.zeros((3, 3)), np.array([turned, collider]), np.log([3.0, 1.0]))
    assert expected_cpdag_shd(drawn, chain) == pytest.approx(
        0.25 * 2
    )  # an equivalent DAG is no distance away


def test_held_out_rows_have_the_student_density_of_the_empty_graph():
    options = parsed("--held-out", "0.2")
    train, every = compare.tables(compare.read(options)[1], options)
    drawn = Drawn.of_graphs(np.zeros((1, 3, 3), dtype=bool))
    total, x, n = 0.0, train.values, len(train.values)
    shape = (train.alpha_w - 3 + 1 + n) / 2
    scale0 = (train.alpha_w - 3 - 1) / 2  # t, with alpha_mu = 1
    for row in range(n, len(every.values)):
        for column in range(3):
            before = every.values[:row, column]
            m, mean = len(before), before.mean()
            rate = (scale0 + ((before - mean) ** 2).sum() + m / (m + 1) * mean**2) / 2
            degrees = train.alpha_w - 3 + 1 + m
            spread = np.sqrt(rate / (degrees / 2) * (m + 2) / (m + 1))
            total += stats.t.logpdf(every.values[row, column], degrees, m * mean / (m + 1), spread)
    assert shape > 0
    assert x.mean(axis=0) == pytest.approx(np.zeros(3), abs=1e-12)
    assert held_out_density(drawn, train, every) == pytest.approx(total / (len(every.values) - n), abs=1e-9)


def test_a_program_with_other_scores_is_refused(tmp_path, monkeypatch):
    options = parsed("--held-out", "0", "--peers", "gadget", "--methods", "")
    train, every = compare.tables(compare.read(options)[1], options)
    comparison = compare.Comparison(train, every, None, options, tmp_path)
    off = np.zeros(10)

    def stand_in(python, program, task, *arguments, limit):
        if task == "score":
            np.savez(arguments[1], scores=comparison.ours + off)
        if task == "run":
            Drawn.of_graphs(comparison.dags, "as given").save(arguments[1], megabytes=1.0)
        return "installed:"

    monkeypatch.setattr(compare, "work", stand_in)
    off[:] = 7.0  # a constant is no difference
    line = comparison.line("gadget")
    assert line["outcome"] == "compared"
    assert line["runs_differ_at_most"] == 0
    off[3] += 0.01
    assert comparison.line("gadget")["outcome"].startswith(
        "refused: its scores of ten random DAGs differ from ours by up to 0.01"
    )
    off[:] = np.nan  # without a score there is nothing to compare
    assert comparison.line("gadget")["outcome"] == "compared"
    monkeypatch.setattr(compare, "work", lambda *_, **__: "installed: needs a compiler")
    assert comparison.line("gadget") == {"outcome": "left out: needs a compiler"}


def test_a_true_graph_with_a_cycle_is_refused(tmp_path):
    table, truth = tmp_path / "t.csv", tmp_path / "e.csv"
    table.write_text("a,b\n" + "\n".join(f"{x},{x * x}" for x in np.linspace(0.1, 3, 30)))
    truth.write_text("source,target\na,b\n")
    options = compare.parse(["--csv", str(table), "--truth", str(truth)])
    assert compare.read(options)[2].tolist() == [[False, True], [False, False]]
    truth.write_text("a,b\nb,a\n")
    with pytest.raises(SystemExit, match="cycle"):
        compare.read(options)


def test_unknown_programs_are_named(capsys):
    with pytest.raises(SystemExit):
        parsed("--peers", "dibs,gadgets")
    assert "unknown gadgets" in capsys.readouterr().err


def test_the_command_writes_a_line_for_each_program(tmp_path, monkeypatch):
    def stand_in(python, program, task, *arguments, limit):
        if task != "run":
            return "installed: nothing of it"
        Drawn(np.zeros((3, 3)), np.zeros((4, 3, 3), dtype=bool), np.zeros(4), seconds=0.5).save(
            arguments[1], megabytes=1.0
        )
        return ""

    monkeypatch.setattr(compare, "work", stand_in)
    compare.main(
        [
            "--simulate",
            "3,40,1,0",
            "--methods",
            "exact",
            "--peers",
            "bidag",
            "--out",
            str(tmp_path),
            "--seconds",
            "1",
        ]
    )
    with (tmp_path / "simulated_d3_n40_m1_seed0.csv").open(newline="") as file:
        ours, left_out = csv.DictReader(file)
    assert (ours["program"], ours["outcome"], ours["seconds"]) == ("dag_gfn.exact", "compared", "0.5")
    assert float(ours["expected_shd"]) == 3.0  # an empty graph beside three edges
    assert float(ours["edge_max_error"]) > 0
    assert left_out["outcome"] == "left out: nothing of it"


@pytest.mark.slow
def test_programs_run_in_processes_of_their_own(tmp_path):
    compare.main(
        [
            *(
                "--simulate",
                "4,60,1,0",
                "--methods",
                "exact,mcmc",
                "--peers",
                "pgmpy_hill_climb,causal_learn_pc",
            ),
            *("--score", "bic", "--out", str(tmp_path), "--seconds", "5"),
        ]
    )
    with (tmp_path / "simulated_d4_n60_m1_seed0.csv").open(newline="") as file:
        lines = {line["program"]: line for line in csv.DictReader(file)}
    assert {line["outcome"] for line in lines.values()} == {"compared"}
    assert float(lines["dag_gfn.exact"]["edge_max_error"]) < 1e-9
    assert float(lines["dag_gfn.mcmc"]["edge_max_error"]) < 0.1
    assert all(float(line["peak_megabytes"]) > 30 for line in lines.values())
