"""What `dag-gfn fit` refuses, writes and says."""

import contextlib
import csv
import json
from pathlib import Path

import numpy as np
import pandas as pd
import processes_at_work
import pytest
from cli_cases import NASTY_NAMES, QUICK, fails, listing, table

import dag_gfn
from dag_gfn.cli import main
from dag_gfn.files import from_spreadsheet


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", ["empty"]),
        ("\n\n", ["empty"]),
        ("a,b,c\n", ["no rows"]),
        ("a,b,c\n1,2,3\n", ["only one row"]),
        ("a,b\n1,5\n2,5\n3,5\n", ["'b'", "constant", "--drop b"]),
        ("a,b,c\n1,2,3\n4,,6\n7,8,\n1,3,NaN\n", ["'b'", "row 2", "'c'", "rows 3, 4", "--missing drop"]),
        ("a,a,b\n1,2,3\n4,5,6\n", ["'a'", "more than once"]),
        ("a,b\n1,2\n2,oops\n3,4\n4,7\n", ["'b'", "row 2", "'oops'"]),
        ("a\n1\n2\n3\n", ["one column"]),
        ("1.5,2.5\n2,3\n4,5\n", ["numbers", "header"]),
        ("a,b\n1,2,3\n4,5\n", ["line 2", "3 cells"]),
        ("a,b\n1,inf\n2,3\n4,5\n", ["'b'", "infinite", "row 1"]),
    ],
)
def test_bad_tables(here, capsys, content, said):
    Path("bad.csv").write_text(content)
    line = fails(capsys, "fit", "bad.csv", "--strict", "--out", "out", *QUICK)
    for words in said:
        assert words in line


def test_a_table_without_two_variables_names_the_reasons(here, capsys):
    Path("bad.csv").write_text("name,b,c\nann,5,1\nben,5,2\ncleo,5,4\ndora,5,3\n")
    line = fails(capsys, "fit", "bad.csv", "--out", "out", *QUICK)
    assert "'name' (an identifier or free text: all cells differ)" in line
    assert "'b' (constant: 5 in every row)" in line


def test_the_roles_of_columns_are_shown_before_the_fit(here, capsys):
    frame = table("abc").assign(id=range(1, 1 + len(table("abc"))), one=1)
    frame.to_csv("roles.csv", index=False)
    assert main(["fit", "roles.csv", "--out", "out", *QUICK]) == 0
    shown = capsys.readouterr().err
    assert "3 of 5 columns are variables:" in shown
    assert "numbers the rows: 1, 2, 3, ..." in shown
    assert "constant: 1 in every row" in shown
    roles = {
        role["name"]: role["role"] for role in json.loads(Path("out/posterior.json").read_text())["roles"]
    }
    assert roles == {**dict.fromkeys("abc", "continuous"), "id": "left out", "one": "left out"}


def test_257_columns_are_one_too_many(here, capsys):
    table([f"v{i}" for i in range(257)]).to_csv("wide.csv", index=False)
    assert "257 columns that can be variables, at most 256" in fails(
        capsys, "fit", "wide.csv", "--out", "out"
    )


def test_a_spreadsheet_is_not_a_csv(here, capsys):
    Path("bad.csv").write_bytes(b"PK\x03\x04\xff\xfe\x00\x00")
    assert "UTF-8" in fails(capsys, "fit", "bad.csv", "--out", "out")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["missing.csv"], ["no file 'missing.csv'"]),
        (["."], ["directory"]),
        ([], ["--example"]),
        (["ok.csv", "--example", "iris"], ["either"]),
        (["--example", "nope"], ["'nope'", "alarm", "asia", "iris", "wine"]),
        (["ok.csv", "--columns", "a,zz"], ["--columns", "'zz'", "'a', 'b' and 'c'"]),
        (["ok.csv", "--columns", ""], ["--columns"]),
        (["ok.csv", "--columns", "a,a"], ["'a'", "more than one"]),
        (["ok.csv", "--drop", "zz"], ["--drop", "'zz'"]),
        (["ok.csv", "--drop", "a,b"], ["one column"]),
        (["ok.csv", "--discrete", "zz"], ["--discrete", "'zz'"]),
        (["ok.csv", "--required", "a:zz"], ["'zz'", "a, b, c"]),
        (["ok.csv", "--required", "a:a"], ["self-loop"]),
        (["ok.csv", "--forbidden", "a-b"], ["source:target", "'a-b'"]),
        (["ok.csv", "--required", "a:b:c"], ["source:target"]),
        (["ok.csv", "--required", ":b"], ["source:target"]),
        (["ok.csv", "--required", "a: "], ["source:target"]),
        (["ok.csv", "--required", "a:b", "--forbidden", "a:b"], ["both required and forbidden"]),
        (["ok.csv", "--required", "a:b", "--required", "b:c", "--required", "c:a"], ["cycle"]),
        (["ok.csv", "--required", "a:c", "--required", "b:c", "--max-parents", "1"], ["max_parents"]),
        (["ok.csv", "--max-parents", "-1"], ["max_parents", "-1"]),
        (["ok.csv", "--method", "magic"], ["unknown method 'magic'", "exact", "gflownet"]),
        (["ok.csv", "--score", "magic"], ["unknown score 'magic'", "bge"]),
        (["ok.csv", "--prior", "magic"], ["prior 'magic'", "erdos_renyi"]),
        (["ok.csv", "--policy", "magic"], ["unknown policy 'magic'", "mlp, transformer"]),
        (["ok.csv", "--objective", "magic"], ["unknown objective 'magic'", "modified_db"]),
        (["ok.csv", "--behaviour", "magic"], ["unknown behaviour 'magic'", "on"]),
        (["ok.csv", "--environment", "magic"], ["unknown environment 'magic'", "edges"]),
        (["ok.csv", "--missing", "magic"], ["'magic'", "'drop'"]),
        (["ok.csv", "--dates", "magic"], ["'magic'", "'days'"]),
        (["ok.csv", "--keep", "zz"], ["--keep", "'zz'"]),
        (["ok.csv", "--ordinal", "a:low"], ["2 distinct labels"]),
        (["ok.csv", "--ordinal", "zz:low<high"], ["--ordinal", "'zz'"]),
        (["ok.csv", "--method", "gflownet", "--device", "magic"], ["'magic'"]),
        (["ok.csv", "--score", "bdeu"], ["'bdeu'", "discrete", "bge"]),
        (["ok.csv", "--equivalent-sample-size", "2"], ["equivalent_sample_size", "bdeu"]),
        (["ok.csv", "--seed", "-1"], ["seed", "-1"]),
        (["ok.csv", "--seed", str(2**64)], ["seed"]),
        (["ok.csv", "--seed", "one"], ["--seed", "dag-gfn fit --help"]),
        (["ok.csv", "--iterations", "many"], ["--iterations"]),
        (["ok.csv", "--iteration", "3"], ["--iterations"]),
        (["ok.csv", "ok.csv"], ["ok.csv"]),
    ],
)
def test_bad_options(here, capsys, options, said):
    line = fails(capsys, "fit", *options, "--out", "out")
    for words in said:
        assert words in line


@pytest.mark.parametrize("option", ["iterations", "time-budget", "num-samples"])
@pytest.mark.parametrize("value", ["0", "-1", "nan"])
def test_amounts_must_be_positive(here, capsys, option, value):
    line = fails(capsys, "fit", "ok.csv", "--out", "out", *QUICK, f"--{option}", value)
    assert option.replace("-", "_") in line.replace("-", "_")


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("num-samples", "1000000000000", ["num_samples", "memory", "choose at most"]),
        ("num-samples", "9" * 400, ["num_samples"]),
        ("time-budget", "inf", ["time_budget", "leave it out"]),
        ("time-budget", "1e300", ["time_budget", "at most"]),
        ("iterations", "1" + "0" * 30, ["iterations", "at most"]),
        ("out", "n" * 240, ["240 bytes is too long"]),
    ],
)
def test_amounts_that_no_machine_has_are_refused_before_the_work(here, capsys, option, value, said):
    line = fails(capsys, "fit", "ok.csv", "--out", "out", *QUICK, f"--{option}", value)
    for words in said:
        assert words in line
    assert len(line) < 700


def test_other_files_are_named_and_kept(here, capsys):
    fit = ["fit", "ok.csv", "--out", "out", "--method", "exact", "--quiet", "--overwrite"]
    assert main(fit) == 0
    Path("out/notes.txt").write_text("mine")
    assert "'notes.txt'" in fails(capsys, *fit)
    Path("out/notes.txt").rename("notes.txt")
    Path("out.partial").mkdir()
    Path("out.partial/notes.txt").write_text("mine")
    assert "'notes.txt'" in fails(capsys, *fit)
    assert Path("out.partial/notes.txt").read_text() == "mine"


def test_an_interrupt_after_the_result_is_saved_says_so(here, capsys, monkeypatch):
    def interrupted(*given):
        raise KeyboardInterrupt

    monkeypatch.setattr("dag_gfn.views.terminal.print_posterior", interrupted)
    assert main(["fit", "ok.csv", "--out", "out", "--method", "exact"]) == 130
    assert capsys.readouterr().err == "error: interrupted: 'out' is saved\n"
    assert dag_gfn.load("out").d == 3
    assert listing(here)[:2] == ["ok.csv", "out"]
    assert not Path("out.partial").exists()


def test_names_that_spreadsheets_would_compute_are_text_in_the_tables(here):
    names = ("=1+1", "@sum", "-x", "plain")
    table(names).to_csv("formulas.csv", index=False)
    assert main(["fit", "formulas.csv", "--out", "out", "--method", "exact", "--quiet"]) == 0
    assert dag_gfn.load("out").names == names
    assert main(["export", "out", "--format", "csv", "--out", "graph.csv", "--graph", "top"]) == 0
    for path in ("out/edges.csv", "out/graphs.csv", "graph.csv"):
        with Path(path).open(encoding="utf-8", newline="") as file:
            cells = [cell for row in csv.reader(file) for cell in row]
        assert any("sum" in cell for cell in cells)
        assert not [cell for cell in cells if cell.startswith(("=", "@", "-x", "+"))]
    with Path("out/edges.csv").open(encoding="utf-8", newline="") as file:
        assert {from_spreadsheet(row["source"]) for row in csv.DictReader(file)} == set(names)


def test_a_fit_leaves_a_complete_folder_and_nothing_else(here, capsys):
    assert main(["fit", "ok.csv", "--out", "new/out", *QUICK]) == 0
    assert listing(here / "new") == [
        "out",
        *(f"out/{name}" for name in ("edges.csv", "graphs.csv", "posterior.json", "posterior.npz")),
    ]
    captured = capsys.readouterr()
    assert "dag-gfn show new/out" in captured.out
    lines = (here / "new/out/edges.csv").read_text().splitlines()
    assert lines[0] == "source,target,probability"
    assert len(lines) == 1 + 6


def test_an_existing_posterior_is_replaced_only_on_request(here, capsys):
    fit = ["fit", "ok.csv", "--out", "out", "--method", "exact"]
    assert main([*fit, "--quiet"]) == 0
    before = Path("out/posterior.npz").read_bytes()
    assert "--overwrite" in fails(capsys, *fit)
    assert Path("out/posterior.npz").read_bytes() == before
    assert main([*fit, "--columns", "a,b", "--overwrite", "--quiet"]) == 0
    assert dag_gfn.load("out").names == ("a", "b")


def test_what_is_no_posterior_is_never_replaced(here, capsys):
    Path("mine").mkdir()
    Path("mine/thesis.tex").write_text("years of work")
    for out in ("mine", "ok.csv"):
        for extra in ([], ["--overwrite"]):
            line = fails(capsys, "fit", "ok.csv", "--out", out, "--method", "exact", *extra)
            assert "not a posterior folder" in line
    assert Path("mine/thesis.tex").read_text() == "years of work"


@pytest.mark.parametrize(
    "out", ["ok.csv/out", "ok.csv/deep/out", "", ".", "..", "/", "x" * 300, "/proc/no/out"]
)
def test_where_nothing_can_be_written(here, capsys, out):
    fails(capsys, "fit", "ok.csv", "--out", out, "--method", "exact")


def test_a_failure_before_training_leaves_nothing(here, capsys, monkeypatch):
    def broken(data, **options):
        raise dag_gfn.NotTractable("it cannot be done")

    monkeypatch.setattr(dag_gfn, "fit", broken)
    assert "it cannot be done" in fails(capsys, "fit", "ok.csv", "--out", "out")


def test_a_failure_after_training_keeps_it(here, capsys, monkeypatch):
    given = ["fit", "ok.csv", "--out", "out", *QUICK]

    def full(*posterior_and_pages):
        raise dag_gfn.StorageError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr("dag_gfn.fitting.run_folder.RunFolder.finish", full)
        assert main(given) not in (0, 130)
    assert "note: training is saved, --resume goes on from there" in capsys.readouterr().err
    assert main([*given, "--resume"]) == 0
    assert not Path("out.partial").exists()


def test_a_full_disk_is_told_in_a_line(here, capsys, monkeypatch):
    def full(data, **options):
        raise OSError(28, "No space left on device", "out.partial/checkpoint")

    monkeypatch.setattr(dag_gfn, "fit", full)
    assert "No space left on device: 'out.partial/checkpoint'" in fails(
        capsys, "fit", "ok.csv", "--out", "out"
    )


def test_the_same_seed_gives_the_same_bytes(here):
    for out, seed in (("one", "3"), ("two", "3"), ("other", "4")):
        assert main(["fit", "ok.csv", "--out", out, "--seed", seed, *QUICK, "--quiet"]) == 0
    for name in ("edges.csv", "graphs.csv"):
        one, two, other = (Path(out, name).read_bytes() for out in ("one", "two", "other"))
        assert one == two
        if name == "edges.csv":  # all 25 graphs have their exact probabilities, whatever the seed
            assert one != other


def test_progress_is_plain_lines_in_a_log(here, capsys):
    assert main(["fit", "ok.csv", "--out", "out", *QUICK]) == 0
    told = capsys.readouterr().err
    assert told.startswith("training 30/30")
    assert told.count("\n") == 1
    assert "\x1b" not in told
    assert "\r" not in told


def test_quiet_says_nothing(here, capsys):
    Path("gaps.csv").write_text(Path("ok.csv").read_text() + "1.0,,2.0\n")
    assert main(["fit", "gaps.csv", "--missing", "drop", "--out", "out", *QUICK, "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")


def test_dropped_rows_are_said(here, capsys):
    Path("gaps.csv").write_text(Path("ok.csv").read_text() + "1.0,,2.0\n")
    assert main(["fit", "gaps.csv", "--missing", "drop", "--out", "out", *QUICK]) == 0
    assert "note: dropped 1 of 41 rows with missing values" in capsys.readouterr().err
    assert dag_gfn.load("out").info["n"] == 40


def test_the_bias_of_the_order_modular_posterior_is_said(here, capsys):
    fit = ["fit", "ok.csv", "--order-modular", "--out"]
    assert main([*fit, "out"]) == 0
    assert "warning: this is the order-modular posterior" in capsys.readouterr().out
    assert main(["show", "out"]) == 0
    shown = capsys.readouterr().out
    assert "warning: this is the order-modular posterior" in shown
    assert "Log evidence (mean over orders)" in shown
    assert dag_gfn.load("out").info["order_modular"] is True
    assert main(["fit", "ok.csv", "--method", "exact", "--out", "usual", "--quiet"]) == 0
    assert main(["compare", "out", "usual", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["jsd"] > 0
    assert "--method exact" in fails(capsys, *fit, "other", "--method", "gflownet")


def test_a_table_too_wide_for_an_exact_posterior(here, capsys):
    table([f"v{i}" for i in range(24)]).to_csv("wide.csv", index=False)
    line = fails(capsys, "fit", "wide.csv", "--out", "out", "--method", "exact")
    for words in ("24 columns", "minutes", "GB", "up to 22 columns", "--method gflownet", "--columns"):
        assert words in line


def test_names_are_printed_as_they_are(here, capsys):
    table(NASTY_NAMES).to_csv("nasty.csv", index=False)
    fit = ["fit", "nasty.csv", "--out", "out", "--num-samples", "50"]
    assert (
        main([*fit, "--required", f"{NASTY_NAMES[0]}:{NASTY_NAMES[3]}", "--forbidden", "na,me::heart:"]) == 0
    )
    printed = capsys.readouterr().out
    assert main(["show", "out"]) == 0
    shown = capsys.readouterr().out
    for name in NASTY_NAMES:
        assert name in printed
        assert name in shown
    posterior = dag_gfn.load("out")
    assert posterior.names == NASTY_NAMES
    assert posterior.info["constraints"]["forbidden"] == [["na,me", ":heart:"]]
    with Path("out/edges.csv").open(encoding="utf-8", newline="") as file:
        sources = {row["source"] for row in csv.DictReader(file)}
    assert sources == set(NASTY_NAMES)


def test_a_name_with_a_comma_can_be_chosen_in_quotes(here):
    table(NASTY_NAMES).to_csv("nasty.csv", index=False)
    chosen = '"na,me", [red]x[/red]'
    assert (
        main(["fit", "nasty.csv", "--columns", chosen, "--out", "out", "--method", "exact", "--quiet"]) == 0
    )
    assert dag_gfn.load("out").names == ("na,me", "[red]x[/red]")


def test_columns_are_kept_in_the_order_asked_for(here):
    fit = ["fit", "ok.csv", "--method", "exact", "--quiet", "--out"]
    assert main([*fit, "out", "--columns", "c,a"]) == 0
    assert dag_gfn.load("out").names == ("c", "a")
    assert main([*fit, "dropped", "--drop", "a"]) == 0
    assert dag_gfn.load("dropped").names == ("b", "c")


def test_discrete_all(here):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.integers(0, 3, size=(60, 3)), columns=list("abc"))
    frame.to_csv("codes.csv", index=False)
    assert main(["fit", "codes.csv", "--discrete", "all", "--out", "out", *QUICK, "--quiet"]) == 0
    assert dag_gfn.load("out").info["score"] == "bdeu"


def test_a_policy_with_probabilities_at_the_smallest_double_can_be_reported(here, capsys):
    # hundreds of nats between graphs: terms of the divergence are at the edge of floating point
    keep = ["--sparse-families", "keep"]
    assert main(["fit", "--example", "iris", "--discrete", "all", "--out", "out", *keep, *QUICK]) == 0
    assert "Exact check" in capsys.readouterr().out
    assert 0 < dag_gfn.load("out").info["exact_check"]["jsd"] <= np.log(2)


def test_values_whose_squares_overflow_fail_in_one_line(here, capsys):
    (table() * 1e200).to_csv("huge.csv", index=False)
    assert "standardise" in fails(capsys, "fit", "huge.csv", "--no-standardize", "--out", "out", *QUICK)


@pytest.mark.parametrize(
    ("example", "columns"),
    [("iris", []), ("wine", ["--columns", "hue,ash,alcohol,flavanoids,proline,magnesium"])],
)
def test_examples_of_numbers(here, capsys, example, columns):
    few = ["--method", "gflownet", "--iterations", "2", "--num-samples", "20", "--no-exact-check"]
    assert main(["fit", "--example", example, "--out", "out", *columns, *few]) == 0
    info = dag_gfn.load("out").info
    assert info["score"] == "bge"
    assert "exact_check" not in info


def test_an_example_of_categories(here, capsys):
    few = ["--method", "gflownet", "--iterations", "2", "--num-samples", "20"]
    assert main(["fit", "--example", "asia", "--out", "out", *few]) == 0
    info = dag_gfn.load("out").info
    assert (info["score"], info["kind"], info["d"]) == ("bdeu", "discrete", 8)
    assert "tabular" in capsys.readouterr().out


def test_fit_writes_a_report_when_asked(here, capsys):
    table().set_axis(list(NASTY_NAMES[:3]), axis=1).to_csv("nasty.csv", index=False)
    assert main(["fit", "nasty.csv", "--out", "out", "--report"]) == 0
    assert "report.html" in capsys.readouterr().out
    names = ("edges.csv", "graphs.csv", "posterior.json", "posterior.npz", "report.html")
    assert listing(here / "out") == list(names)
    page = Path("out/report.html").read_text(encoding="utf-8")
    assert "na,me" in page
    assert NASTY_NAMES[2] not in page  # other than escaped
    assert json.loads(Path("out/posterior.json").read_text())["data_fingerprint"] in page


def test_a_fit_is_kept_where_its_report_fails(here, capsys, monkeypatch):
    def broken(posterior):
        raise RuntimeError("no page today")

    monkeypatch.setattr("dag_gfn.views.report.report_html", broken)
    assert main(["fit", "ok.csv", "--out", "out", "--report"]) == 2
    assert "'out' is saved, but not its report" in capsys.readouterr().err
    assert dag_gfn.load("out").d == 3
    assert not Path("out/report.html").exists()


@pytest.mark.filterwarnings("ignore:given all other columns, the variance is larger than")
def test_the_score_with_known_noise_is_centred_by_default(here):
    values = np.random.default_rng(0).normal(size=(40, 3)) * [1, 5, 20]
    frame = pd.DataFrame(values, columns=["a", "b", "c"])
    frame.to_csv("units.csv", index=False)
    assert (
        main(["fit", "units.csv", "--score", "linear_gaussian", "--method", "exact", "--out", "units"]) == 0
    )
    posterior = dag_gfn.load("units")
    in_python = dag_gfn.fit("units.csv", score="linear_gaussian", method="exact", progress=False)
    assert posterior.log_evidence == pytest.approx(in_python.log_evidence)
    assert not posterior.info["standardized"]


@pytest.mark.parametrize("environment", ["edges", "layers"])
def test_a_transformer_is_fitted_when_asked_for(here, environment):
    options = [*QUICK, "--environment", environment, "--policy", "transformer", "--quiet"]
    assert main(["fit", "ok.csv", "--out", "out", *options]) == 0
    info = dag_gfn.load("out").info
    assert (info["policy"], info["environment"]) == ("transformer", environment)
    assert info["diagnostics"]["iterations"] == 30


def test_codes_for_missing_values_are_options(here, capsys):
    (here / "codes.csv").write_text(
        "a,b\n" + "".join(f"{i % 7},{i * i % 11}\n" for i in range(40)) + "-99,?\n"
    )
    assert main(["fit", "codes.csv", "--missing", "error", "--out", "out", *QUICK]) == 2
    assert "'b' has 1 missing value, written '?'" in capsys.readouterr().err
    options = ["--na-values", "-99,none", "--missing", "drop"]
    assert main(["fit", "codes.csv", *options, "--out", "out", *QUICK]) == 0
    said = capsys.readouterr().err
    assert "note: took '-99' in 'a' (1 cell) for missing values" in said
    assert "note: no cell holds 'none'" in said


def test_what_is_known_comes_from_files_and_flags(here, capsys):
    Path("known.yaml").write_text("tiers: a < b\nbeliefs: b.csv\n")
    Path("b.csv").write_text("from,to,probability\nb,c,0.9\n")
    Path("black.csv").write_text('"from","to"\n"c","a"\n')
    table("abc").to_csv("ok.csv", index=False)
    fit = ("fit", "ok.csv", "--out", "out", "--report", "--forbidden", "black.csv", "--required-paths", "a:c")
    assert main([*fit, "--knowledge", "known.yaml", "--max-parents-of", "c=1"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "forbidden edges: c → a; order: a < b; most parents: c 1; beliefs: b → c 0.9" in shown
    assert "required paths: a ⇝ c." in shown
    info = json.loads(Path("out/posterior.json").read_text())
    assert info["knowledge"]["max_parents"] == {"c": 1}
    assert info["conditions"][0]["query"] == "path(a, c)"
    page = Path("out/report.html").read_text(encoding="utf-8")
    assert 'id="known"' in page
    assert "before the data" in page


def test_errors_in_knowledge_have_their_line(here, capsys):
    table("abc").to_csv("ok.csv", index=False)
    Path("known.yaml").write_text("roots:\n- a\nrequired:\n- b -> a\n")
    line = fails(capsys, "fit", "ok.csv", "--out", "out", "--knowledge", "known.yaml", *QUICK)
    assert "known.yaml, line 4: edge b -> a is required, but 'a' is a root (known.yaml, line 2)" in line


def test_lags_and_series(here, capsys):
    table("abc", rows=60).assign(unit=["u"] * 30 + ["v"] * 30).to_csv("time.csv", index=False)
    fit = ("fit", "time.csv", "--out", "out", "--lags", "1", "--series", "unit", "--no-instantaneous")
    assert main([*fit, "--method", "exact"]) == 0
    shown = capsys.readouterr()
    assert "2 of 60 rows have no such past" in shown.err
    assert "rows that depend on the row before them alone" in " ".join(shown.out.split())
    info = json.loads(Path("out/posterior.json").read_text())
    assert info["names"] == ["a", "b", "c", "a[t-1]", "b[t-1]", "c[t-1]"]
    assert info["lags"] == {"rows": 1, "instantaneous": False}


@pytest.mark.parametrize(("ends", "code"), [("TookPart", 0), ("LostConnection", 2)])
def test_a_process_that_does_not_lead_leaves_and_says_nothing(here, capsys, monkeypatch, ends, code):
    from dag_gfn.gflownet.training import processes

    def fitted(data, **options):
        assert options["processes"].rank == 1
        raise getattr(processes, ends)

    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setattr(processes, "joined", lambda: contextlib.nullcontext(processes.Processes(1, 2)))
    monkeypatch.setattr(dag_gfn, "fit", fitted)
    before = listing(here)
    assert main(["fit", "ok.csv", "--out", "out", *QUICK]) == code
    assert capsys.readouterr() == ("", "")
    assert listing(here) == before


@pytest.mark.slow
def test_two_processes_make_one_posterior(here):
    command = ["-m", "dag_gfn", "fit", "ok.csv", "--out", "out", *QUICK, "--environment", "layers"]
    first, second = processes_at_work.start(command, 2, cwd=here)
    assert "Saved in out" in first[0]
    assert second == ("", "")
    assert dag_gfn.load("out").info["processes"] == 2
