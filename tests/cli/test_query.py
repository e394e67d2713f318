import json

import pytest
from cli_cases import QUICK, fails, refuse, table

import dag_gfn
from dag_gfn.cli import main


def test_query_in_a_sentence(fitted, capsys):
    assert main(["query", "out", "edge(a, b) | edge(b, a)"]) == 0
    captured = capsys.readouterr()
    value = dag_gfn.load("out").probability("linked(a, b)").value
    assert captured.out.startswith(f"P(edge(a, b) | edge(b, a)) = {value:.4g}")
    assert captured.out.count("\n") == 1
    assert main(["query", "out", "path(a, c)", "--given", "edge(a, b)"]) == 0
    assert capsys.readouterr().out.startswith("P(path(a, c) | edge(a, b)) = ")


def test_query_as_json(fitted, capsys):
    assert main(["query", "out", "path(a, c)", "--given", "edge(a, b)", "--json"]) == 0
    told = json.loads(capsys.readouterr().out, parse_constant=refuse)
    posterior = dag_gfn.load("out")
    assert told["probability"] == posterior.given("edge(a, b)").probability("path(a, c)").value
    assert told["conditions"][0]["probability"] == posterior.probability("edge(a, b)").value
    assert told["source"] == "policy"
    assert told["standard_error"] is None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["edge(a, bb)"], "did you mean b? The columns are a, b, c"),
        (["edge(a, b"], "character 10: expected ')'"),
        (["path(a, b)", "--given", "edge(a, b) &"], "edge(a, b) &"),
        (["path(a, b)", "--given", "edge(a, b) & edge(b, a)"], "no graph complies"),
    ],
)
def test_bad_queries(fitted, capsys, arguments, said):
    assert said in fails(capsys, "query", "out", *arguments)


def test_statements_about_effects(fitted, capsys):
    query = "effect(a, c) > 0.1 & edge(a, b)"
    assert main(["query", "out", query, "--draws", "500"]) == 0
    assert capsys.readouterr().out.startswith(f"P({query}) = 0.")
    assert (
        main(["query", "out", query, "--draws", "500", "--given", "edge(a, b)", "--json", "--seed", "1"]) == 0
    )
    told = json.loads(capsys.readouterr().out, parse_constant=refuse)
    assert told["source"] == "samples"
    assert 0 < told["effective_samples"] <= 500
    posterior = dag_gfn.load("out").given("edge(a, b)")
    assert told["probability"] == dag_gfn.effects.probability(posterior, query, num_draws=500, rng=1).value
    assert "about the graph" in fails(capsys, "query", "out", "edge(a, b)", "--given", "effect(a, c) > 0")


def test_new_draws_where_few_saved_ones_comply(here, capsys, monkeypatch):
    monkeypatch.setattr("dag_gfn.gflownet.chains._chain_iterations", lambda *sizes: 20_000)
    monkeypatch.setattr("dag_gfn.cli.query._NEW_DRAWS", 500)
    table("abcdef").to_csv("wide.csv", index=False)
    assert main(["fit", "wide.csv", "--out", "first", *QUICK, "--save-sampler", "--quiet"]) == 0
    asked = ["query", "first", "path(a, c)", "--given", "edge(b, a)", "--json"]
    capsys.readouterr()
    assert main(asked) == 0
    printed = capsys.readouterr()
    assert "the saved sampler draws others" in printed.err
    (condition,) = json.loads(printed.out, parse_constant=refuse)["conditions"]
    assert (condition["query"], condition["new_draws"]) == ("edge(b, a)", 500)
    assert main([*asked, "--new-draws", "0"]) == 0
    (condition,) = json.loads(capsys.readouterr().out, parse_constant=refuse)["conditions"]
    assert "new_draws" not in condition
    assert main([*asked, "--new-draws", "300", "--seed", "3"]) == 0
    (condition,) = json.loads(capsys.readouterr().out, parse_constant=refuse)["conditions"]
    assert condition["new_draws"] == 300
    assert (
        main(
            [
                "fit",
                "wide.csv",
                "--out",
                "second",
                *QUICK,
                "--warm-start",
                "first",
                "--prior",
                "fair",
                "--quiet",
            ]
        )
        == 0
    )
    assert dag_gfn.load("second").info["warm_start"] == "first"
    said = fails(capsys, "fit", "wide.csv", "--out", "third", *QUICK, "--warm-start", "second")
    assert "'second' has no saved sampler to train on from" in said
