import json
import math

import numpy as np
from cli_cases import refuse

from dag_gfn.cli.output import console, fail, print_json


def test_a_failure_is_one_line_and_code_2(capsys):
    assert fail("two\nlines  and [bold]marks[/bold]") == 2
    captured = capsys.readouterr()
    assert captured.err == "error: two lines and [bold]marks[/bold]\n"
    assert captured.out == ""


def test_lines_are_not_wrapped_but_on_a_terminal(capsys):
    console().print("word " * 500)
    assert capsys.readouterr().out.strip().count("\n") == 0


def test_only_what_is_quoted_is_shortened(capsys):
    between = "says how often each combination of the other columns occurred, " * 5
    fail(f"'Freq' {between}and 'n (%)' too; 'x'. {between}'y'")
    assert capsys.readouterr().err == f"error: 'Freq' {between}and 'n (%)' too; 'x'. {between}'y'\n"
    fail(f"no column '{'long name ' * 50}x': its columns are 'a', 'b'")
    line = capsys.readouterr().err
    assert len(line) < 300
    assert line.endswith("x': its columns are 'a', 'b'\n")


def test_a_failure_repeats_little_of_what_was_given(capsys):
    long = "a b " * 300 + "c"
    for message, given in (
        (f"no such thing as {long}: try again", [long]),
        (f"no such thing as {long}: try again", [f"--option={long}"]),
        (f"no column '{long}': try again", []),
        (f"no column {'x' * 900}: try again", []),
    ):
        fail(message, given=given)
        line = capsys.readouterr().err
        assert len(line) < 260
        assert line.startswith("error: no ")
        assert line.endswith("try again\n")
    fail("word " * 10_000)
    assert len(capsys.readouterr().err) < 2_100


def test_json_is_strict_and_says_what_form_it_has(capsys):
    figures = dict.fromkeys(("edge_rmse", "edge_max_error", "path_rmse", "path_max_error"), np.float64(0.25))
    said = {"edge_max_error_at": ("größe", "b"), "edge_pearson_r": np.nan, "jsd": math.inf, "tv": None}
    print_json("compare", {**figures, **said, "expected_shd": np.int64(3)})
    printed = capsys.readouterr().out
    assert "größe" in printed
    assert json.loads(printed, parse_constant=refuse) == {
        "schema": "dag_gfn/compare/1",
        **dict.fromkeys(figures, 0.25),
        "edge_max_error_at": ["größe", "b"],
        **dict.fromkeys(("edge_pearson_r", "jsd", "tv")),
        "expected_shd": 3,
    }
