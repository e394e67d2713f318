import json

from cli_cases import fails

from dag_gfn.cli import main
from dag_gfn.cli.json_schemas import schema_names, schema_text


def test_names_and_schemas_are_printed(capsys):
    assert main(["schema"]) == 0
    assert capsys.readouterr().out.split() == list(schema_names())
    assert main(["schema", "query"]) == 0
    printed = capsys.readouterr().out
    assert printed == schema_text("query")
    assert json.loads(printed)["properties"]["schema"]["const"] == "dag_gfn/query/1"


def test_an_unknown_name_lists_the_others(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert "choose check, compare, effect" in fails(capsys, "schema", "conjure")
