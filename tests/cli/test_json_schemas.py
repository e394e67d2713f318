"""Every form that is printed has a schema, the schemas describe every key, and hold real outputs to it."""

import copy
import json
import re
from pathlib import Path

import jsonschema
import pytest
from cli_cases import ROOT, fails, refuse, table
from json_schema_cases import complaints, complaints_about_record, read
from typer.main import get_command

import dag_gfn
from dag_gfn.cli import main
from dag_gfn.cli.json_schemas import identified, schema_names, schema_text
from dag_gfn.cli.program import app
from dag_gfn.fitting.options import BASELINES

PRINTS = {"fit": "show", "combine": "show"}
"""The form of a command's output, where it has not the command's name."""
ASKED = {
    "show": ["show", "out"],
    "query": ["query", "out", "path(a, c)"],
    "effect": ["effect", "out", "--from", "a", "--to", "c", "--draws", "50", "--above", "0"],
    "check": ["check", "out", "believed.csv"],
    "next": ["next", "out", "--simulations", "10"],
    "compare": ["compare", "out", "out"],
    "inspect": ["inspect", "ok.csv"],
    "models": ["models", "ok.csv", "--score", "bge"],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a table, its exact posterior and a graph."""
    folder = tmp_path_factory.mktemp("json")
    table().to_csv(folder / "ok.csv", index=False)
    dag_gfn.fit(str(folder / "ok.csv"), method="exact", progress=False).save(folder / "out")
    (folder / "believed.csv").write_text("source,target\na,b\n")
    return folder


def commands_with_json():
    commands = get_command(app).commands
    return {name for name, each in commands.items() if any("--json" in p.opts for p in each.params)}


def test_every_command_with_json_has_a_schema():
    assert {PRINTS.get(name, name) for name in commands_with_json()} == set(schema_names())
    assert set(ASKED) == set(schema_names())


def properties(schema):
    """Return (name, schema) of every property, at all depths."""
    found = list(schema.get("properties", {}).items()) if isinstance(schema, dict) else []
    for each in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        found += properties(each)
    return found


@pytest.mark.parametrize("name", schema_names())
def test_a_schema_is_one_and_describes_every_key(name):
    schema = read(name)
    jsonschema.Draft202012Validator.check_schema(schema)
    const = schema["properties"]["schema"]["const"]
    assert const.rpartition("/")[0] == f"dag_gfn/{name}"
    assert schema["$id"] == "urn:" + const.replace("_", "-").replace("/", ":")
    assert schema["additionalProperties"] is False
    assert schema["title"].startswith(tuple("ATHW"))
    assert len(properties(schema)) >= len(schema["properties"]) > 5
    for key, each in properties(schema):
        assert each.get("description", "").endswith("."), key
    assert set(schema["required"]) <= set(schema["properties"])


@pytest.mark.parametrize("name", schema_names())
def test_real_outputs_comply_and_no_other_key_does(folder, name, capsys, monkeypatch):
    monkeypatch.chdir(folder)
    assert main([*ASKED[name], "--json"]) == 0
    printed = capsys.readouterr()
    said = json.loads(printed.out, parse_constant=refuse)
    assert printed.err == ""
    assert next(iter(said)) == "schema"
    assert said["schema"] == read(name)["properties"]["schema"]["const"]
    assert complaints(name, said) == []
    assert complaints(name, {**said, "undocumented": 1}) != []
    assert complaints(name, {**said, "schema": "dag_gfn/other/1"}) != []
    for key in read(name)["required"]:
        assert complaints(name, {each: value for each, value in said.items() if each != key}) != []


def test_the_schema_of_show_holds_figures_to_their_ranges(folder, capsys, monkeypatch):
    monkeypatch.chdir(folder)
    assert main([*ASKED["show"], "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    for place, wrong in (
        (("edges", 0, "probability"), 1.5),
        (("n",), "40"),
        (("constraints", "required"), [["a"]]),
    ):
        broken = copy.deepcopy(said)
        inner = broken
        for step in place[:-1]:
            inner = inner[step]
        inner[place[-1]] = wrong
        assert complaints("show", broken) != [], place


@pytest.mark.filterwarnings("ignore::dag_gfn.NotConvergedWarning")
@pytest.mark.filterwarnings("ignore::dag_gfn.DataWarning")
@pytest.mark.parametrize("method", BASELINES)
def test_baselines_have_no_other_keys(method):
    """The other methods are fitted by tests of the commands, which hold what they save to the schema."""
    how = {"num_resamples": 5} if method == "bootstrap" else {"iterations": 2_000, "num_samples": 20}
    posterior = dag_gfn.fit(table(), method=method, progress=False, **how)
    assert posterior.info["method"] == method
    assert complaints_about_record(posterior.info) == []


def test_errors_stay_one_line_and_code_2(folder, capsys, monkeypatch):
    monkeypatch.chdir(folder)
    for arguments in (["show", "nowhere"], ["query", "out", "edge(a, zz)"], ["compare", "out", "nowhere"]):
        fails(capsys, *arguments, "--json")


def test_fit_and_combine_print_what_show_prints(folder, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(folder)
    for arguments in (["fit", "ok.csv", "--method", "exact"], ["combine", "out", "out"]):
        out = str(tmp_path / arguments[0])
        assert main([*arguments, "--json", "--quiet", "--out", out]) == 0
        printed = capsys.readouterr()
        assert printed.err == ""
        assert main(["show", out, "--json"]) == 0
        assert printed.out == capsys.readouterr().out
        assert Path(out, "posterior.json").exists()


def test_the_name_and_version_come_from_the_schema_and_come_first():
    assert list(identified("query", {"query": "edge(a, b)"}).items()) == [
        ("schema", "dag_gfn/query/1"),
        ("query", "edge(a, b)"),
    ]
    with pytest.raises(dag_gfn.OptionError, match="there is no form 'shows': choose check, compare"):
        schema_text("shows")


def test_the_page_has_an_example_of_each_that_complies():
    page = (ROOT / "docs" / "json.md").read_text(encoding="utf-8")
    examples = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", page, re.DOTALL)]
    assert sorted(each["schema"].split("/")[1] for each in examples) == list(schema_names())
    for each in examples:
        assert complaints(each["schema"].split("/")[1], each) == []
    for name in commands_with_json():
        assert f"`{name}`" in page
